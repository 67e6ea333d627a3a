"""One incident: its figure, and its results in a run."""
