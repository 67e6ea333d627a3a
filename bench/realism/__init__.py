"""Compare call records with published values of real ones: `cdrbench realism data=DIR-or-CSV`."""
