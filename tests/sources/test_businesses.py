"""`init` on whole folders of files: the mapping and what is read are right without an edit."""

from collections.abc import Callable
from pathlib import Path

import pytest

from redumbrella.settings.settings import load_settings
from redumbrella.sources.guessing.guess import TableGuess, guess_files
from redumbrella.sources.guessing.template import settings_text
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import Workspace, open_workspace
from tests.sources.businesses import BUSINESSES, HELD_OUT, Business


def opened(folder: Path, business: Business) -> tuple[list[TableGuess], Workspace]:
    """The guesses about the files of a business, and a workspace that has read them so."""
    for name, content in business.files.items():
        (folder / name).write_text(content, encoding="utf-8")
    guesses = guess_files(list(business.files), folder)
    (folder / "umbrella.toml").write_text(settings_text("x", folder, guesses), encoding="utf-8")
    load_settings(folder)
    workspace = open_workspace(folder)
    ingest(workspace)
    return guesses, workspace


def mapped(guess: TableGuess) -> dict[str, str]:
    """Canonical column -> the column it comes from."""
    return {choice.name: choice.origin.column for choice in guess.choices if choice.origin}


@pytest.mark.parametrize("make", [*BUSINESSES, *HELD_OUT], ids=lambda make: make.__name__)
def test_a_folder_of_one_business_needs_no_edits(
    tmp_path: Path, make: Callable[[], Business]
) -> None:
    business = make()
    guesses, workspace = opened(tmp_path, business)
    tables = {
        file.path.name: guess.table for guess in guesses for file in (guess.file, *guess.more)
    }
    tables |= {one.look.file.path.name: "joined" for guess in guesses for one in guess.joins}
    assert tables == business.tables
    for guess in guesses:
        wanted = business.columns.get(guess.table, {})
        found = mapped(guess)
        assert {name: found.get(name) for name in wanted} == wanted
    if business.states is not None:
        won = workspace.lake.current("leads", ["won"])["won"].to_pylist()
        assert (won.count(True), won.count(False), won.count(None)) == business.states
    if business.money:
        assert sums(workspace) == pytest.approx(business.money)
    if business.events:
        people = workspace.lake.current("events", ["person_id"])["person_id"].to_pylist()
        assert {who: people.count(who) for who in set(people) - {None}} == business.events


def sums(workspace: Workspace) -> dict[str, float]:
    """Money by customer."""
    found: dict[str, float] = {}
    for row in workspace.lake.current("purchases", ["person_id", "amount"]).to_pylist():
        found[row["person_id"]] = found.get(row["person_id"], 0) + row["amount"]
    return found
