"""Calls: those that users intend to make, and how the network carries them."""
