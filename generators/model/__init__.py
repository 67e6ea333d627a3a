"""Common basis of the simulator: time, random draws, compiled kernels, and the columns of plans and records."""
