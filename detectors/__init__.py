"""Detectors of anomalies; a YAML leaf in conf/detector names the class of each."""
