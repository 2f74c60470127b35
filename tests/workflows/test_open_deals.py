"""From a file with stages, amounts and days to a list that knows them: nothing leaks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from lead_worlds import quiet
from small_folders import read
from stored import current_model, listed, rows_in_use

from redumbrella.columns import STAGE
from redumbrella.scores.deals import OVERDUE, add_months, add_stages, stage_column
from redumbrella.state.scores import scores, scoring_of
from redumbrella.views.lead import lead_detail
from redumbrella.views.leads import LEADS
from redumbrella.views.pipeline import PIPELINE
from redumbrella.views.worth import sentences_about
from redumbrella.workflows.run import run
from redumbrella.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("baselines_only")

SETTINGS = """
[tables.leads]
path = "deals.csv"
[tables.leads.columns]
lead_id = "id"
created_at = "created"
closed_at = "closed"
amount = "worth"
rep_id = "owner"
won = { column = "state", won = ["Won"], lost = ["Lost"] }
"""
END = datetime(2026, 6, 1, tzinfo=UTC)


def stages(folder: Path) -> dict[str, str | None]:
    workspace = open_workspace(folder)
    leads = workspace.lake.current("leads")
    workspace.state.close()
    pairs = zip(leads["lead_id"].to_pylist(), leads[STAGE].to_pylist(), strict=True)
    return dict(pairs)


def test_only_open_leads_keep_their_stage(tmp_path: Path) -> None:
    head = "id,created,closed,worth,owner,state\n"
    first = (
        "a,2026-01-01,2026-02-01,5,Ann,Won\nb,2026-01-02,,7,Bob,Offer sent\nc,2026-01-03,,,Bob,\n"
    )
    read(tmp_path, SETTINGS, deals=head + first)
    assert stages(tmp_path) == {"a": None, "b": "Offer sent", "c": None}
    later = first.replace("Offer sent", "Negotiation")
    result = read(tmp_path, SETTINGS, deals=head + later)
    assert result.changed == 1
    assert stages(tmp_path) == {"a": None, "b": "Negotiation", "c": None}
    read(
        tmp_path,
        SETTINGS,
        deals=head + later.replace(",,7,Bob,Negotiation", ",2026-03-01,7,Bob,Won"),
    )
    assert stages(tmp_path) == {"a": None, "b": None, "c": None}


def leads_of(won: list[bool | None], **columns: list[object]) -> pa.Table:
    return pa.table({"won": pa.array(won, pa.bool_()), **columns})


def test_a_field_of_the_stage_is_shown_of_open_leads_alone() -> None:
    rows: list[dict[str, object]] = [{}, {}]
    leads = leads_of([None, True], **{"Deal Stage": ["Offer", "Closed won"]})
    assert stage_column(leads) == "Deal Stage"
    add_stages(rows, leads, "Deal Stage")
    assert [row["stage"] for row in rows] == ["Offer", None]
    bare: list[dict[str, object]] = [{}]
    other = leads_of([None], **{"stages of life": ["old"]})
    add_stages(bare, other, stage_column(other))
    assert bare == [{}]


def test_the_month_is_of_the_plan_the_model_or_the_creation() -> None:
    day = datetime(2026, 3, 31, 23, tzinfo=UTC)
    zone = pa.timestamp("us", "Europe/Berlin")
    as_of = round(day.timestamp() * 1e6)
    planned = pa.array([day, None, None], zone)
    created = pa.array([day - timedelta(days=40)] * 3, zone)
    timing = {"details": {"timing": {"days": {"value": 31.0}}}}

    def months(plan: pa.Array, open_rows: list[dict[str, object]]) -> tuple[str, list[object]]:
        leads = leads_of([None] * 3, closed_at=plan, created_at=created)
        kind = add_months(open_rows, leads, as_of, "Europe/Berlin")
        return kind, [row.get("month") for row in open_rows]

    bare = [dict[str, object]() for _ in range(3)]
    assert months(planned, bare) == ("created", ["2026-02"] * 3)
    assert months(planned, [dict(timing) for _ in range(3)]) == ("expected", ["2026-05"] * 3)
    most = pa.array([day, day, None], zone)
    assert months(most, [dict(timing) for _ in range(3)]) == (
        "planned",
        ["2026-04", "2026-04", None],
    )
    late = pa.array([day, day - timedelta(hours=1), None], zone)
    assert months(late, [dict(timing) for _ in range(3)])[1] == ["2026-04", OVERDUE, None]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """900 deals of which 120 are open, with days for times and amounts of their own."""
    root, rng = tmp_path_factory.mktemp("deals"), np.random.default_rng(5)
    lines = ["id,created,closed,worth,owner,state,size"]
    for n in range(900):
        created = END - timedelta(days=900 - n)
        size, is_open = rng.normal(), n >= 780
        won = rng.random() < 1 / (1 + np.exp(0.5 - 1.5 * size))
        state = rng.choice(["New", "Offer", "Deal"]) if is_open else "Won" if won else "Lost"
        closed = "" if is_open else f"{created + timedelta(days=int(rng.integers(0, 3))):%Y-%m-%d}"
        worth = round(float(np.exp(rng.normal(6.0, 1.0))), 2)
        lines.append(f"D{n},{created:%Y-%m-%d},{closed},{worth},{'AB'[n % 2]},{state},{size:.4f}")
    (root / "umbrella.toml").write_text(SETTINGS)
    (root / "deals.csv").write_text("\n".join(lines) + "\n")
    workspace = open_workspace(root)
    run(workspace, quiet)
    yield workspace
    workspace.state.close()


def test_the_list_is_ranked_and_graded_by_value(company: Workspace) -> None:
    rows = rows_in_use(company.state, scores, "conversion")
    with company.state.reading() as connection:
        scoring = scoring_of(connection, "conversion")
    assert scoring is not None
    assert (scoring["ranked_by"], len(rows)) == ("value", 120)
    page = listed(company, LEADS, page_size=200)
    assert page.query.order == "-expected_value"
    grades = [row["grade"] for row in page.rows]
    assert grades == sorted(grades)
    assert [grades.count(grade) for grade in "ABCD"] == [12, 24, 36, 48]
    again = sum(row["expected_value"] for row in page.rows)
    assert page.around["expected"].value.value == pytest.approx(again)


def test_stages_are_shown_and_never_learned(company: Workspace) -> None:
    page = listed(company, LEADS)
    assert {row["stage"] for row in page.rows} == {"New", "Offer", "Deal"}
    groups = listed(company, PIPELINE)
    assert (groups.query.by, sum(row["leads"] for row in groups.rows)) == ("stage", 120)
    model = current_model(company)
    assert model is not None
    assert not any("stage" in each["feature"] for each in model["report"]["importance"])
    detail = lead_detail(company, page.rows[0]["lead_id"])
    assert detail.score["stage"] == page.rows[0]["stage"]
    assert STAGE not in {field.name for field in detail.fields}


def test_days_are_told_as_days(company: Workspace) -> None:
    model = current_model(company)
    assert model is not None
    values = model["report"]["values"]
    assert values["timing"]["by_day"]
    detail = lead_detail(company, listed(company, LEADS).rows[0]["lead_id"])
    assert detail.worth is not None
    assert detail.worth.timing is not None
    assert detail.worth.timing.by_day


def test_what_was_written_down_in_one_minute_teaches_no_timing(tmp_path: Path) -> None:
    rng, lines = np.random.default_rng(6), ["id,created,closed,owner,state,size"]
    for n in range(300):
        at = f"{END - timedelta(hours=300 - n):%Y-%m-%dT%H:%M:%SZ}"
        size = rng.normal()
        won = rng.random() < 1 / (1 + np.exp(-size))
        closed, state = ("", "New") if n >= 280 else (at, "Won" if won else "Lost")
        lines.append(f"D{n},{at},{closed},A,{state},{size:.4f}")
    (tmp_path / "umbrella.toml").write_text(SETTINGS.replace('amount = "worth"\n', ""))
    (tmp_path / "deals.csv").write_text("\n".join(lines) + "\n")
    workspace = open_workspace(tmp_path)
    run(workspace, quiet)
    model = current_model(workspace)
    assert model is not None
    said = sentences_about(model["report"]["values"])
    assert any("created and closed in the same minute" in sentence for sentence in said)
    assert said[0].startswith("No lead has an amount above zero")
    detail = lead_detail(workspace, listed(workspace, LEADS).rows[0]["lead_id"])
    assert detail.worth is None or detail.worth.timing is None
    workspace.state.close()
