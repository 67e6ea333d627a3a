"""The settings of the simulated world, with their ranges. Light: nothing here imports more than NumPy."""
