"""One run, from its settings to its recorded result."""
