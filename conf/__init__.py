"""Hydra's YAML, and where the types of its entries come from.

Each module in `SCHEMAS` has a function `schemas() -> dict[str, type]`: the dataclass of a part of the configuration,
by the part's path. At start-up they become entries of the group `schema`, and the YAML that fills a part begins with
its own:

- `schemas()["generator"]` is used in `generator/default.yaml` as `defaults: [/schema/generator@_here_, _self_]`;
- `schemas()["anomaly/short_call"]` in `anomaly/short_call.yaml` as
  `defaults: [/schema/anomaly/short_call@_here_, _self_]`.

The modules must be cheap to import: they are read before anything else happens.
"""

SCHEMAS: tuple[str, ...] = (
    "bench.program_settings",
    "bench.realism.realism_settings",
    "bench.stream.stream_settings",
    "generators.settings.world",
    "generators.own_records.file_settings",
    "generators.anomalies",
)
KERNELS: tuple[str, ...] = ("detectors.compile_kernels",)
"""Programs that compile what detectors' processes can read of compiled code, and not keep (`bench.isolation.ahead`).
They have all rights, as the audit has, which computes features too: nothing of a detector's own belongs in them."""
