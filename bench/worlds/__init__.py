"""Worlds on disk, and the parts that a detector is fitted on and scored on."""
