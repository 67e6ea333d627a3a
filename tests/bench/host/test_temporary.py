"""Folders that are needed for a while: those of processes that have ended go, and nothing else.

Covers `bench.host.identity`, `bench.host.temporary`, and what `bench.host.aside` does with what a kill left.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.host import aside, temporary
from bench.host.aside import complete_killed, written_aside
from bench.host.identity import has_ended, has_ended_by_tag, own_identity, own_tag
from bench.host.temporary import abandoned, make_temporary, remove


@contextmanager
def another(expression: str) -> Iterator[str]:
    """Give what another process says of itself, which has ended afterwards."""
    program = f"from bench.host.identity import *; print({expression}, flush=True); input()"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("\n")


@pytest.fixture
def ended() -> str:
    """The tag of a process that has ended."""
    with another("own_tag()") as tag:
        pass
    return tag


def test_a_process_is_known_to_have_ended() -> None:
    assert not has_ended(own_identity())
    assert not has_ended_by_tag(own_tag())
    with another("own_identity(), own_tag(), sep='  '") as output:
        identity, tag = output.split("  ")
        assert has_ended(identity) is has_ended_by_tag(tag) is False
    assert has_ended(identity) is has_ended_by_tag(tag) is True
    assert not has_ended(f"elsewhere{identity}")
    assert not has_ended_by_tag(f"00000000-{tag.split('-', 1)[1]}")
    for number in ("", "x", "1@"):
        has_ended(f"{identity.rpartition('|')[0]}|{number}")


def test_only_folders_of_ended_processes_go(tmp_path: Path, ended: str) -> None:
    mine = make_temporary("kind-", tmp_path)
    with another("own_tag()") as live:
        kept = [f"kind-{live}-abc", f"other-{ended}-abc", f"kind-{ended}-abc.mine", "kind-mine", f"x-kind-{ended}-abc"]
        for name in (*kept[:2], *kept[3:], f"kind-{ended}-abc"):
            (tmp_path / name).mkdir()
        (tmp_path / kept[2]).write_text("mine")
        (tmp_path / f"kind-{ended}-file").write_text("mine")
        (tmp_path / f"kind-{ended}-link").symlink_to(tmp_path / "kind-mine")
        assert abandoned("kind-", tmp_path) == [tmp_path / f"kind-{ended}-abc"]
        new = make_temporary("kind-", tmp_path)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {*kept, f"kind-{ended}-file", f"kind-{ended}-link", mine.name, new.name}


def test_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes").write_text("mine")
    place = make_temporary("kind-", tmp_path)
    (place / "a").mkdir()
    (place / "a/link").symlink_to(tmp_path / "mine")
    (place / "a").chmod(0)
    remove(place)
    assert not place.exists()
    assert (tmp_path / "mine/notes").read_text() == "mine"


class KilledError(BaseException):
    """Stands for the end of the process: nothing of `written_aside` is done after it."""


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_nothing_is_lost_by_a_kill_while_products_are_replaced(
    tmp_path: Path, moment: str, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the old folder is renamed, between that and the new one's, and before people's files are moved."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "product").write_text("old")
    (out / "notes").write_text("mine")
    monkeypatch.setattr(temporary, "own_tag", lambda: ended)
    rename, left = Path.rename, {"before": 0, "between": 1, "after": 2}[moment]

    def until_killed(path: Path, target: Path) -> Path:
        nonlocal left
        if left == 0:
            raise KilledError
        left -= 1
        return rename(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", until_killed)
        patch.setattr(aside, "remove", lambda _: None)
        with pytest.raises(KilledError), written_aside(out, ["product"]) as new:
            (new / "product").write_text("new")
    complete_killed(out)
    assert (out / "notes").read_text() == "mine"
    assert (out / "product").read_text() == ("new" if moment == "after" else "old")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
