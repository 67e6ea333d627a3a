"""The simulator: one world of towers, phones and people, into whose calls labelled anomalies are injected."""

from generators import sources as sources  # first of all: it notes what the code is before any of it is imported
