"""Planning anomalies: incidents edit the plan of normal calls, and the network simulates the result."""
