"""The catalogue of anomaly types: one module for each type, named like its YAML leaf and its `anomaly_type`."""

from importlib import import_module
from pkgutil import iter_modules


def types() -> list[str]:
    """Return the names of all types."""
    return [module.name for module in iter_modules(__path__)]


def schemas() -> dict[str, type]:
    """Return the settings class of every type; a module `short_call` holds the class `ShortCall`."""
    found = {}
    for name in types():
        class_name = "".join(part.capitalize() for part in name.split("_"))
        found[f"anomaly/{name}"] = getattr(import_module(f"{__name__}.{name}"), class_name)
    return found
