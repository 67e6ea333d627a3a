"""The temporary folder of a detector's process: the names of the files and folders in it."""

import os
from pathlib import Path

from bench.faults import Fault, SettingsError
from bench.host.temporary import make_temporary

DATA, JOB, OUT, TEMPORARY, IMPORTS = "data", "job", "out", "tmp", "imports"
"""Tables; what is to be done; what came of it; room to work in; links to what can be imported.

A confined process writes in `OUT` and `TEMPORARY` only: what its parent writes it cannot touch."""
CONSTRUCTED = "constructed"
"""Name of the file that signals that the detector is constructed and waits for its job."""
ORDER = "order.json"
"""Name of the file that says how the process has to confine itself."""
READY = "ready"
"""Name of the file that signals that the detector's time begins: compilation by the harness before is not its cost."""
KIND = "cdrbench-detector-"
"""Prefix of the folder's name."""
BEGINNING = "beginning.log"
"""Name of the file with output printed before its destination is known."""


def lay_out() -> Path:
    """Make a folder that is the user's alone, in the one for temporary files (`TMPDIR`), still empty; return it.

    Raises
    ------
    SettingsError
        When there is no such folder that can be written.
    """
    try:
        place = make_temporary(KIND).resolve()
        for name in (DATA, JOB, OUT, TEMPORARY, IMPORTS):
            (place / name).mkdir()
        (place / BEGINNING).touch()
    except OSError as error:
        fault = Fault("TMPDIR", f"be a folder that can be written ({error.strerror})", os.environ.get("TMPDIR"))
        raise SettingsError([fault]) from error
    return place
