"""Features of single calls, computed by compiled kernels."""
