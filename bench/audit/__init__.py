"""The audit: five checks of whether a world's labels can be trusted, and their verdict."""
