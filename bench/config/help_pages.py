"""What each command says when it is asked for `--help`, from `conf/hydra/help/`.

It is read here and not by Hydra, which would compose all settings for it first. Nothing heavy is imported.
"""

from importlib.resources import files
from typing import Any

import yaml

ASKING = frozenset(("--help", "-h"))


def help_page(name: str) -> str:
    """Return what `cdrbench NAME --help` says."""
    page, template = yaml_of(f"hydra/help/{name}.yaml"), str(yaml_of("hydra/help/cdrbench.yaml")["template"])
    for part in ("header", "footer"):
        template = template.replace(f"${{hydra.help.{part}}}", page[part])
    return template.rstrip("\n")


def yaml_of(name: str) -> dict[str, Any]:
    """Return what is in a file of the package `conf`."""
    content: dict[str, Any] = yaml.safe_load((files("conf") / name).read_text())
    return content
