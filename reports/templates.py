"""Templates of pages: where they lie, and how values are put into them."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def environment_of(module: str) -> Environment:
    """Return the environment of the folder `templates` beside a module; what is put into HTML is escaped.

    Parameters
    ----------
    module
        The module's `__file__`.
    """
    return Environment(
        loader=FileSystemLoader(Path(module).with_name("templates")),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
