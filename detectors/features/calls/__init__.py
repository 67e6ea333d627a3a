"""Features of a call, by compiled kernels."""
