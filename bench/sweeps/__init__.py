"""Many runs: what surrounds them, and what becomes of them after an interruption."""
