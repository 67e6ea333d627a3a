"""The type and the call pattern of each user."""

from typing import Any

import numpy as np

from generators.model.rng import Purpose, uniforms
from generators.settings.world import WorldSettings


def user_kinds(settings: WorldSettings) -> tuple[Any, Any]:
    """Return the user type and the call pattern of each user, as indices into the settings; shape (N,), int8."""
    types, patterns = list(settings.user_types.values()), list(settings.call_patterns)
    draws = uniforms(settings.seed, Purpose.USER_TYPE, settings.num_users)
    kind = _pick([t.share for t in types], draws[:, 0])
    drawn = _pick([p.share for p in settings.call_patterns.values()], draws[:, 1])
    own = np.array([patterns.index(t.call_pattern) if t.call_pattern else -1 for t in types], np.int8)[kind]
    return kind, np.where(own < 0, drawn, own)


def _pick(shares: list[float], draws: Any) -> Any:
    return np.searchsorted(np.cumsum(shares)[:-1], draws, side="right").astype(np.int8)
