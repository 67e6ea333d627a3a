"""Ground truth: the calls that an incident changed, and the figures of each incident."""
