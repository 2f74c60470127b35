"""The lists of what was read, set aside and run."""

from sample_company import TRAINED_AT
from stored import listed

from redumbrella.clock import to_datetime
from redumbrella.views.kinds import Frame
from redumbrella.views.rejected import REJECTED
from redumbrella.views.runs import DURATION, RUNS
from redumbrella.views.sources import SOURCES
from redumbrella.workspace import Workspace

FRAME = Frame("EUR", "UTC")


def test_runs_stand_newest_first_and_say_how_they_ended(full: Workspace) -> None:
    rows = listed(full, RUNS).rows
    assert [(row["verb"], row["status"], row["seconds"]) for row in rows] == [
        ("score", "running", None),
        ("train", "failed", 1.5),
        ("ingest", "done", 30.0),
    ]
    assert rows[1]["message"] == "Too few outcomes."
    assert rows[1]["started_at"] == to_datetime(TRAINED_AT)


def test_how_long_a_run_took_is_said_in_its_own_unit() -> None:
    spent = [DURATION.words(seconds, FRAME) for seconds in (None, 1.25, 89.0, 95.0, 7_000.0)]
    assert spent == ["", "1.2 s", "89.0 s", "2 min", "1.9 h"]


def test_sources_and_the_rows_set_aside(full: Workspace) -> None:
    rows = listed(full, SOURCES).rows
    assert [(row["table_name"], row["path"], row["rejected"]) for row in rows] == [
        ("leads", "leads.csv", 2),
        ("purchases", "purchases.csv", 0),
    ]
    assert [row["rejected"] for row in listed(full, SOURCES, sort="rejected").rows] == [0, 2]
    aside = listed(full, REJECTED, table="leads", file="leads.csv", sort="line").rows
    assert [(row["line"], row["reason"]) for row in aside] == [
        (2, "unreadable_value"),
        (3, "unreadable_value"),
    ]
    assert "perhaps 2" in aside[0]["message"]
    assert listed(full, REJECTED, file="leads.csv").total == 2
