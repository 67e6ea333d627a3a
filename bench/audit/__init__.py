"""Whether a world's truth can be trusted: five checks, and their verdict."""
