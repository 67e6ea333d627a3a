"""One simulated world of towers, phones and people, into which labelled anomalies are injected."""
