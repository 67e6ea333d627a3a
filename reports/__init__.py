"""Tables, pictures and pages from results and data sets; nothing here computes a score."""
