"""The settings in which configurations differ, seeds aside."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

SEEDS = frozenset({"seed", "random_state"})


def without_seeds(settings: Any) -> Any:
    """Return settings, as JSON values, without any seed in them.

    >>> without_seeds({"model": {"trees": 100, "random_state": 3}, "seed": 3})
    {'model': {'trees': 100}}
    """
    if isinstance(settings, dict):
        return {key: without_seeds(value) for key, value in settings.items() if key not in SEEDS}
    return [without_seeds(each) for each in settings] if isinstance(settings, list) else settings


def distinct_labels(names: Sequence[str], settings: Sequence[Any]) -> list[str]:
    """Return each name; where one occurs with several settings, followed by those that differ.

    >>> distinct_labels(["knn", "knn", "lof"], [{"k": 5, "p": 2}, {"k": 9, "p": 2}, {"k": 5}])
    ['knn (k=5)', 'knn (k=9)', 'lof']
    """
    flat = [dict(_leaves(each, "")) for each in settings]
    labels = []
    for name, mine in zip(names, flat, strict=True):
        rivals = [other for other_name, other in zip(names, flat, strict=True) if other_name == name]
        keys = sorted({key for other in rivals for key in other})
        differing = [key for key in keys if len({other.get(key) for other in rivals}) > 1]
        told = ", ".join(f"{key.rsplit('.', 1)[-1]}={mine.get(key, 'unset')}" for key in differing)
        labels.append(f"{name} ({told})" if told else name)
    return labels


def _leaves(settings: Any, key: str) -> Iterable[tuple[str, str]]:
    if not isinstance(settings, dict):
        return [(key, json.dumps(settings).strip('"'))]
    return [pair for name, value in settings.items() for pair in _leaves(value, f"{key}.{name}")]
