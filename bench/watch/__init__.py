"""The page that replays a world in event time: what it shows, in parts by time, and the server that sends it."""
