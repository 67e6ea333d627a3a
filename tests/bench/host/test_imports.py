"""Which modules a module depends on: every form of import, in functions too, and none of other packages."""

from pathlib import Path

import pytest

from bench.host.imports import reach

MODULES = {
    "__init__": "",
    "whole": "import json\nimport dozen.plain\nfrom dozen import taken\nfrom dozen.parts import one, VALUE\n",
    "plain": "def later():\n    from dozen.late import thing\n",
    "taken": "from os import path\n",
    "late": "import dozen.whole\n",
    "unused": "import dozen.whole\n",
    "parts/__init__": "VALUE = 1\n",
    "parts/one": "",
    "parts/two": "",
}


def test_all_forms_of_import_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in MODULES.items():
        path = tmp_path / "dozen" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    found = [name.removeprefix("dozen.") for name in reach("dozen.whole")]
    assert found == ["dozen", "late", "parts", "parts.one", "plain", "taken", "whole"]
