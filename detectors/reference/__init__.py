"""References that other detectors are compared with: random scores, one feature alone, a supervised model."""
