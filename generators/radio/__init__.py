"""Radio: sites and their antennas, propagation, and the cells that a phone hears at each place."""
