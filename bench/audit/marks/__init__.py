"""Marks of rows that do not describe their content: digits, order, agreement between tables."""
