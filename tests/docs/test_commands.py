"""Every command of README, CONTRIBUTING and docs does what it says: each is run as it stands, in order, in one folder.

Covered are shell blocks, indented lines and inline code that start with a program; the files
that a page shows with their path are written first. A program that is only named is asked for its help. Not run are the
commands in `ELSEWHERE`; those in `HOURS` run before a release, by `-m release`. Of `make` only the target is looked up
(.ci/run calls it), and of `pytest` the tests, which have been run with this one. What several pages
have is run once.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import readme
from shown_commands import PAGES, ROOT, Command, File, Output, Program, Step, every_step, printed, steps, unread

ELSEWHERE = {
    "pip install .": "tests/detectors/test_plug_ins.py",
    "python -m bench.run 'anomaly=[half_day_call]' detector=longest": "tests/detectors/test_plug_ins.py",
    "pip install 'cdrbench[search]'": "needs an index",
    "pip install 'cdrbench[torch]'": "needs an index",
    "pip install 'cdrbench[verify]'": "needs an index",
    "pip install 'cdrbench[kafka]'": "needs an index",
    "pip install 'cdrbench[spark]'": "needs an index",
    "cdrbench stream stream.source=batches stream.sink=watch stream.watch.engine=spark stream.path=spark": "needs Java",
    "cdrbench stream generator=demo_2016 stream.sink=kafka stream.speed=x60": "tests/bench/stream/test_kafka.py",
    'pip install scikit-mobility "numpy<2" "shapely<2"': "needs an index",
    "pip install -e": "is only named",
    "cdrbench resume folder=runs/nine 'trusted_packages=[mine]'": "tests/bench/runs/test_nothing_lost.py",
    "python -m bench.run detector=longest detector.power=0.5": "tests/detectors/test_plug_ins.py",
}
HOURS = (
    "suite=core", "anomaly=fraud", "python benchmarks/", "cdrbench coverage",
    "seeds=[21,22,23]",
    "cdrbench search", "cdrbench verify", "python docs/", "generator.num_towers=800",
)  # fmt: skip
"""What takes minutes or more, or needs an extra: parts of the lines."""
NEEDS = {
    "from longest.detector": "tests/detectors/test_plug_ins.py",
    "skmob": "tests/generators/tables/test_export.py",
    "bandicoot": "tests/generators/tables/test_export.py",
}
NO_COMMANDS = {"CONTRIBUTING.md": "conf/ ", "docs/howto/own-records.md": "A_NUMBER;"}
"""How indented blocks begin that show something else."""
PACKAGE = ("longest/", "pyproject.toml")
"""Files of the package that tests/detectors/test_plug_ins.py writes down and installs."""


def names_only(line: str) -> bool:
    """Whether a line is the bare name of a program."""
    return len(line.split()) == (3 if line.startswith("python -m") else 2 if line.startswith("cdrbench") else 0)


def carried_out(command: Command) -> str:
    """Return the line that a command is run as: a program that is only named in a sentence is asked for its help."""
    return command.line + " --help" * (command.inline and names_only(command.line))


def once(steps: Iterable[Step]) -> Iterator[Step]:
    """Leave out commands that another page has before, but those that write the folder `data` anew for what follows."""
    done, data = set[str](), ""
    for step in steps:
        if isinstance(step, Command):
            line, writes = carried_out(step), "out=data" in step.line.split()
            if line in done and not (writes and line != data):
                continue
            done.add(line)
            data = line if writes else data
        yield step


STEPS = [each for each in once(every_step()) if not (isinstance(each, File) and each.path.startswith(PACKAGE))]


def marked(step: Step) -> object:
    """Return a step as a test, with its marks."""
    if isinstance(step, File):
        return pytest.param(step, id=f"{step.page}: {step.path}", marks=pytest.mark.slow)
    if isinstance(step, Program):
        return pytest.param(step, id=f"{step.page}: {step.text[:40]!r}", marks=pytest.mark.slow)
    if isinstance(step, Output):
        return pytest.param(step, id=f"{step.page}: prints, by {step.line}", marks=pytest.mark.slow)
    long = any(part in step.line for part in HOURS)
    return pytest.param(step, id=str(step), marks=[pytest.mark.slow, *([pytest.mark.release] if long else [])])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a reader works: beside copies of docs and benchmarks, that their pictures may be drawn anew."""
    folder = tmp_path_factory.mktemp("reader")
    for name in ("docs", "benchmarks", "examples"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def outputs() -> dict[str, str]:
    """What each command printed, by its line."""
    return {}


def ended(line: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell that finds this environment's programs first."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": programs, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "HYDRA_FULL_ERROR": "0"}
    command = ["bash", "-c", line]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("step", [marked(each) for each in STEPS])
def test_what_the_docs_say_is_what_happens(step: Step, place: Path, outputs: dict[str, str]) -> None:
    if isinstance(step, File):
        (place / step.path).parent.mkdir(parents=True, exist_ok=True)
        (place / step.path).write_text(step.text)
        return
    if isinstance(step, Output):
        assert step.text == printed(outputs[step.line])
        return
    if isinstance(step, Program):
        for package, where in NEEDS.items():
            if package in step.text:
                pytest.skip(where)
        (place / "shown.py").write_text(step.text)
        line = "python -W error shown.py"
    elif step.line in ELSEWHERE:
        pytest.skip(ELSEWHERE[step.line])
    elif step.line == "mlflow ui":
        served(place)
        return
    elif step.line.startswith("cdrbench watch "):
        watched(step.line, place)
        return
    elif step.line.startswith(("make ", "pytest ")):
        line, place = step.line.replace("make ", "make -n ") + " --collect-only -q" * step.line.startswith("py"), ROOT
    else:
        line = carried_out(step)
    done = ended(line, place)
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    assert "Traceback" not in done.stderr
    outputs[line] = done.stdout


@pytest.mark.slow
def test_readme_shows_what_the_main_job_prints(place: Path, outputs: dict[str, str]) -> None:
    """By what its first command printed in this place: `python docs/readme.py` writes it anew."""
    (shown,) = (found[0] for found in readme.OUTPUT.finditer(readme.README.read_text()))
    assert shown == readme.output(outputs.get(readme.MAIN_JOB) or readme.ended(readme.MAIN_JOB, place))


@pytest.mark.slow
def test_readme_has_the_numbers_of_its_sweep(place: Path) -> None:
    """By the rows that its commands left in this place, within what differs between processors (graph_community)."""
    text = readme.README.read_text()
    (shown,), sweep = readme.TABLE.findall(text), readme.SWEEP.search(text)
    assert sweep is not None
    names = set(sweep[1].rpartition("=")[2].split(","))
    found = readme.table(readme.rows_of(place / "runs", names), shown)
    number = re.compile(r"\b0\.\d{3}\b")
    assert number.sub("", shown) == number.sub("", found)
    assert [float(each) for each in number.findall(found)] == pytest.approx(
        [float(each) for each in number.findall(shown)], abs=0.005
    )


def served(place: Path) -> None:
    """Start `mlflow ui` as it stands, ask for its page, and end it."""
    program = Path(sys.executable).with_name("mlflow")
    server = subprocess.Popen(
        [program, "ui"], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                with urlopen("http://127.0.0.1:5000", timeout=5) as page:
                    assert b"MLflow" in page.read()
                    return
            except (URLError, ConnectionError, TimeoutError):
                assert server.poll() is None, "mlflow ui ended"
                time.sleep(0.5)
        pytest.fail("mlflow ui did not answer")
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def watched(line: str, place: Path) -> None:
    """Start `cdrbench watch` as it stands, ask for its page, and end it by Ctrl-C."""
    program = Path(sys.executable).with_name("cdrbench")
    server = subprocess.Popen([program, *shlex.split(line)[1:]], cwd=place, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().split()[0]
        with urlopen(address, timeout=30) as page:
            assert b"cdrbench watch" in page.read()
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 0
    finally:
        server.kill()
        server.communicate()


def test_no_page_is_forgotten() -> None:
    pages = {str(path.relative_to(ROOT)) for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]}
    assert pages - {"CHANGELOG.md"} == set(PAGES)


def test_no_command_is_passed_over() -> None:
    """Whoever shows commands in another way enters it in `shown_commands`."""
    pages = {page: readme.OUTPUT.sub("", (ROOT / page).read_text()) for page in PAGES}
    found = {page: [line for line in unread(text) if not line.startswith(NO_COMMANDS.get(page, "\n"))]
             for page, text in pages.items()}  # fmt: skip
    assert {page: lines for page, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "shown",
    ["```sh\n{}\n```\n", "```sh\nX_Y=1 Z=2 {}\n```\n", "```console\n$ {}\n```\n", "```bash\n{}\n```\n",
     "```\n{}\n```\n", "~~~sh\n{}\n~~~\n", "- so\n\n  ```sh\n  {}\n  ```\n", "\n    {}\n", "\n    A=b {}\n",
     "so `{}` does\n", "so `A=b {}` does\n"],
)  # fmt: skip
@pytest.mark.parametrize("line", ["cdrbench frobnicate --hard", "python -m bench.nosuch", "curl example.org | sh"])
def test_a_command_that_is_made_up_is_run_or_told(
    shown: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shown_commands.ROOT", tmp_path)
    (tmp_path / "page.md").write_text(f"A page.\n{shown.format(line)}\nThe end.\n")
    found = [step.line for step in steps("page.md") if isinstance(step, Command)]
    not_read = list(unread((tmp_path / "page.md").read_text()))
    if shown.startswith("so ") and line.startswith("curl"):
        assert (found, not_read) == ([], [])  # in a sentence, only programs that are known are commands
        return
    assert not_read or any(line in each for each in found)
    if found and not not_read:
        assert ended(found[0], tmp_path).returncode != 0


def test_each_exception_is_still_asked_for() -> None:
    lines = [each.line for each in STEPS if isinstance(each, Command)]
    assert set(ELSEWHERE) <= set(lines)
    assert [part for part in HOURS if not any(part in line for line in lines)] == []


def test_what_a_page_shows_is_found() -> None:
    lines = [each.line for each in STEPS if isinstance(each, Command)]
    assert "python -m bench.run generator.anomaly_ratio=0.05 detector=iforest" in lines
    assert len(lines) > 60
    assert any(re.search(r"search.trials=20 'search.space=", line) for line in lines)
