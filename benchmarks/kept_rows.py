"""Rows of results that a benchmark keeps on disk, line by line, until the code that they come from changes."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Row = dict[str, Any]
ROOT = Path(__file__).parents[1]


def code_of(*places: str, but: str = "") -> str:
    """Return a digest of the Python and YAML files in some folders of the project, but those of one name."""
    files = sorted(path for name in places for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".yaml"))
    contents = b"".join(path.read_bytes() for path in files if path.name != but)
    return hashlib.blake2b(contents, digest_size=6).hexdigest()


class KeptRows:
    """Rows in a file of JSON lines; only those of the present code are seen."""

    def __init__(self, path: Path, code: str) -> None:
        self.path, self.code = path, code
        lines = path.read_text().splitlines() if path.exists() else []
        self.rows: list[Row] = [row for row in map(json.loads, lines) if row.get("code") == code]

    def has(self, **what: object) -> bool:
        """Return whether there is a row of this."""
        return any(all(row.get(name) == value for name, value in what.items()) for row in self.rows)

    def add(self, rows: Iterable[Row]) -> None:
        """Keep some rows, all at once."""
        new = [row | {"code": self.code} for row in rows]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write("".join(json.dumps(row) + "\n" for row in new))
        self.rows += new
