"""Where people are: home, work, and trips to places old and new, at any moment of the world."""
