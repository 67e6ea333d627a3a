"""Play a world, or your own records, as a stream of messages in event time; and watch such a stream."""
