"""Run detectors in a separate process that sees no labels."""
