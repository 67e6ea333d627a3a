"""Features of cells: their status in each quarter hour, and the cells that serve the places around them."""
