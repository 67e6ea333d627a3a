"""The command `cdrbench`: find the program of a subcommand and start it.

`cdrbench NAME ...` starts the module that `conf/commands.yaml` lists for the name, as `python -m` does. Settings
without a name start a run, as in `cdrbench detector=iforest`.
"""

import os
import sys
from contextlib import redirect_stdout
from difflib import get_close_matches
from importlib import import_module
from importlib.resources import files
from io import StringIO
from typing import Any

from bench.config.help_pages import ASKING, help_page, yaml_of
from bench.host.exit_codes import UNUSABLE
from bench.host.interruption import end_on_closed_pipe
from bench.version import __version__

RUN, EXPLAIN = "run", "settings"
COMPLETION = ("-sc", "--shell-completion")


def main() -> None:
    """Start the subcommand that the command line names; end with code 2 if there is no such subcommand."""
    arguments = sys.argv[1:]
    try:
        sys.exit(_started(arguments))
    except BrokenPipeError:
        end_on_closed_pipe()


def _started(arguments: list[str]) -> Any:
    if not arguments or arguments[0] in ASKING:
        return _said(screen())
    if arguments[0] == "--version":
        return _said(f"cdrbench {__version__}")
    if arguments[0].startswith(COMPLETION):
        return _completed(arguments)
    first, rest = arguments[0], arguments[1:]
    if first not in commands():
        if "=" not in first and not first.startswith(("-", "+", "~")):
            near = get_close_matches(first, commands(), n=1)
            hint = f"; did you mean {near[0]}?" if near else "; `cdrbench --help` lists them"
            print(f"cdrbench has no subcommand {first!r}{hint}", file=sys.stderr)
            return UNUSABLE
        first, rest = RUN, arguments
    elif ASKING & set(rest):
        return _said(help_page(first))
    sys.argv = [f"cdrbench {first}", *rest]
    return import_module(commands()[first]).main()


def _said(text: str) -> int:
    print(text, flush=True)  # flush here, so that a closed pipe raises its error here
    return 0


def commands() -> dict[str, str]:
    """Return the module of each subcommand, in the order of the help page."""
    return dict(yaml_of("commands.yaml"))


def screen() -> str:
    """Return the text of `cdrbench --help`."""
    lines = [f"  {name:11} {yaml_of(f'hydra/help/{name}.yaml')['header']}" for name in commands()]
    return "\n".join(
        [
            "Which detector finds which kind of anomaly in call detail records, how well and at what cost.",
            "cdrbench COMMAND [setting=value ...]; without a command: run",
            "",
            *lines,
            "`cdrbench COMMAND --help` explains one. --version. Tab completion: eval \"$(cdrbench -sc install=bash)\"",
        ]
    )  # fmt: skip


def _completed(arguments: list[str]) -> Any:
    """Complete a command line: subcommands by name, and the rest of it as Hydra does for the subcommand."""
    line = os.environ.get("COMP_LINE", "")
    program, _, rest = line.partition(" ")
    name, space, settings = rest.lstrip().partition(" ")
    module = RUN
    if "query" in " ".join(arguments):
        if space and name in commands():
            module = name
            os.environ["COMP_LINE"] = f"{program} {settings}"
        elif not space:
            print(*[each for each in commands() if each.startswith(name)], flush=True)
    sys.argv = [sys.argv[0], *arguments]
    if module == EXPLAIN:
        return _said(_keys_only())
    if module != RUN and not (files("conf") / f"{module}.yaml").is_file():  # not a program based on Hydra
        return 0
    return import_module(commands()[module]).main()


def _keys_only() -> str:
    """Complete keys of settings without the `=`, since `cdrbench settings` takes keys."""
    with redirect_stdout(StringIO()) as out:
        import_module(commands()[RUN]).main()
    return " ".join(each.removesuffix("=") for each in out.getvalue().split())


if __name__ == "__main__":
    main()
