"""The scorecard of call records beside published figures."""
