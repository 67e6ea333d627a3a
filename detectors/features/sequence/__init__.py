"""Calls in order of time, and statistics of the earlier calls of the same group."""
