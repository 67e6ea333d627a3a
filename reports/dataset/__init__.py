"""The pictures of a data set and of its network."""
