"""What a process can still do when it has given up its rights; each act is also done before, where it works."""

import platform
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.isolation import landlock, seccomp

ACTS = {
    "reads": "open(secret).read()",
    "lists": "os.listdir(folder)",
    "writes": "open(folder + '/written', 'w')",
    "truncates": "os.truncate(secret, 3)",
    "renames": "os.rename(secret, secret)",
    "reads of its parent": "open(f'/proc/{os.getppid()}/environ').read()",
    "signals its parent": "os.kill(os.getppid(), 0)",
    "in a child": "subprocess.run(['cat', secret], check=True, stdout=subprocess.DEVNULL)",
    "TCP": "socket.create_connection(('127.0.0.1', port), 5)",
}
SOCKETS = {
    "TCP": ACTS["TCP"],
    "UDP": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', port))",
    "a socket in the file system": "socket.socket(socket.AF_UNIX).connect(unix)",
    "letters": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', letters)",
    "ptrace": "assert ctypes.CDLL(None).ptrace(0x4206, child(), 0, 0) == 0",  # PTRACE_SEIZE
}
STREAMS = "first, second = socket.socketpair(); first.sendall(b'x'); second.recv(1)"
PROGRAM = """
import ctypes, os, socket, subprocess, sys
from bench.isolation import landlock, seccomp
folder, unix, letters, port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
secret = folder + "/secret"
read = landlock.Right.READ_FILE | landlock.Right.READ_DIR | landlock.Right.EXECUTE
def child():
    return subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE).pid
{restrict}
for act in sys.argv[5:]:
    try:
        exec(act)
        print("done")
    except (OSError, AssertionError, subprocess.SubprocessError) as error:
        print("refused")
"""
LANDLOCK = (
    "landlock.restrict([(each, read) for each in (sys.prefix, sys.base_prefix, '/usr', '/lib', '/lib64')], {abi})"
)
CLONE = {"x86_64": 56}.get(platform.machine(), 220)
needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(not seccomp.available(), reason="this kernel filters no calls")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[list[str]]:
    """A folder with a secret, two sockets and a port that somebody listens on."""
    (tmp_path / "secret").write_text("secret")
    stream, letters = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with stream, letters, socket.create_server(("127.0.0.1", 0)) as server:
        stream.bind(str(tmp_path / "unix"))
        letters.bind(str(tmp_path / "letters"))
        stream.listen()
        yield [str(tmp_path), str(tmp_path / "unix"), str(tmp_path / "letters"), str(server.getsockname()[1])]


def tried(restrict: str, place: list[str], acts: dict[str, str]) -> dict[str, str]:
    program = PROGRAM.format(restrict=restrict)
    command = [sys.executable, "-c", program, *place, *acts.values()]
    completed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    return dict(zip(acts, completed.stdout.split(), strict=True))


def test_all_of_it_works_where_nothing_is_given_up(place: list[str]) -> None:
    acts = {**ACTS, **SOCKETS, "streams": STREAMS}
    assert tried("", place, acts) == dict.fromkeys(acts, "done")


@needs_landlock
def test_landlock_refuses_files_and_others_processes(place: list[str]) -> None:
    assert tried(LANDLOCK.format(abi=landlock.version()), place, ACTS) == dict.fromkeys(ACTS, "refused")
    assert Path(place[0], "secret").read_text() == "secret"


@needs_landlock
def test_an_older_version_refuses_what_it_knows(place: list[str]) -> None:
    later = {"truncates", "signals its parent", "TCP"}
    expected = {act: "done" if act in later else "refused" for act in ACTS}
    assert tried(LANDLOCK.format(abi=1), place, ACTS) == expected


@needs_seccomp
def test_seccomp_refuses_sockets_of_every_kind_and_leaves_pairs_of_streams(place: list[str]) -> None:
    acts = {**SOCKETS, "streams": STREAMS, "reads": ACTS["reads"]}
    expected = dict.fromkeys(SOCKETS, "refused") | {"streams": "done", "reads": "done"}
    assert tried("seccomp.restrict()", place, acts) == expected


@needs_seccomp
def test_seccomp_refuses_what_changes_others_or_outlives_a_process(place: list[str]) -> None:
    library = "__import__('ctypes').CDLL(None, use_errno=True)"
    checked = "if {call} == -1: raise OSError(__import__('ctypes').get_errno(), 'x')"
    acts = {
        "limits": "import resource; resource.prlimit(os.getppid(), resource.RLIMIT_CORE)",
        "priority": "os.setpriority(os.PRIO_PROCESS, os.getppid(), os.getpriority(os.PRIO_PROCESS, os.getppid()))",
        "priority of all": "os.setpriority(os.PRIO_PGRP, 0, 0)",
        "processors": "os.sched_setaffinity(os.getppid(), os.sched_getaffinity(os.getppid()))",
        "handle": "os.close(os.pidfd_open(os.getppid()))",
        "memory file": "os.close(os.memfd_create('x'))",
        "shared memory": checked.format(call=f"{library}.shmget(0, 4096, 0o1600)"),
        "watches": f"os.close(checked({library}.inotify_init1(0)))",
        "namespaces": f"os.waitpid(checked({library}.syscall({CLONE}, 0x10000011, 0, 0, 0, 0)) or os._exit(0), 0)",
        "file flags": "import fcntl; fcntl.ioctl(os.open(secret, os.O_RDONLY), 0x40806685, bytes(128))",
        "semaphores": checked.format(call=f"{library}.semget(0, 1, 0o1600)"),
    }
    own = {
        "own limits": "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
        "own priority": "os.nice(0)",
        "own processors": "os.sched_setaffinity(0, os.sched_getaffinity(0))",
    }
    expected = dict.fromkeys(acts, "refused") | dict.fromkeys(own, "done")
    checks = "def checked(result):\n    if result < 0:\n        raise OSError\n    return result\n"
    assert tried(f"{checks}seccomp.restrict()", place, {**acts, **own}) == expected
    needs_rights = {"namespaces", "file flags"}  # which not every system gives
    open_before = tried(checks, place, {name: act for name, act in acts.items() if name not in needs_rights})
    assert set(open_before.values()) == {"done"}


@needs_landlock
def test_what_does_not_exist_is_no_fault(place: list[str]) -> None:
    program = "landlock.restrict([('/no/such/folder', read)], 1)"
    assert tried(program, place, {"reads": ACTS["reads"]}) == {"reads": "refused"}


def test_a_refusal_by_the_kernel_is_told() -> None:
    program = "from bench.isolation import landlock; landlock.restrict([('/usr', landlock.Right.READ_FILE)], -1)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "OSError" in done.stderr
