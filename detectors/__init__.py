"""Detectors: plug-ins that score calls; a YAML leaf names one by its dotted path."""
