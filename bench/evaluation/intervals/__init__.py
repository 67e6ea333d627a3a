"""How far each number can be trusted: 95 % intervals."""
