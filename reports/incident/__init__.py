"""One incident: its picture, and what became of it in a run."""
