"""Mobility: where people are at any moment: home, work, and trips to places old and new."""
