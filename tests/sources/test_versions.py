"""Several rows of one lead: the newest counts, however the rows and files are ordered."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redumbrella.errors import DataError
from redumbrella.progress import silent
from redumbrella.settings.currencies import Currencies
from redumbrella.settings.sources import ColumnSource, Source
from redumbrella.sources.connection import staging_connection
from redumbrella.sources.reading import Surroundings, TableRead, find_inputs, read_table
from redumbrella.sources.staging import BAD

START = datetime(2024, 1, 1, 8)
Row = tuple[str, str, str, str]  # id, created, changed, outcome


def read(
    folder: Path, *files: list[Row], header: str = "lead_id,created,changed,won", **columns: str
) -> tuple[dict[str, tuple[Any, Any]], TableRead]:
    """Outcome and day of creation of each lead that counts, and what was read."""
    names = []
    for number, rows in enumerate(files):
        names.append(f"leads-{number}.csv")
        text = "\n".join([header, *(",".join(row) for row in rows)])
        (folder / names[-1]).write_text(text + "\n")
    mapped = {name: ColumnSource(column) for name, column in columns.items()}
    source = Source("leads", tuple(names), columns=mapped)
    with staging_connection("UTC") as connection:
        found = read_table(
            connection,
            source,
            find_inputs(source, folder),
            Surroundings("UTC", 2 * 10**15, Currencies()),
            lake_types={},
            report=silent,
        )
        kept = connection.execute(
            f"SELECT lead_id, won, created_at FROM {found.typed.name} WHERE {BAD} IS NULL"
        ).fetchall()
    assert len({row[0] for row in kept}) == len(kept)
    return {row[0]: (row[1], row[2]) for row in kept}, found


def at(hours: int) -> str:
    return (START + timedelta(hours=hours)).isoformat()


def histories(leads: int = 40) -> list[Row]:
    """Leads that are created one after the other, open first and most of them decided later."""
    rows = []
    for n in range(leads):
        created = 10 * n
        rows.append((f"L{n:03}", at(created), at(created), ""))
        if n % 4:
            rows.append((f"L{n:03}", at(created), at(created + 15 + n % 7), str(n % 2)))
    return sorted(rows, key=lambda row: row[2])


TRUTH = {f"L{n:03}": bool(n % 2) if n % 4 else None for n in range(40)}


@given(st.randoms(use_true_random=False), st.integers(1, 3))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_with_a_time_of_change_no_order_of_rows_or_files_matters(
    tmp_path: Path, chance: random.Random, files: int
) -> None:
    rows = histories()
    chance.shuffle(rows)
    parts = [rows[n::files] for n in range(files)]
    found, table = read(tmp_path, *parts, created_at="created", updated_at="changed")
    assert {lead: won for lead, (won, _) in found.items()} == TRUTH
    assert (table.older, table.reasons.total()) == (30, 0)
    assert any("Older rows of the same lead_id: 30." in note for note in table.notes)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("header", ["lead_id,created,changed,won", "lead_id,created,other,won"])
def test_without_it_another_time_or_the_direction_of_the_file_tells(
    tmp_path: Path, header: str, newest_first: bool
) -> None:
    rows = histories()
    if "other" in header:  # a column that tells nothing
        rows = [(lead, created, "x", won) for lead, created, _, won in rows]
    if newest_first:
        rows.reverse()
    found, table = read(tmp_path, rows, header=header, created_at="created")
    assert {lead: won for lead, (won, _) in found.items()} == TRUTH
    assert (table.older, table.reasons.total()) == (30, 0)


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_file_without_times_is_told_by_its_numbers(tmp_path: Path, newest_first: bool) -> None:
    rows: list[Row] = [(f"{n // 2}", "", "", f"{n % 2}") for n in range(40)]
    rows += [(f"{n}", "", "", "1") for n in range(20, 90)]
    if newest_first:
        rows.reverse()
    found, table = read(tmp_path, rows, header="lead_id,a,b,won")
    assert table.reasons == {"two_outcomes": 20}  # nothing says that one outcome came later
    assert all(won for won, _ in found.values())


def test_without_a_time_of_creation_the_earliest_change_is_taken(tmp_path: Path) -> None:
    rows = histories()
    found, table = read(tmp_path, rows[::-1], header="lead_id,x,changed,won", updated_at="changed")
    assert found["L001"][1].isoformat() == at(10) + "+00:00"
    assert any('earliest "changed"' in note for note in table.notes)


def test_two_outcomes_at_one_time_are_said(tmp_path: Path) -> None:
    rows = [("a", at(0), at(5), "1"), ("a", at(0), at(5), "0"), ("a", at(0), at(4), "")]
    rows += [(f"b{n}", at(n), at(n), "") for n in range(9)]
    found, table = read(tmp_path, rows, created_at="created", updated_at="changed")
    assert table.reasons == {"two_outcomes": 1}
    assert table.older == 1
    assert found["a"][0] is False


def test_more_rows_of_a_lead_than_leads_are_no_reason_to_refuse(tmp_path: Path) -> None:
    rows = [(f"L{n}", at(0), at(m), "") for n in range(4) for m in range(9)]
    _, table = read(tmp_path, rows, created_at="created", updated_at="changed")
    assert (table.older, table.reasons.total()) == (32, 0)


def test_what_most_rows_share_and_no_time_tells_apart_is_no_id(tmp_path: Path) -> None:
    rows = [(f"city{n % 3}", at(7 * n % 40), "x", "") for n in range(40)]
    with pytest.raises(DataError, match="map updated_at"):
        read(tmp_path, rows, header="lead_id,created,other,won", created_at="created")
