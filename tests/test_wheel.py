"""What users install: the wheel, built and used in an environment that knows nothing of the source.

The environment sees the libraries of the running one, so that nothing is fetched; whether the list
of dependencies is complete shows only where they are installed anew, as `make setup` does.
"""

import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "redumbrella"
NEEDED = ("pyproject.toml", "README.md", "LICENSE")
SETUPTOOLS = 77  # the first that knows `license = "Apache-2.0"`, as [build-system] says
WAIT_SECONDS = 60
# The demo on every 300th call: the same way through the code, in seconds.
SMALL_DEMO = """
from redumbrella.cli.main import main
from redumbrella.workflows import demo
header, rows = demo._read()
demo._read = lambda: (header, rows[::300])
main()
"""


def require(found: bool, reason: str) -> None:
    """Skips what needs something that is not here; a failure when nothing may be left out."""
    if not found:
        say = pytest.fail if os.environ.get("UMBRELLA_REQUIRE") == "all" else pytest.skip
        say(reason)


def has_build_tools() -> bool:
    try:
        version = importlib.metadata.version("setuptools")
    except importlib.metadata.PackageNotFoundError:
        return False
    return int(version.partition(".")[0]) >= SETUPTOOLS


def pip(*words: str | Path) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *words, "--quiet",
                           "--disable-pip-version-check"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the source, so that no `build` of before gets into it."""
    require(has_build_tools(), f"no setuptools >= {SETUPTOOLS} to build a wheel: make setup-dev")
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in NEEDED:
        shutil.copy(ROOT / name, copy)
    shutil.copytree(SOURCE, copy / SOURCE.name, ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", out, copy)
    (built,) = out.glob("*.whl")
    return built


class Installed:
    """An environment with the wheel in it, and an empty folder to work in."""

    def __init__(self, environment: Path, folder: Path) -> None:
        self.environment = environment
        self.folder = folder
        self.scripts = environment / "bin"
        # Nothing of the running tests may lead to the source.
        self.variables = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "UMBRELLA", "VIRTUAL_ENV", "COV"))
        }

    def start(self, program: str, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.scripts / program, *words], cwd=self.folder, env=self.variables, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, program: str, *words: str) -> str:
        """Standard output of a program of the environment, which has to succeed."""
        with self.start(program, *words) as process:
            output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, output + errors
        return output


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel installed where only libraries are shared with the running environment."""
    environment, folder = tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("empty")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = Installed(environment, folder).scripts / "python"
    pip("--python", python, "install", "--no-deps", "--no-index", wheel)
    # Folders that a .pth file names are only looked through: their own .pth files, one of which
    # leads to the source where it is installed as editable, are not followed.
    shared = [place for place in sys.path if Path(place).name in {"site-packages", "dist-packages"}]
    packages = sysconfig.get_path("purelib", vars={"base": str(environment)})
    (Path(packages) / "shared.pth").write_text("\n".join(shared) + "\n", encoding="utf-8")
    return Installed(environment, folder)


def test_everything_of_the_package_is_inside(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    found = [path for path in SOURCE.rglob("*") if path.is_file()]
    files = [path for path in found if "__pycache__" not in path.parts]
    expected = {path.relative_to(ROOT).as_posix() for path in files}
    assert {name for name in inside if name.startswith("redumbrella/")} == expected
    assert "redumbrella/py.typed" in expected
    for kind in ("templates/*.html", "static/*.css", "static/*.js", "migrations/versions/*.py",
                 "demo_data/*.gz", "demo_data/SOURCE.md"):  # fmt: skip
        assert list(SOURCE.rglob(kind)), f"no {kind}: the lines above would find nothing missing"
    assert any(name.endswith("licenses/LICENSE") for name in inside)


def test_it_is_the_wheel_that_runs(installed: Installed) -> None:
    place = installed.run("python", "-c", "import redumbrella; print(redumbrella.__file__)")
    assert Path(place.strip()).is_relative_to(installed.environment)
    version = importlib.metadata.version("redumbrella")
    assert installed.run("umbrella", "--version").endswith(f" {version}\n")
    assert "umbrella run -w DIR" in installed.run("python", "-m", "redumbrella", "--help")


@contextmanager
def pages(installed: Installed) -> Iterator[str]:
    """`umbrella serve` on a free port, ended afterwards; yields the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    with installed.start("umbrella", "serve", "-w", "demo-workspace", "--port", port) as server:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def fetched(address: str) -> str:
    """What an address answers; waits while the server starts."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            with opener.open(address, timeout=WAIT_SECONDS) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_the_demo_runs_and_its_pages_open(installed: Installed) -> None:
    assert list(installed.folder.iterdir()) == []
    said = installed.run("python", "-c", SMALL_DEMO, "demo", "--no-serve")
    assert "umbrella leads -w demo-workspace" in said
    with pages(installed) as address:
        assert "Bank campaign" in fetched(f"{address}/leads")
        assert "Red Umbrella" in fetched(f"{address}/models")
        for name in ("style.css", "pages.css", "charts.js", "vega.js", "mark.svg"):
            assert fetched(f"{address}/static/{name}")
