"""Worlds on disk: made once, found again, never half there."""

import errno
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from pwd import getpwuid

import pytest
from filelock import FileLock
from programs import QUIET, TOY, ended
from toy_world import ToySettings, ToyWorld

from bench.faults import UserError
from bench.generator import silent
from bench.worlds.store import StoredWorld, find_or_make, fingerprint_of, remove_unfinished

SMALL = ToySettings(calls=50)


def made(settings: ToySettings = SMALL, worlds: str = "worlds") -> StoredWorld:
    return find_or_make(ToyWorld(settings, {}), Path(worlds), 1, silent)


def times_made() -> int:
    return len(Path("made.txt").read_text().splitlines())


def test_a_world_is_made_once_and_found_again(workplace: Path) -> None:
    first, second = made(), made()
    assert first == second
    assert times_made() == 1
    assert first.folder == Path("worlds") / first.fingerprint
    assert first.manifest["counts"]["calls"] == 50
    assert "data/calls.parquet" in first.manifest["files"]
    assert made(ToySettings(calls=50, seed=1)).fingerprint != first.fingerprint
    assert times_made() == 2


def untakeable(path: Path) -> None:
    """Leave something in the place of a lock that nobody can open as one, whoever runs this."""
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.mkdir()


def test_a_ready_world_is_read_where_no_lock_can_be_taken(workplace: Path) -> None:
    """As in a store that cannot be written, or that somebody else's locks lie in."""
    first = made()
    untakeable(first.folder.with_name(f".{first.fingerprint}.lock"))
    assert made() == first


def test_a_lock_that_cannot_be_taken_is_reported_with_whose_it_is(workplace: Path) -> None:
    lock = Path("worlds") / f".{fingerprint_of(ToyWorld(SMALL, {}))}.lock"
    untakeable(lock)
    whose = getpwuid(os.getuid()).pw_name
    with pytest.raises(
        UserError, match=rf"^the lock {lock} cannot be taken: it belongs to {whose} \(.*\); store\.worlds="
    ):
        made()
    untakeable(Path("worlds/.other.lock"))
    Path("worlds/.other.making").mkdir()
    remove_unfinished(Path("worlds"))
    assert Path("worlds/.other.making").exists()


def test_an_audited_world_is_read_where_no_lock_can_be_taken(workplace: Path) -> None:
    run = (
        "run",
        *(each for each in TOY if each != "audit=none"),
        *QUIET,
        "detector=toy_longest",
        "audit.features=null",
    )
    assert ended(*run)[0] == 0
    (world,) = [path.parent for path in Path("worlds").glob("*/audit.json")]
    untakeable(world.with_name(f".{world.name}.audit.lock"))
    assert ended(*run)[0] == 0
    (world / "audit.json").unlink()
    code, _, err = ended(*run)
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.startswith("the lock ")
    assert err.endswith("audit=none does without\n")


def test_the_fingerprint_is_of_the_recipe(workplace: Path) -> None:
    assert fingerprint_of(ToyWorld(SMALL, {})) == fingerprint_of(ToyWorld(ToySettings(calls=50), {}))
    assert fingerprint_of(ToyWorld(SMALL, {})) != fingerprint_of(ToyWorld(ToySettings(calls=51), {}))


def test_many_at_once_make_it_once(workplace: Path) -> None:
    slow = ToySettings(calls=50, pause_s=0.2)
    with ThreadPoolExecutor(4) as pool:
        worlds = list(pool.map(lambda _: made(slow), range(4)))
    assert times_made() == 1
    assert all(world == worlds[0] for world in worlds)


@pytest.mark.parametrize("name", ["data/calls.parquet", "truth/truth.parquet", "data/clock.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["shorter", "other", "gone"])
def test_a_damaged_world_is_reported_moved_aside_and_made_anew(workplace: Path, name: str, damage: str) -> None:
    world = made()
    path = world.folder / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "shorter" else bytes([content[0] ^ 1]) + content[1:])
    if name == "manifest.json" and damage == "shorter":
        path.write_bytes(content[:-20])
    with pytest.raises(UserError, match="running again will make it anew") as error:
        made()
    assert str(path if name != "manifest.json" and damage != "gone" else world.folder) in str(error.value)
    assert world.folder.with_name(f"{world.fingerprint}.damaged").is_dir()
    assert made() == world
    assert times_made() == 2


def test_a_world_that_another_process_has_made_anew_is_not_moved(workplace: Path) -> None:
    world = made()
    path = world.folder / "data" / "calls.parquet"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with ThreadPoolExecutor(1) as pool:
        with FileLock(world.folder.with_name(f".{world.fingerprint}.lock")):
            found = pool.submit(made)
            time.sleep(0.5)  # it finds the damage, and waits for its turn to move the world aside
            assert not found.done()
            path.write_bytes(content)
        assert found.result() == world
    assert times_made() == 1


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "must be a folder that can be written")]
)
def test_a_disk_that_takes_no_more_leaves_nothing_behind(workplace: Path, number: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        made(ToySettings(hole=str(number)))
    assert not [path for path in Path("worlds").iterdir() if path.is_dir()]


def test_a_place_that_cannot_be_written_is_named(workplace: Path) -> None:
    Path("file").write_text("")
    with pytest.raises(UserError, match=r"^store\.worlds must be a folder that can be written, got file"):
        made(worlds="file")
    with pytest.raises(UserError, match=r"^store\.worlds must be a folder that can be written, got file/worlds"):
        made(worlds="file/worlds")


def test_what_an_interrupted_process_left_is_removed(workplace: Path) -> None:
    left = Path("worlds/.0123456789abcdef.making/data")
    left.mkdir(parents=True)
    made()
    assert not left.parent.exists()
    left.mkdir(parents=True)
    remove_unfinished(Path("worlds"))
    assert not left.parent.exists()


def test_the_manifest_tells_neither_paths_nor_times(workplace: Path) -> None:
    here = made()
    there = made(worlds="elsewhere")
    assert (here.folder / "manifest.json").read_bytes() == (there.folder / "manifest.json").read_bytes()
    assert json.loads((here.folder / "manifest.json").read_text())["fingerprint"] == here.fingerprint
