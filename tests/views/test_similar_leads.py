"""Closed leads most like an open one: the formula by hand, the same age, whose leads are told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sample_company import SETTINGS, make_workspace

from redumbrella.clock import to_microseconds
from redumbrella.views.explanation import Reason
from redumbrella.views.similar_leads import LEAST_OPEN, SimilarLeads, similar_leads
from redumbrella.workspace import Workspace, open_workspace

START = datetime(2010, 8, 1, 9, tzinfo=UTC)
NOW = START + timedelta(days=110)
TIMES = ("created_at", "closed_at", "at")


def reason(feature: str, contribution: float, value: str = "", text: str = "") -> Reason:
    return Reason(feature, text or feature, value, "", contribution)


def put(workspace: Workspace, table: str, records: Sequence[dict[str, Any]]) -> None:
    known = {"_ingested_at": START}
    rows = pa.Table.from_pylist(
        [{**record, **known, "_order": n, "_row_hash": n} for n, record in enumerate(records)]
    )
    for name in (*TIMES, "_ingested_at"):
        if name in rows.column_names:
            place = rows.schema.get_field_index(name)
            rows = rows.set_column(place, name, rows[name].cast(pa.timestamp("us", tz="UTC")))
    workspace.lake.append(table, rows)


def past(number: int, **more: Any) -> dict[str, Any]:
    """A lead that was open for 60 days and lost."""
    created = START + timedelta(days=number)
    return {"lead_id": f"C{number}", "person_id": f"P{number}", "created_at": created,
            "closed_at": created + timedelta(days=60), "won": False, "source": "web",
            "product_id": "x-1", "rep_id": "R-1", "amount": 100.0 + number, "note": "hello",
            } | more  # fmt: skip


OWN = past(100, lead_id="L", person_id="PL", closed_at=None, won=None, source="fair",
           amount=110.0, note="a big order")  # fmt: skip


def asked(
    workspace: Workspace, reasons: Sequence[Reason], rest: float = 0.0, **more: Any
) -> SimilarLeads:
    found = similar_leads(workspace, "L", to_microseconds(NOW), reasons, rest, **more)
    assert found is not None
    return found


@pytest.fixture
def empty(tmp_path: Path) -> Any:
    workspace = make_workspace(tmp_path)
    yield workspace
    workspace.state.close()


def test_likeness_is_the_weighted_mean_of_the_fields(empty: Workspace) -> None:
    # Fields whose names the question has for itself too.
    leads = [past(n, age=41.0, who="a man", moment="now") for n in range(8)]
    leads[3] |= {"source": "fair", "note": "A BIG one", "won": True}
    put(empty, "leads", [OWN, *leads])
    reasons = [reason("source", 0.5), reason("amount", -0.3),
               reason("note", 0.2, "big", "the note says “big”"),
               reason("(times)", 0.4)]  # fmt: skip
    found = asked(empty, reasons, rest=-0.1)
    # Of 9 amounts this lead's has the place 8, counted from 0, and that of C3 the place 3.
    best = found.leads[0]
    assert best.lead_id == "C3"
    assert best.won
    assert best.likeness == pytest.approx(0.5 + 0.2 + 0.3 * (1 - 5 / 8))
    assert best.days == pytest.approx(60)
    assert best.amount == 103.0
    assert best.shares == ("source: fair", "note: “big”")
    others = {lead.lead_id: lead.likeness for lead in found.leads[1:]}
    assert others == pytest.approx({f"C{n}": 0.3 * (1 - (8 - n) / 8) for n in (7, 6, 5, 4)})
    assert (found.among, found.won) == (8, 1)
    assert found.covered == pytest.approx(1.0 / 1.5)
    assert found.fields == ("source", "amount", "note")


def test_past_leads_are_seen_as_they_were_at_the_same_age(empty: Workspace) -> None:
    """This lead is 10 days old: what others did later does not count, nor who was closed then."""
    leads = [past(n) for n in range(LEAST_OPEN + 1)]
    fast = past(LEAST_OPEN + 1)
    fast["closed_at"] = fast["created_at"] + timedelta(days=5)
    put(empty, "leads", [OWN, *leads, fast])
    visit = {"kind": "page_view", "page_category": "prices"}
    visits = [
        {**visit, "person_id": "PL", "at": NOW - timedelta(days=1)},
        {**visit, "person_id": "P2", "at": leads[2]["created_at"] + timedelta(days=9)},
        {**visit, "person_id": "P5", "at": leads[5]["created_at"] + timedelta(days=11)},
        {**visit, "person_id": f"P{LEAST_OPEN + 1}", "at": fast["created_at"]},
    ]
    empty_fields = {"event_id": None, "anonymous_id": None, "product_id": None}
    put(empty, "events", [{**one, **empty_fields} for one in visits])
    found = asked(empty, [reason("pages.prices", 0.4), reason("age", -0.2)])
    assert [lead.lead_id for lead in found.leads if lead.likeness == 1.0] == ["C2"]
    assert found.leads[0].shares == ("visits to prices pages: 1",)
    assert found.among == LEAST_OPEN + 1
    assert found.covered == 1.0
    assert "10 days" in found.said
    assert "left out" in found.said


def test_names_stand_for_ids(empty: Workspace) -> None:
    put(empty, "leads", [OWN, past(1)])
    put(empty, "products", [{"product_id": "x-1", "name": "Coffee"}])
    put(empty, "reps", [{"rep_id": "R-1", "name": "Ana"}])
    found = asked(empty, [reason("product_id", 0.5), reason("rep_id", 0.2)])
    assert found.leads[0].shares == ("product id: Coffee", "rep id: Ana")


def test_only_leads_of_those_owners_are_told(empty: Workspace) -> None:
    put(empty, "leads", [OWN, past(1), past(2, rep_id="R-2"), past(3, rep_id=None)])
    reasons = [reason("source", 0.5)]
    assert {lead.lead_id for lead in asked(empty, reasons).leads} == {"C1", "C2", "C3"}
    mine = asked(empty, reasons, owners=("R-2",))
    assert [lead.lead_id for lead in mine.leads] == ["C2"]
    assert mine.among == 1
    assert {lead.lead_id for lead in asked(empty, reasons, owners=("R-2", "")).leads} == {
        "C2",
        "C3",
    }
    assert similar_leads(empty, "L", to_microseconds(NOW), reasons, owners=()) is None


def test_leads_that_are_lost_by_age_count_as_lost(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text(
        SETTINGS.replace('path = "leads.csv"', 'path = "leads.csv"\nlost_after_days = 30'), "utf-8"
    )
    workspace = open_workspace(tmp_path)
    put(workspace, "leads", [OWN, past(1, won=None, closed_at=None),
                             past(99, won=None, closed_at=None)])  # fmt: skip
    found = asked(workspace, [reason("source", 0.5)])
    assert [(lead.lead_id, lead.won, lead.days) for lead in found.leads] == [("C1", False, 30.0)]
    workspace.state.close()


def test_without_anything_to_compare_there_is_no_answer(empty: Workspace) -> None:
    at = to_microseconds(NOW)
    assert similar_leads(empty, "L", at, [reason("source", 0.5)]) is None
    put(empty, "leads", [OWN])
    assert similar_leads(empty, "L", at, [reason("source", 0.5)]) is None
    assert similar_leads(empty, "L", at, [reason("(times)", 0.5)]) is None
