"""The graph of who calls whom, and features of calls, parties and days in it."""
