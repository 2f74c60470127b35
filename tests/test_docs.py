"""The documentation tells the truth: generated pages are fresh, commands run, links lead on."""

import importlib.util
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from stored import listed

from redumbrella.cli import main as command_line
from redumbrella.views.leads import LEADS
from redumbrella.workflows import demo
from redumbrella.workspace import open_workspace

pytestmark = pytest.mark.usefixtures("baselines_only")

ROOT = Path(__file__).parent.parent
ALONE = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks/README.md")
PAGES = sorted([*ALONE, *(ROOT / "docs").rglob("*.md")])
WRITTEN_BY_HAND = [page for page in PAGES if page.parent.name != "reference"]
WITH_COMMANDS = ("README.md", "docs/tour.md")
EVERY_NTH_CALL = 300
TINY_COMPANY = "company-workspace"


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs/build_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_code_says() -> None:
    fresh = _generator().pages()
    kept = {path.name: path.read_text("utf-8") for path in (ROOT / "docs/reference").glob("*.md")}
    assert sorted(kept) == sorted(fresh)
    stale = [name for name in fresh if fresh[name] != kept[name]]
    assert not stale, f"stale: {stale}; run python docs/build_reference.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_that_exist(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text("utf-8")):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_make_targets_that_the_pages_name_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for page in WRITTEN_BY_HAND:
        text = page.read_text("utf-8")
        named = set(re.findall(r"(?:`|^ {4})make ([a-z-]+)", text, re.MULTILINE))
        assert named <= targets, page


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120


def _commands(page: str) -> Iterator[list[str]]:
    """Lines of code blocks that call umbrella, without what a shell would do after them."""
    for line in (ROOT / page).read_text("utf-8").splitlines():
        found = re.match(r"(?: {4})?\$? ?(umbrella [^|#]*)", line)
        if found:
            yield shlex.split(found.group(1))


@pytest.fixture
def tiny_demo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The demo on every 300th call, in an empty folder that also holds a small leads.csv."""
    header, rows = demo._read()
    monkeypatch.setattr(demo, "_read", lambda: (header, rows[::EVERY_NTH_CALL]))
    monkeypatch.chdir(tmp_path)
    lines = ["Lead Number,Created,Industry,Employees,Converted"]
    for n in range(60):
        outcome = "" if n >= 50 else ("yes", "no", "no")[n % 3]
        lines.append(f"L-{n},2026-01-{n // 2 + 1:02d},{('shop', 'farm')[n % 2]},{n % 7},{outcome}")
    (tmp_path / "leads.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return tmp_path


def _umbrella(
    words: list[str], monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", words)
    try:
        command_line.main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    output, problems = captured.readouterr()
    return code, output + problems


def _settings_of_the_tour() -> str:
    """The rule and the recommender that the tour adds to the settings."""
    found = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/tour.md").read_text("utf-8"), re.DOTALL)
    assert len(found) == 2
    return "\n" + "\n".join(found)


def test_every_command_of_the_pages_runs(
    tiny_demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = _umbrella(["umbrella", "demo", "demo-workspace"], monkeypatch, capsys)
    assert code == 0, said
    for words in (["simulate", "new", TINY_COMPANY, "--days", "45"], ["run", "-w", TINY_COMPANY]):
        if words[0] == "run":
            settings = tiny_demo / TINY_COMPANY / "umbrella.toml"
            short = settings.read_text("utf-8").replace("horizon_days = 30", "horizon_days = 7")
            settings.write_text(short + _settings_of_the_tour(), "utf-8")
        code, said = _umbrella(["umbrella", *words], monkeypatch, capsys)
        assert code == 0, said

    def some_lead(words: list[str]) -> str:
        """One on the list of the workspace that a command names."""
        where = words[words.index("-w") + 1]
        workspace = open_workspace(tiny_demo / where)
        with closing(workspace.state):
            return str(listed(workspace, LEADS, page_size=1).rows[0]["lead_id"])

    ran = set()
    for name in WITH_COMMANDS:
        for words in _commands(name):
            if words[1] == "demo":
                continue
            # The tiny ones have other leads than the page; `serve` and `work` would not come back,
            # a contest would take minutes, and the product need not be asked anew for every day.
            called = [
                some_lead(words) if word.startswith(("call-", "L-")) else word for word in words
            ]
            called += ["--help"] if words[1] == "serve" or "contest" in words else []
            called += ["--once"] if words[1] == "work" else []
            called += ["--policy", "arrival"] if words[1:3] == ["simulate", "day"] else []
            code, said = _umbrella(called, monkeypatch, capsys)
            assert code == 0, (name, words, said)
            ran.add(words[1])
    assert {"init", "check", "run", "leads", "explain", "report", "export", "serve"} <= ran
    assert {"customers", "products", "simulate", "score", "automations", "work"} <= ran
