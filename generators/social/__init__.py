"""People: types of users, their hourly call profiles, and their contacts."""
