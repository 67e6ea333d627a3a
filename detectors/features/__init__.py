"""Features of calls, days of users and quarter hours of cells, shared by all detectors."""
