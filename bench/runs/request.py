"""The settings and the context of one run, from its configuration."""

import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from bench.config.composition import settings_of
from bench.evaluation.home import homes_text
from bench.host.processors import share
from bench.host.read_json import UnreadableError, member, object_in
from bench.result import Scalar
from bench.runs.run_folder import PLAN
from bench.settings import RunSettings

WORLD_SEED = {"generator.seed": "world"}
"""Settings that have another name in the name of a run."""


@dataclass(frozen=True)
class Request:
    """Settings and context of one run."""

    settings: RunSettings
    resolved: dict[str, Any]
    """The settings as JSON values, with interpolations resolved."""
    choices: Mapping[str, str]
    """The choice made for each configuration group."""
    folder: Path
    """The run's own folder."""
    number: int | None
    """Number of this job in a multirun; None for a single run."""
    processors: int
    """Number of processors that the run may use."""
    varied: Sequence[str] | None = None
    """In a sweep, the settings that vary (without the detector), briefly: `max_samples=64`; None elsewhere."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    @classmethod
    def of(cls, config: DictConfig) -> "Request":
        """Build a request within a Hydra job.

        Raises
        ------
        UserError
            When the settings are wrong.
        """
        hydra = HydraConfig.get()
        many = hydra.mode is not None and hydra.mode.name == "MULTIRUN"
        return cls(
            settings=settings_of(config),
            resolved=plain_values(config),
            choices={str(group): str(choice) for group, choice in hydra.runtime.choices.items()},
            folder=Path(hydra.runtime.output_dir),
            number=int(hydra.job.num) if many else None,
            processors=share(hydra),
            varied=_varied(Path(hydra.runtime.output_dir), list(hydra.overrides.task)) if many else None,
        )

    @property
    def workers(self) -> int:
        """Number of processes that may make a world."""
        return self.settings.workers or self.processors

    def asked(self, fingerprint: str) -> dict[str, Scalar]:
        """Return the part of the result row that describes the task."""
        settings, world = self.settings, self.resolved["generator"]
        injected = settings.anomaly if world.get("anomaly_ratio") else {}
        chosen: dict[str, Scalar] = {name: self.choices.get(name, "") for name in ("detector", "generator")}
        facts: dict[str, Scalar] = {
            "anomalies": ",".join(sorted(injected)),
            "home_levels": homes_text(injected),
            "protocol": settings.protocol.name,
            "threshold_policy": settings.threshold.policy,
            "seed": settings.seed,
            "world_seed": world.get("seed"),
            **{name: world.get(name) for name in ("anomaly_ratio", "num_users", "days")},
            "fingerprint": fingerprint,
            "level": "call",
            "role": settings.role,
            "suite": f"{settings.suite.name}-{settings.suite.version}" if settings.suite.name else "",
            "settings": self.recorded,
        }
        began = self.started.isoformat(timespec="milliseconds")
        return {"run_id": uuid.uuid4().hex, "started_at": began, "name": self.name, **chosen, **facts}

    @property
    def recorded(self) -> str:
        """The settings as recorded in the result row."""
        return json.dumps(self.resolved, sort_keys=True)

    @property
    def name(self) -> str:
        """Name of the run: in a sweep by the settings that vary there, else by its world and seeds."""
        if self.varied is not None and not self.settings.name:
            return " ".join(filter(None, [self.choices.get("detector"), *self.varied]))
        world = self.resolved["generator"]
        facts = {"ratio": world.get("anomaly_ratio"), "world": world.get("seed"), "seed": self.settings.seed}
        about = [f"{word}={value}" for word, value in facts.items() if value is not None]
        chosen = [self.choices[group] for group in ("detector", "generator") if group in self.choices]
        return self.settings.name or " ".join([*chosen, *about])


def _varied(folder: Path, mine: Sequence[str]) -> tuple[str, ...] | None:
    """Return those of a job's settings that vary in its sweep, without the detector, each as `name=value`."""
    try:
        asked = member(object_in(folder.parent / PLAN), "asked", list)
        parsed = OverridesParser.create().parse_overrides([str(each) for each in asked])
    except (UnreadableError, ValueError, HydraException):
        return None
    keys = {each.key_or_group for each in parsed if each.is_sweep_override()}
    if not keys:
        return None
    keys -= {"detector"}
    last = Counter(key.rpartition(".")[2] for key in keys)
    short = {key: name if last[name := key.rpartition(".")[2]] == 1 else key for key in keys}
    pairs = [each.lstrip("+~").partition("=") for each in mine]
    return tuple(f"{WORLD_SEED.get(key, short[key])}={value}" for key, _, value in pairs if key in keys)


def plain_values(config: DictConfig) -> dict[str, Any]:
    """Return a configuration as JSON values, with interpolations resolved."""
    values: dict[str, Any] = json.loads(json.dumps(OmegaConf.to_container(config, resolve=True)))
    return values
