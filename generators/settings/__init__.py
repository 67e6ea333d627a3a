"""The settings of the simulated world, with their ranges. Nothing here imports more than NumPy."""
