"""The settings in which configurations differ, without seeds."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

SEEDS = frozenset({"seed", "random_state"})


def without_seeds(settings: Any) -> Any:
    """Return settings, as JSON values, without seeds.

    >>> without_seeds({"model": {"trees": 100, "random_state": 3}, "seed": 3})
    {'model': {'trees': 100}}
    """
    if isinstance(settings, dict):
        return {key: without_seeds(value) for key, value in settings.items() if key not in SEEDS}
    return [without_seeds(each) for each in settings] if isinstance(settings, list) else settings


def differing(names: Sequence[str], settings: Sequence[Any]) -> list[dict[str, str]]:
    """Return for each configuration the settings in which those of its name differ, by dotted key.

    >>> differing(["knn", "knn", "lof"], [{"k": 5, "p": {"q": 2}}, {"k": 9, "p": {"q": 2}}, {"k": 5}])
    [{'k': '5'}, {'k': '9'}, {}]
    """
    flat = [dict(_leaves(each, "")) for each in settings]
    values: dict[str, dict[str, set[str | None]]] = defaultdict(lambda: defaultdict(set))
    for name in set(names):
        rivals = [mine for other, mine in zip(names, flat, strict=True) if other == name]
        for key in {key for mine in rivals for key in mine}:
            values[name][key] = {mine.get(key) for mine in rivals}
    return [
        {key: mine.get(key, "unset") for key in sorted(values[name]) if len(values[name][key]) > 1}
        for name, mine in zip(names, flat, strict=True)
    ]


def distinct_labels(names: Sequence[str], settings: Sequence[Any]) -> list[str]:
    """Return each name; if it occurs with several settings, followed by those that differ.

    Settings of the same last name and value, such as the difficulty of every type, are given once.

    >>> distinct_labels(["knn", "knn", "lof"], [{"k": 5, "p": 2}, {"k": 9, "p": 2}, {"k": 5}])
    ['knn (k=5)', 'knn (k=9)', 'lof']
    """
    labels = []
    for name, varied in zip(names, differing(names, settings), strict=True):
        changed = ", ".join(dict.fromkeys(f"{key.rsplit('.', 1)[-1]}={value}" for key, value in varied.items()))
        labels.append(f"{name} ({changed})" if changed else name)
    return labels


def _leaves(settings: Any, key: str) -> Iterable[tuple[str, str]]:
    if not isinstance(settings, dict):
        return [(key, json.dumps(settings).strip('"') or "empty")]
    return [pair for name, value in settings.items() for pair in _leaves(value, f"{key}.{name}".lstrip("."))]
