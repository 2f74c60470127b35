"""How leads with such a score did before: by hand, only settled ones, and else the model's test."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from sample_company import fill_workspace, make_workspace
from stored import listed

from redumbrella.clock import to_microseconds
from redumbrella.evaluation.metrics import wilson
from redumbrella.reports.changes import day_of
from redumbrella.scores.history import TABLE
from redumbrella.state.history import write_score_day
from redumbrella.views.cohorts import COHORTS, LEAST, band_words
from redumbrella.views.listing import is_empty
from redumbrella.workspace import Workspace

FIRST = date(2010, 9, 1)
LAST = date(2010, 10, 20)
LOW, HIGH = band_words(2), band_words(6)  # 5 to 10 %, 50 to 70 %
TOOK = 10  # days from creation to close of all that were won


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Workspace]:
    workspace = fill_workspace(tmp_path, leads=4)
    yield workspace
    workspace.state.close()


def keep(workspace: Workspace, day: date, number: int, scores: dict[str, float]) -> None:
    """One scored day in the lake of snapshots, not noted in the state."""
    rows = pa.table({
        "target": ["conversion"] * len(scores), "lead_id": list(scores),
        "product_id": [""] * len(scores), "model_version": ["m"] * len(scores),
        "grade": ["A" if p > 0.4 else "D" for p in scores.values()],
        "day": pa.array([day] * len(scores), pa.date32()),
        "number": pa.array([number] * len(scores), pa.int64()),
        "probability": pa.array(list(scores.values()), pa.float32()),
    })  # fmt: skip
    workspace.snapshots.replace(TABLE, rows, f"number = {number}")


def note(workspace: Workspace, day: date, number: int) -> None:
    at = to_microseconds(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    with workspace.state.writing() as connection:
        write_score_day(connection, {
            "target": "conversion", "day": day_of(day), "number": number, "scored_at": at,
            "as_of": at, "model_version": "m", "asked": 1, "known": {},
        }, ())  # fmt: skip


def closed(workspace: Workspace, won: dict[str, bool | None], created: datetime) -> None:
    schema = workspace.lake.schema("leads")
    rows = [{
        "lead_id": name, "won": is_won, "created_at": created,
        "closed_at": created + timedelta(days=TOOK) if is_won is not None else None,
        "_ingested_at": created, "_order": 1_000 + n, "_row_hash": n,
    } for n, (name, is_won) in enumerate(won.items())]  # fmt: skip
    table = pa.Table.from_pylist(rows)
    for name in ("created_at", "closed_at", "_ingested_at"):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(pa.timestamp("us", tz="UTC")))
    if "closed_at" not in schema.names:
        workspace.lake.widen("leads", ["closed_at"])
    workspace.lake.append("leads", table)


def fill(workspace: Workspace) -> None:
    """40 settled leads, 10 of them at 60 %, and one too young that is won already."""
    scores = {f"S{n}": 0.6 if n < 10 else 0.08 for n in range(40)}
    won: dict[str, bool | None] = {name: n in (0, 1, 2, 3, 20) for n, name in enumerate(scores)}
    won["S39"] = None  # still open after so long: not won
    closed(workspace, won, datetime(2010, 9, 1, tzinfo=UTC))
    closed(workspace, {"young": True}, datetime(2010, 10, 9, tzinfo=UTC))
    keep(workspace, FIRST, 1, scores)
    keep(workspace, FIRST, 9, {"S0": 0.001, "ghost": 0.5})  # of a run that was killed
    keep(workspace, LAST, 2, {**dict.fromkeys(scores, 0.9), "young": 0.6})
    note(workspace, FIRST, 1)
    note(workspace, LAST, 2)


def test_settled_leads_count_once_with_their_first_score(company: Workspace) -> None:
    fill(company)
    page = listed(company, COHORTS)
    assert page.around["basis"] == "kept scores"
    bands = {row["name"]: row for row in page.rows}
    assert list(bands) == [LOW, HIGH]
    assert [(row["leads"], row["won"]) for row in bands.values()] == [(30, 1), (10, 4)]
    best = bands[HIGH]
    assert (best["low"], best["high"]) == pytest.approx(wilson(4, 10))
    assert best["conversion"] == pytest.approx(0.4)
    assert best["expected"] == pytest.approx(0.6, abs=1e-6)
    assert best["as_said"] is (best["low"] <= 0.6 <= best["high"])


def test_groups_by_grade_and_by_month(company: Workspace) -> None:
    fill(company)
    by_grade = {row["name"]: row["leads"] for row in listed(company, COHORTS, by="grade").rows}
    assert by_grade == {"A": 10, "D": 30}
    assert [row["name"] for row in listed(company, COHORTS, by="month").rows] == ["2010-09"]
    both = listed(company, COHORTS, by="band_month").rows
    assert [(row["name"], row["month"]) for row in both] == [
        (LOW, "2010-09"), (HIGH, "2010-09"),
    ]  # fmt: skip


def test_too_few_settled_leads_leave_it_to_the_test_of_the_model(company: Workspace) -> None:
    closed(company, {f"S{n}": True for n in range(LEAST - 1)}, datetime(2010, 9, 1, tzinfo=UTC))
    keep(company, FIRST, 1, {f"S{n}": 0.3 for n in range(LEAST - 1)})
    keep(company, LAST, 2, {"S0": 0.3})
    note(company, FIRST, 1)
    note(company, LAST, 2)
    page = listed(company, COHORTS, by="month")
    assert page.around["basis"] == "test of the model"
    assert f"{LEAST - 1} leads counted, {LEAST} are" in page.around["said"][0]
    assert "2010-09-11" in page.around["said"][0]
    assert page.rows
    assert all(row["leads"] and row["month"] == "" for row in page.rows)


def test_before_any_score_is_kept_the_test_of_the_model_answers(company: Workspace) -> None:
    page = listed(company, COHORTS)
    assert page.around["basis"] == "test of the model"
    assert "umbrella run" in page.around["said"][0]


def test_without_a_model_the_list_says_what_to_run(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    assert is_empty(workspace, COHORTS, COHORTS.query({}))
    assert "umbrella run" in COHORTS.nothing(workspace, None)
    workspace.state.close()
