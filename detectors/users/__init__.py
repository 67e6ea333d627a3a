"""Detectors of changes in the behaviour of a user: rates, contacts, devices."""
