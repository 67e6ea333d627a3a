"""Is it real? Call records measured beside published ones: `python -m bench.realism data=DIR-or-CSV`."""
