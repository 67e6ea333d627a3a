"""Calls in order of time, and what came before each in the same group."""
