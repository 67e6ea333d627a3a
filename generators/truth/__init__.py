"""Ground truth: which calls an incident changed, and the figures of each incident."""
