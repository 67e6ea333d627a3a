"""Trials of a search: each runs on every tuning world, without record or pictures."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

import optuna
from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, Override, RangeSweep
from hydra.errors import HydraException

from bench.config.composition import settings_of
from bench.faults import Fault, SettingsError, UserError
from bench.host.processors import usable
from bench.program_settings import SearchSettings
from bench.result import Status
from bench.runs.request import Request, plain_values
from bench.runs.steps import attempted, begun, judged, measured, prepared


def best_overrides(mine: Sequence[str], search: SearchSettings) -> list[str]:
    """Return the overrides with the best mean metric over the tuning worlds.

    Parameters
    ----------
    mine
        Overrides that are used in every trial.
    search
        Search space and method.

    Raises
    ------
    UserError
        When an entry of the space is not a sweep, or no trial had a value.
    """
    parser = OverridesParser.create(config_loader=GlobalHydra.instance().config_loader())
    try:
        space = [override for line in search.space for override in parser.parse_overrides([str(line)])]
    except HydraException as error:
        rule = 'be a list of overrides in quotes, such as "detector.model.n_estimators=range(50,200)"'
        raise SettingsError([Fault("search.space", rule, [str(line) for line in search.space])]) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=search.sampler_seed))
    for number in range(search.trials):
        trial = study.ask()
        chosen = [f"{_key(each)}={_suggested(trial, each)}" for each in space]
        values = [_value([*mine, *chosen, f"generator.seed={seed}"], search.metric) for seed in search.tuning_seeds]
        good = [value for value in values if value is not None]
        mean = fmean(good) if len(good) == len(values) else None
        study.tell(trial, mean, optuna.trial.TrialState.FAIL if mean is None else None)
        result = "failed" if mean is None else f"{mean:.4f}"
        print(f"[{number + 1}/{search.trials}] {search.metric} {result}: {' '.join(chosen)}", flush=True)
    done = [each for each in study.trials if each.state is optuna.trial.TrialState.COMPLETE]
    if not done:
        raise UserError(f"search.metric must have a value in at least one trial, got none of {search.metric}")
    return [f"{name}={value}" for name, value in study.best_params.items()]


def _suggested(trial: optuna.Trial, override: Override) -> Any:
    """Return the value that a trial uses for one entry of the space."""
    name, sweep = _key(override), override.value()
    if isinstance(sweep, ChoiceSweep):
        return trial.suggest_categorical(name, [_plain(each) for each in sweep.list])
    if isinstance(sweep, IntervalSweep):
        return trial.suggest_float(name, float(sweep.start or 0), float(sweep.end or 0), log="log" in sweep.tags)
    if isinstance(sweep, RangeSweep) and sweep.start is not None and sweep.stop is not None:
        return trial.suggest_int(name, int(sweep.start), int(sweep.stop) - 1, step=int(sweep.step))
    raise UserError(f"search.space must have sweeps like choice(1,2), range(1,9) or interval(0,1), "
                    f"got {override.input_line}")  # fmt: skip


def _key(override: Override) -> str:
    return str(override.input_line).split("=", maxsplit=1)[0]


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | bool) or value is None else str(value)


def _value(overrides: list[str], metric: str) -> float | None:
    """Run once; return the metric, None if it is undefined."""
    config = compose("config", overrides)
    with TemporaryDirectory(prefix="cdrbench-") as folder:
        request = Request(
            settings=settings_of(config),
            resolved=plain_values(config),
            choices={},
            folder=Path(folder),
            number=None,
            processors=usable(),
        )
        with begun(request) as process:
            prepared_world = prepared(request, process)
            trial = attempted(request, prepared_world, process)
        result = judged(request, prepared_world, trial, measured(request, prepared_world)).result
    if result.status is not Status.OK:
        return None
    if metric not in result.values:
        raise UserError(f"search.metric must be one of the metrics of docs/reference/metrics.md, got {metric}")
    return result.values[metric]
