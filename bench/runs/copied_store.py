"""Let the MLflow store of a copied or moved project keep new files in the new place.

MLflow stores the absolute folder of an experiment's artifacts when it creates the experiment. In a copy of the project,
new runs would write their files into the original project.
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

ARTIFACTS = "mlruns"
"""Folder of MLflow's artifacts, beside a store that is named by a relative path."""


def keep_files_here(store: Path, experiment: str) -> None:
    """Point an experiment of a copied SQLite store to this folder for the files of its runs.

    Runs whose files were copied too point to the copies; others keep their old folder. One printed line reports it.

    Parameters
    ----------
    store
        The file of the store; only one with a relative path is considered.
    experiment
        Name of the experiment.
    """
    if store.is_absolute() or not store.exists():
        return
    here = Path(ARTIFACTS).resolve()
    with closing(sqlite3.connect(store)) as connection, connection:
        asked = connection.execute(
            "SELECT experiment_id, artifact_location FROM experiments WHERE name = ?", (experiment,)
        ).fetchone()
        number, old = asked or (0, None)
        if (folder := _local(old)) is None or folder.is_relative_to(Path.cwd()):
            return
        new = here / str(number)
        connection.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = ?", (str(new), number))
        for run, place in connection.execute(
            "SELECT run_uuid, artifact_uri FROM runs WHERE experiment_id = ?", (number,)
        ):
            files = _local(place)
            if files is not None and files.is_relative_to(folder) and (new / files.relative_to(folder)).exists():
                moved = str(new / files.relative_to(folder))
                connection.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", (moved, run))
    print(
        f"{store} came from another folder: files of {experiment} are kept in {new}, no more in {folder}",
        file=sys.stderr,
    )


def _local(address: str | None) -> Path | None:
    """Return the folder of a local address; None for a remote one."""
    parts = urlsplit(address or "")
    return Path(unquote(parts.path)) if address and parts.scheme in ("", "file") else None
