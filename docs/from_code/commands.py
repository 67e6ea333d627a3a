"""The help pages of `cdrbench` and of its subcommands."""

from bench.commands.program import commands, screen
from bench.config.help_pages import help_page


def markdown() -> str:
    """Return what `cdrbench --help` prints, and a section with the help page of each subcommand."""
    pages = [("cdrbench", screen()), *((f"cdrbench {name}", help_page(name)) for name in commands())]
    return "\n".join(f"## {name}\n\n```text\n{text}\n```\n" for name, text in pages)
