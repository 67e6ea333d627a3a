"""Radio: sites and their antennas, propagation, and which cells a phone hears where."""
