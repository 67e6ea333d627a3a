"""Which of three detectors finds which type of anomaly on one world."""

from bench import api

world = api.world("generator.num_users=600", "generator.days=14", "generator/network=none", "audit=none")
runs = [api.run(name, world) for name in ("iforest", "rate_surprise", "rules")]
print(api.compare(runs).round(3))
print(api.compare(runs, "incident_recall").round(3))
for page in api.report(runs):
    print(page)
