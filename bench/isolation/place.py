"""The temporary folder of a detector's process: the names of the files and folders in it."""

import os
from pathlib import Path

from bench.faults import Fault, SettingsError
from bench.host.temporary import make_temporary

DATA, JOB, OUT, TEMPORARY, IMPORTS = "data", "job", "out", "tmp", "imports"
"""Tables; what is to be done; what came of it; room to work in; links to what can be imported.

A confined process writes in `OUT` and `TEMPORARY` only: what its parent writes it cannot touch."""
CONSTRUCTED = "constructed"
"""Name of the file that says that the detector is there, and waits for its job."""
ORDER = "order.json"
"""How the process is to confine itself."""
READY = "ready"
"""Name of the file that says that the time of the detector begins: what the harness compiles first is not its cost."""
KIND = "cdrbench-detector-"
"""How the folder's name begins."""
BEGINNING = "beginning.log"
"""What was printed before it was known where to."""


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
