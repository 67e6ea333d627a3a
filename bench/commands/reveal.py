"""Print the original numbers behind the pseudonyms of a run: `cdrbench reveal run=RUN generator.path=FILE`."""

import csv
import sys
from pathlib import Path

from omegaconf import DictConfig

from bench.config.composition import launch, refuse, settings_of
from bench.generator import Pseudonymous
from bench.host.sheets import in_sheet
from bench.host.texts import printable
from bench.program_settings import RevealSettings


def main() -> None:
    """Run the command."""
    launch("reveal", reveal)


def reveal(config: DictConfig) -> None:
    """Read the files again, and print each pseudonym with its original, as CSV."""
    from bench.worlds.store import world_of  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    settings: RevealSettings = settings_of(config)
    names = settings.names or _alerted(Path(settings.run))
    world = world_of(settings.generator, {})
    if not isinstance(world, Pseudonymous):
        refuse("generator must be one that reads recorded calls, such as cdr_file")
    found = world.revealed(names)
    if not found:
        refuse("none of the pseudonyms is of these files with this key (generator.path, generator.key_file)")
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(("pseudonym", "kind", "value"))
    lines.writerows((in_sheet(name), *map(in_sheet, found[name])) for name in names if name in found)
    if unknown := [name for name in names if name not in found]:
        print(printable(f"not in these files: {', '.join(unknown)}"), file=sys.stderr)


def _alerted(run: Path) -> list[str]:
    """Return the users and called parties of a run's alerts, without repetition, highest alerts first."""
    from bench.run_tables import ALERTS, read  # noqa: PLC0415 - heavy, and not needed for --help or for a typo

    table = read(run, ALERTS)
    pairs = zip(table["user_id"].to_pylist(), table["callee_id"].to_pylist(), strict=True)
    return list(dict.fromkeys(name for pair in pairs for name in pair if name))


if __name__ == "__main__":
    main()
