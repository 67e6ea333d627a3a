"""People: types of users, their daily rhythms, and their contacts."""
