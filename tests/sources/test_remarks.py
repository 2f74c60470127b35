"""What a single odd value changes: nothing but its own cell, and it is said."""

from pathlib import Path

import pytest

from redumbrella.settings.settings import load_settings
from redumbrella.sources.guessing.guess import guess_files
from redumbrella.sources.guessing.template import settings_text
from redumbrella.sources.result import SourceResult
from redumbrella.workflows.ingest import check

ROWS = 40


def table(**columns: list[str]) -> str:
    """Leads with an id and an outcome of yes and no, and further columns."""
    names = ["lead_id", "status", *columns]
    rows = [
        [f"L-{n}", ("won", "lost", "open")[n % 3], *(cells[n] for cells in columns.values())]
        for n in range(ROWS)
    ]
    return "\n".join("\t".join(row) for row in [names, *rows]) + "\n"


def checked(folder: Path, content: str) -> SourceResult:
    (folder / "leads.csv").write_text(content, encoding="utf-8")
    guesses = guess_files(["leads.csv"], folder)
    (folder / "umbrella.toml").write_text(settings_text("x", folder, guesses), encoding="utf-8")
    found = check(load_settings(folder))
    assert found.problems == ()
    return found.sources[0]


def column(result: SourceResult, name: str) -> tuple[str, tuple[str, ...]]:
    """Type and notes of a column."""
    return next((one.type, one.notes) for one in result.columns if one.column == name)


def numbers(start: int = 1) -> list[str]:
    return [f"{(start + n) * 7.5:.2f}" for n in range(ROWS)]


def test_a_remark_among_numbers_is_an_empty_cell_and_said(tmp_path: Path) -> None:
    cells = numbers()
    cells[7] = "call back"
    kind, notes = column(checked(tmp_path, table(size=cells)), "size")
    assert kind == "number"
    assert any('"call back"' in note and "counts as missing" in note for note in notes)


def test_what_stays_text_though_most_of_it_is_numbers_is_said(tmp_path: Path) -> None:
    cells = [*numbers()[:37], *(f"about {n}" for n in range(ROWS - 37))]
    kind, notes = column(checked(tmp_path, table(size=cells)), "size")
    assert kind == "text"
    assert notes == (
        '37 of 40 values are numbers; kept as text for "about 0", "about 1", "about 2"',
    )


def test_a_mark_of_larger_numbers_alone_groups_thousands(tmp_path: Path) -> None:
    """Another column with a decimal point says nothing of this one, whose values say enough."""
    sums = [f"{n // 3 + 1}.{n * 23 % 1000:03}" if n % 3 else str(100 + n) for n in range(ROWS)]
    result = checked(tmp_path, table(size=numbers(), profit=sums))
    _, notes = column(result, "profit")
    assert notes == ('"1.023" is read as 1023 (smaller numbers have no point)',)


def test_1970_among_seconds_is_no_time(tmp_path: Path) -> None:
    cells = [str(1_700_000_000 + 86_400 * n) if n % 4 else "1970-01-01" for n in range(ROWS)]
    kind, notes = column(checked(tmp_path, table(closed_at=cells)), "closed_at")
    assert kind == "time"
    assert '"1970-01-01" (10) counts as missing' in notes


def test_placeholders_are_not_counted_as_days(tmp_path: Path) -> None:
    cells = [
        f"2024-03-{1 + n % 28:02} 10:12:05" if n % 4 == 0 else "9999-12-31" for n in range(ROWS)
    ]
    kind, notes = column(checked(tmp_path, table(closed_at=cells)), "closed_at")
    assert kind == "time"
    assert notes == ('"9999-12-31" (30) counts as missing',)


@pytest.mark.parametrize("stage", ["Propuesta enviada", "Proposta enviada", "Angebot versendet"])
def test_an_offer_that_was_sent_is_no_status_of_an_order(tmp_path: Path, stage: str) -> None:
    rows = [
        f"L-{n},2024-03-{1 + n % 28:02},{(stage, 'Ganado', 'Perdido')[n % 3]},{n * 7},Rossi"
        for n in range(ROWS)
    ]
    (tmp_path / "leads.csv").write_text(
        "\n".join(["Lead ID,Created Date,Stage,Amount,Contact", *rows]), encoding="utf-8"
    )
    assert [guess.table for guess in guess_files(["leads.csv"], tmp_path)] == ["leads"]


@pytest.mark.parametrize("name", ["lead_id", "Lead-Nr", "ID lead", "Numéro de lead"])
def test_leads_that_come_again_with_yes_and_no_are_leads(tmp_path: Path, name: str) -> None:
    """A row for each change of a lead, with its amount: no purchases of a lead."""
    rows = [
        f"{10_000 + n // 2},2024-03-{1 + n % 28:02},{('', ('Ja', 'Nein')[n // 2 % 2])[n % 2]},"
        f"2024-04-{1 + n % 28:02},{n // 2 * 7}.50"
        for n in range(ROWS)
    ]
    (tmp_path / "list.csv").write_text(
        "\n".join([f"{name},created_at,won,updated_at,amount", *rows]), encoding="utf-8"
    )
    (guess,) = guess_files(["list.csv"], tmp_path)
    assert guess.table == "leads"
    found = {choice.name: choice.origin.column for choice in guess.choices if choice.origin}
    assert (found["lead_id"], found["updated_at"], found["won"]) == (name, "updated_at", "won")


def test_an_order_of_days_with_slashes_says_nothing_of_days_with_dots(tmp_path: Path) -> None:
    """12/31/2024 beside 04.12.2024: the second is asked for, not taken for the fourth month."""
    created = [f"{1 + n % 12}/{10 + n % 19}/2024 10:12 AM" for n in range(ROWS)]
    closed = [f"{1 + n % 12:02}.{1 + n % 11:02}.2024 10:12" for n in range(ROWS)]
    (tmp_path / "leads.csv").write_text(
        table(created_at=created, closed_at=closed), encoding="utf-8"
    )
    (guess,) = guess_files(["leads.csv"], tmp_path)
    found = {choice.name: choice for choice in guess.choices}
    assert found["created_at"].origin is not None
    assert found["created_at"].origin.format == "month first"
    assert "day first" in found["closed_at"].question
