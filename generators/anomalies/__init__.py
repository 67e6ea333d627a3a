"""The catalogue: one module a type, named as its YAML leaf and its `anomaly_type`."""

from importlib import import_module
from pkgutil import iter_modules


def schemas() -> dict[str, type]:
    """Return the settings class of every type; a module `short_call` holds the class `ShortCall`."""
    found = {}
    for module in iter_modules(__path__):
        class_name = "".join(part.capitalize() for part in module.name.split("_"))
        found[f"anomaly/{module.name}"] = getattr(import_module(f"{__name__}.{module.name}"), class_name)
    return found
