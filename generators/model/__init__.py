"""What all other packages build on: time, random draws, compiled kernels, and the columns of plans and records."""
