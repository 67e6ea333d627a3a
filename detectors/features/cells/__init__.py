"""What cells recorded each quarter of an hour, and what served the places around them."""
