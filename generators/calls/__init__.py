"""Calls: what people intend to call, and how the network carries it."""
