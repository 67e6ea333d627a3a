"""What is shipped: a source distribution that can be tested, and a wheel that leaves nothing when it is uninstalled."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDERS = ("bench", "benchmarks", "conf", "detectors", "docs", "examples", "generators", "reports", "tests")
FILES = ("CHANGELOG.md", "CONTRIBUTING.md", "DESIGN.md", "LICENSE", "Makefile", "README.md", "constraints.txt",
         "pyproject.toml", "MANIFEST.in", "setup.py")  # fmt: skip
PAGES = "https://example.org/cdrbench/raw/"
LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)]+)\)")
LEFT_OUT = ("__pycache__", ".hypothesis", ".pytest_cache")
BUILD = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"


def files_in(folder: Path) -> set[str]:
    found = {path.relative_to(folder) for name in FOLDERS for path in (folder / name).rglob("*") if path.is_file()}
    return {str(path) for path in found if not set(LEFT_OUT) & set(path.parts)}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, with both distributions in `dist`."""
    place = tmp_path_factory.mktemp("built") / "source"
    place.mkdir()
    for name in (*FOLDERS, *FILES):
        source = ROOT / name
        ignored = shutil.ignore_patterns(*LEFT_OUT)
        shutil.copytree(source, place / name, ignore=ignored) if source.is_dir() else shutil.copy(source, place)
    environment = {**os.environ, "CDRBENCH_PAGES": PAGES}
    subprocess.run([sys.executable, "-c", BUILD], cwd=place, env=environment, check=True, capture_output=True)
    return place


@pytest.mark.slow
def test_a_source_distribution_has_the_tests_and_all_that_they_need(built: Path) -> None:
    (archive,) = (built / "dist").glob("*.tar.gz")
    with tarfile.open(archive) as file:
        there = {name.partition("/")[2] for name in file.getnames()}
    assert {*files_in(ROOT), *FILES} - there == set()


@pytest.mark.slow
def test_what_a_package_index_shows_has_its_pictures(built: Path) -> None:
    (wheel,) = (built / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as file:
        (name,) = (each for each in file.namelist() if each.endswith(".dist-info/METADATA"))
        links = LINK.findall(file.read(name).decode())
    assert all(target.startswith(("https://", "http://", "#")) for _, target in links)
    pictures = [target for picture, target in links if picture]
    assert len(pictures) == 4
    assert all((ROOT / each.removeprefix(PAGES)).is_file() for each in pictures)


def test_without_an_address_nothing_of_it_is_broken() -> None:
    description = runpy.run_path(str(ROOT / "setup.py"))["description"]
    shown = description((ROOT / "README.md").read_text(), "")
    assert "# cdrbench\n" in shown
    assert [target for _, target in LINK.findall(shown) if not target.startswith(("https://", "#"))] == []


@pytest.mark.slow
def test_nothing_is_left_when_it_is_uninstalled(built: Path, workplace: Path) -> None:
    """Compiled code is in the user's cache, and no module writes beside the sources."""
    subprocess.run([sys.executable, "-m", "venv", "venv"], check=True)
    python, (wheel,) = str(Path("venv/bin/python").absolute()), (built / "dist").glob("*.whl")
    site = Path(f"venv/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages").absolute()

    def there() -> set[str]:
        places = [path for folder in (site, Path("venv/bin")) for path in folder.rglob("*")]
        return {str(path) for path in places if "pip" not in path.parts and "setuptools" not in path.parts}

    before = there()
    offline = ("--no-deps", "--no-index", "--disable-pip-version-check", "--quiet")
    subprocess.run([python, "-m", "pip", "install", *offline, str(wheel)], check=True)
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_paths()["purelib"]}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    where = (
        "import bench, conf, generators.model.rng; print(bench.__file__, conf.__file__, generators.model.rng.__file__)"
    )
    completed = subprocess.run([python, "-P", "-c", where], env=environment, check=True, capture_output=True, text=True)
    assert all(path.startswith(str(site)) for path in completed.stdout.split())
    for command in (["venv/bin/cdrbench", "run", "--cfg", "job"], ["venv/bin/cdrbench", "--help"]):
        assert subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    subprocess.run([python, "-m", "pip", "uninstall", "--yes", "--quiet", "cdrbench"], check=True)
    assert there() - before == set()
