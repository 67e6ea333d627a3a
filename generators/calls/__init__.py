"""Calls: what people intend, and what the network makes of it."""
