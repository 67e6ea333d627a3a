"""Mobility: positions of people over time, from home, work, and trips to known and new places."""
