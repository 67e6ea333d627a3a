"""What a world configuration is, in a few words: its name in its suite, anomalies, size, difficulty."""

from collections import Counter

from reports.wording import Row, count, percent, plural, settings_of, types_meaning, world_meaning


def name_in_suite(row: Row) -> str:
    """Return the name of a run's world in its suite, such as `w1`; empty outside of suites.

    >>> name_in_suite({"settings": '{"suite": {"name": "core", "world": "w1"}}'}), name_in_suite({})
    ('w1', '')
    """
    suite = settings_of(row).get("suite") or {}
    return str(suite.get("world") or "") if suite.get("name") else ""


def place_in_suite(row: Row) -> tuple[int, str]:
    """Return a sort key by which `w2` comes before `w10`."""
    name = name_in_suite(row)
    return len(name), name


def difficulty_of(row: Row) -> str:
    """Return the difficulty of the types: that of most, then that of others; empty if there is none.

    >>> types = '"a": {"difficulty": 0.2}, "b": {"difficulty": 0.2}, "c": {"difficulty": 0.5}'
    >>> difficulty_of({"settings": '{"anomaly": {' + types + '}}'})
    '0.2, of 1 type 0.5'
    """
    types = (settings_of(row).get("anomaly") or {}).values()
    found = Counter(str(each["difficulty"]) for each in types if isinstance(each, dict) and "difficulty" in each)
    ordered = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(
        f"of {plural(many, 'type')} {value}" if place else value for place, (value, many) in enumerate(ordered)
    )


def kind_of(row: Row) -> dict[str, str]:
    """Return what the world of a run is, by the names of its figures."""
    return {
        "world": name_in_suite(row) or f"generator {row.get('generator')}",
        "anomalies": types_meaning(row),
        "users": count(row.get("num_users")),
        "days": count(row.get("days")),
        "anomalous calls": percent(row.get("anomaly_ratio")),
        "difficulty": difficulty_of(row),
    }


def title_of(row: Row) -> str:
    """Return the title of a world configuration: of a suite, its name and its difficulty too."""
    name, difficulty = name_in_suite(row), difficulty_of(row).partition(",")[0]
    if not name:
        return world_meaning(row)
    return f"{name}: {world_meaning(row)}" + (f", difficulty {difficulty}" if difficulty else "")
