"""Why a score moved: whatever came, late, corrected or new, the parts sum to the difference."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from history_world import START, write_history_company
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lead_worlds import quiet

from redumbrella.clock import to_microseconds
from redumbrella.columns import INGESTED_AT, ORDER
from redumbrella.errors import NotFoundError
from redumbrella.lake.extract import Extract, everything_of
from redumbrella.learning.few_leads import ReadSoFar, known_at_reading, look_at_lead
from redumbrella.models.model_folder import read_model_files
from redumbrella.models.registry import LeadModel, load_model
from redumbrella.scores.changes import change_part
from redumbrella.scores.telling import Speech
from redumbrella.views.score_change import _parts, _Sides
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.score import score
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace

pytestmark = pytest.mark.usefixtures("baselines_and_trees")

END = START + timedelta(days=285)
T0 = to_microseconds(END)
DAY = 86_400_000_000


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, Any, Any]]:
    workspace = write_history_company(tmp_path_factory.mktemp("company"))
    ingest(workspace, quiet)
    found = []
    for back in (120, 0):
        made = train(workspace, quiet, as_of=to_microseconds(END - timedelta(days=back)))
        found.append(load_model(read_model_files(workspace.models / made.version)))
    yield workspace, found[0], found[1]
    workspace.state.close()


@dataclass
class Opaque:
    """Hypothesis writes down what a test was given; models are too long for that."""

    inside: tuple[Workspace, Any, Any]

    def __repr__(self) -> str:
        return "<models of two days>"


@pytest.fixture(scope="module")
def models_of_two_days(company: tuple[Workspace, Any, Any]) -> Opaque:
    return Opaque(company)


def reading(extract: Extract) -> ReadSoFar:
    last = {name: max(rows[ORDER].to_pylist(), default=-1) for name, rows in extract.rows.items()}
    return ReadSoFar(last, "created_at", 0.0)


def with_row(extract: Extract, table: str, **values: Any) -> Extract:
    """One more row, read after all others."""
    rows = extract.rows[table]
    template = dict.fromkeys(rows.column_names) | (rows.to_pylist()[-1] if rows.num_rows else {})
    order = max(rows[ORDER].to_pylist(), default=100_000) + 1
    more = {**template, **values, ORDER: order, INGESTED_AT: datetime(2026, 1, 1, tzinfo=UTC)}
    added = pa.Table.from_pylist([more], rows.schema)
    return Extract(extract, {**extract.rows, table: pa.concat_tables([rows, added])})


NEWS = st.lists(
    st.tuples(
        st.sampled_from(["activities", "events", "leads"]),
        # From the first scoring: read late, or happened since.
        st.timedeltas(timedelta(days=-20), timedelta(days=5)),
        st.integers(0, 3),
    ),
    max_size=5,
)


def told(extract: Extract, lead: str, news: list[tuple[str, timedelta, int]]) -> Extract:
    for table, since, variant in news:
        at = END + since
        if table == "activities":
            outcome = ("talked", "no answer", "never seen", None)[variant]
            more = {"at": at, "lead_id": lead, "person_id": None, "kind": "call",
                    "outcome": outcome, "duration_s": 200.0 * variant, "rep_id": "r1"}  # fmt: skip
        elif table == "events":
            more = {"at": at, "person_id": f"P{lead[1:]}", "kind": "pricing_view"}
        else:
            more = {"size": (0.0, 1.0, 3.0, None)[variant]}
        extract = with_row(extract, table, **more)
    return extract


@settings(max_examples=12, phases=[Phase.explicit, Phase.generate])
@given(
    lead=st.sampled_from(["L262", "L270", "L279"]),
    news=NEWS,
    days=st.floats(0.01, 40.0),
    is_new_model=st.booleans(),
    is_gone=st.booleans(),
)
def test_parts_sum_to_the_difference(
    models_of_two_days: "Opaque",
    lead: str,
    news: list[tuple[str, timedelta, int]],
    days: float,
    is_new_model: bool,
    is_gone: bool,
) -> None:
    workspace, older, newer = models_of_two_days.inside
    first = everything_of(workspace.lake, [f"P{lead[1:]}"], [lead])
    every = told(first, lead, news)
    then, now = reading(first), reading(every)
    old = older if is_new_model else newer
    document = [{"rows": dict(r.rows), "order": r.order, "first": r.first} for r in (then, now)]
    sides = _Sides(
        target=workspace.settings.target("conversion"), lead_id=lead, everything=every,
        then={"known": document[0], "as_of": T0, "model_version": "a", "day": 1},
        now={"known": document[1], "as_of": T0 + round(days * DAY), "model_version": "b", "day": 2},
        stored=0.37, timezone="UTC", speech=Speech(),
    )  # fmt: skip
    last = known_at_reading(every, now)
    final = sides.look(newer, last, sides.now)
    known_model = None if is_gone and is_new_model else old
    parts, start, said = _parts(sides, known_model, newer, last, final, Speech())
    assert sum(part.change for part in parts) == pytest.approx(final.log_odds - start, abs=1e-9)
    for part in parts:
        total = sum(reason.change for reason in part.reasons) + part.rest
        assert total == pytest.approx(part.change, abs=1e-9)
    if known_model is not None:
        # The score of then is that of a lake that has not read the news at all.
        alone = look_at_lead(old, first, lead, T0, then, "UTC")
        assert start == pytest.approx(alone.log_odds, abs=1e-9)
    else:
        assert "are gone" in said[0]
    by_name = {part.name: part.change for part in parts}
    if not [one for one in news if one[0] != "leads" and one[1] >= timedelta(0)]:
        assert by_name["did"] == 0.0
    if not [one for one in news if one[0] == "leads" or one[1] < timedelta(0)]:
        assert by_name["record"] == 0.0
    if not is_new_model:
        assert by_name["model"] == 0.0


def test_one_lead_alone_is_scored_as_in_the_list(
    company: tuple[Workspace, LeadModel, LeadModel],
) -> None:
    workspace, _, newer = company
    score(workspace, quiet, as_of=T0)
    from lead_worlds import scores_of

    from redumbrella.state.history import scored_days

    with workspace.state.reading() as connection:
        day = scored_days(connection, "conversion")[-1]
    for lead, row in scores_of(workspace).items():
        extract = everything_of(workspace.lake, [row["person_id"]], [lead])
        found = look_at_lead(newer, extract, lead, day["as_of"], ReadSoFar.of(day["known"]), "UTC")
        assert found.log_odds == pytest.approx(row["reasons"]["total"], abs=1e-9)


def test_a_lead_that_was_not_known_is_said(
    company: tuple[Workspace, LeadModel, LeadModel],
) -> None:
    workspace, _, newer = company
    extract = everything_of(workspace.lake, ["P270"], ["L270"])
    nothing = known_at_reading(extract, ReadSoFar({}, "created_at", 0.0))
    assert nothing.tables() == ()
    with pytest.raises(NotFoundError, match="Nothing was known"):
        look_at_lead(newer, nothing, "L270", T0, ReadSoFar({}, "created_at", 0.0), "UTC")


def test_reasons_of_a_part_say_what_was_before(
    company: tuple[Workspace, LeadModel, LeadModel],
) -> None:
    workspace, _, newer = company
    extract = everything_of(workspace.lake, ["P270"], ["L270"])
    then = reading(extract)
    every = told(extract, "L270", [("activities", timedelta(days=1), 0)])
    later = T0 + 3 * DAY
    before, after = (look_at_lead(newer, known, "L270", later, then, "UTC")
                         for known in (extract, every))  # fmt: skip
    part = change_part("did", before, after, Speech())
    assert part.reasons
    assert all(reason.text != reason.before for reason in part.reasons)
    again = change_part("did", before, replace(before), Speech())
    assert again.change == 0.0
    assert not again.reasons
    assert np.isclose(change_part("did", after, before, Speech()).change, -part.change)
