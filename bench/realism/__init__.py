"""Is it real? Call records measured beside published ones: `cdrbench realism data=DIR-or-CSV`."""
