"""What is installed is what was tested: every lock has hashes, and nothing is built with more."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = sorted(ROOT.glob("requirements*.lock"))


def pinned(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_pins_with_hashes_and_names_no_place(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert re.match(r"[\w.-]+==\S+ ", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_the_tools_that_build_are_pinned_once() -> None:
    tools, dev = pinned(ROOT / "requirements-build.lock"), pinned(ROOT / "requirements-dev.lock")
    assert set(tools) == {"setuptools"}
    assert tools.items() <= dev.items()
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert [re.match(r"[\w-]+", need)[0] for need in needed] == list(tools)  # type: ignore[index]


def test_make_builds_with_the_pinned_tools_alone() -> None:
    """`make setup` once fetched the newest setuptools of the day to build the package."""
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    builds = [line for line in lines if "pip wheel" in line or "--editable" in line]
    assert len(builds) == 2
    assert all("--no-build-isolation" in line for line in builds)
    installs = [line for line in lines if "-m pip install" in line and "--editable" not in line]
    assert all("--require-hashes" in line for line in installs)
