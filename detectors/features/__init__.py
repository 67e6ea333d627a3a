"""Features: what detectors know of a call, computed from the call itself and its past."""
