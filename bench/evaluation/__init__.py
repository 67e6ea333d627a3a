"""From scores and truth to numbers."""
