"""Read models over a small company: the list, one lead, the model report, files."""

import csv
from dataclasses import replace
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from pydantic import TypeAdapter
from redumbrella.views.reading import reading
from sample_company import AS_OF, OLD_VERSION, SCRIPT, VERSION, fill_workspace, logit
from sqlalchemy import select
from stored import put_scores

from redumbrella.clock import to_iso
from redumbrella.destinations.files import safe_cell
from redumbrella.errors import ModelError, NotFoundError, SettingsError
from redumbrella.reports.model import ReportDocument
from redumbrella.state import metadata as tables
from redumbrella.views.lead import lead_detail
from redumbrella.views.leads import SORTS, LeadQuery, count_at_or_above, list_leads
from redumbrella.views.models import (
    current_report,
    model_versions,
    read_document,
    report_of,
)
from redumbrella.workflows.export import COLUMNS, export_scores
from redumbrella.workspace import Workspace

EVERYTHING = LeadQuery(page_size=1_000)


def test_the_list_runs_from_the_most_probable(company: Workspace) -> None:
    page = list_leads(company, LeadQuery(page_size=100))
    probabilities = [row.probability for row in page.rows]
    assert probabilities == sorted(probabilities, reverse=True)
    assert (page.total, page.pages, len(page.rows), page.first_rank) == (240, 3, 100, 1)
    assert page.model is not None
    assert (page.model.version, page.model.label) == (VERSION, "Boosted trees")


def test_pages_do_not_overlap_and_the_last_one_is_kept(company: Workspace) -> None:
    ids = [
        row.lead_id
        for number in (1, 2, 3)
        for row in list_leads(company, LeadQuery(page=number, page_size=100)).rows
    ]
    assert len(ids) == len(set(ids)) == 240
    beyond = list_leads(company, LeadQuery(page=99, page_size=100))
    assert beyond.page == 3
    assert len(beyond.rows) == 40


@pytest.mark.parametrize("name", sorted(SORTS))
@pytest.mark.parametrize("descending", [True, False])
def test_every_shown_column_sorts_with_empty_values_last(
    company: Workspace, name: str, descending: bool
) -> None:
    page = list_leads(company, replace(EVERYTHING, sort=name, descending=descending))
    attribute = {"lead": "label", "campaign": "campaign_id", "rep": "rep_id"}.get(name, name)
    attribute = "product_id" if name == "product" else attribute
    values = [getattr(row, attribute) for row in page.rows]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=descending)
    assert values[: len(known)] == known
    assert len(values) == 240


def test_filters_narrow_and_combine(company: Workspace) -> None:
    everyone = list_leads(company, EVERYTHING).rows
    query = replace(EVERYTHING, source="fair", min_probability=0.2, rep="rep 1")
    wanted = {r.lead_id for r in everyone
              if r.source == "fair" and r.probability >= 0.2 and r.rep_id == "rep 1"}  # fmt: skip
    assert wanted
    assert {row.lead_id for row in list_leads(company, query).rows} == wanted
    grades = {row.lead_id for row in list_leads(company, replace(EVERYTHING, grade="B")).rows}
    assert grades == {row.lead_id for row in everyone if row.grade == "B"}
    assert list_leads(company, replace(EVERYTHING, product="none")).total == 0
    assert list_leads(company, replace(EVERYTHING, campaign="none")).total == 0


@pytest.mark.parametrize(
    ("text", "found"),
    [("l-1054", {"L-1054"}), ("CUSTOMER 1054", {"L-1054"}), ("1054 cust", {"L-1054"}), ("%", set()),
     ("_", set()), ("l/1 & 2", {"L/1 & 2"})],
)  # fmt: skip
def test_search_is_by_words_in_name_and_id(company: Workspace, text: str, found: set[str]) -> None:
    page = list_leads(company, replace(EVERYTHING, search=text))
    assert {row.lead_id for row in page.rows} == found


def test_the_filters_offer_what_there_is(company: Workspace) -> None:
    choices = list_leads(company, LeadQuery(), with_choices=True).choices
    assert choices["source"] == ("=partner", "fair", "web")
    assert choices["rep"] == ("rep 0", "rep 1", "rep 2", "rep 3")
    assert choices["campaign"] == ()
    assert "product" not in choices


def test_wrong_questions_name_the_nearest_right_one(company: Workspace) -> None:
    with pytest.raises(SettingsError, match='Did you mean "probability"'):
        list_leads(company, LeadQuery(sort="probabilty"))
    with pytest.raises(NotFoundError, match='Did you mean "conversion"'):
        list_leads(company, LeadQuery(target="conversoin"))


def test_the_strongest_reason_stands_in_the_list(company: Workspace) -> None:
    for row in list_leads(company, EVERYTHING).rows[:20]:
        why = lead_detail(company, row.lead_id).explanation
        assert why is not None
        strongest = max(why.raises + why.lowers, key=lambda reason: abs(reason.contribution))
        assert row.top_reason == strongest


def test_a_lead_shows_score_reasons_record_and_model(company: Workspace) -> None:
    lead = lead_detail(company, "L-1001")
    assert lead.score.label == SCRIPT
    assert lead.score.created_at is not None
    fields = {field.name: field.value for field in lead.fields}
    assert fields["job"] == SCRIPT
    assert fields["newsletter"] is True
    assert fields["created_at"] == lead.score.created_at
    assert "won" not in fields
    assert not {name for name in fields if name.startswith("_")}
    assert lead.model is not None
    assert lead.model.verdict == "with care"
    assert (lead.currency, lead.ranked) == ("EUR", 240)
    why = lead.explanation
    assert why is not None
    parts = why.base + why.rest + sum(r.contribution for r in why.raises + why.lowers)
    assert parts == pytest.approx(why.total) == pytest.approx(logit(lead.score.probability))


def test_the_rank_is_the_place_in_the_list(company: Workspace) -> None:
    rows = list_leads(company, LeadQuery(page_size=5)).rows
    assert [lead_detail(company, row.lead_id).rank for row in rows] == [1, 2, 3, 4, 5]


def test_a_missing_field_of_the_record_is_told_from_an_absent_column(company: Workspace) -> None:
    fields = {field.name: field.value for field in lead_detail(company, "L-1005").fields}
    assert fields["previous calls"] is None
    assert "campaign_id" not in fields


@pytest.mark.parametrize(
    ("lead_id", "reason", "words"),
    [
        ("L-10544", "unknown_lead", 'Did you mean "L-1054"'),
        ("l-1054", "unknown_lead", 'Did you mean "L-1054"'),
        ("C-1", "closed_lead", "closed \\(won\\)"),
        ("' OR 1=1 --", "unknown_lead", "There is no scored lead"),
    ],
)
def test_an_id_without_a_score_is_explained(
    company: Workspace, lead_id: str, reason: str, words: str
) -> None:
    with pytest.raises(NotFoundError, match=words) as problem:
        lead_detail(company, lead_id)
    assert problem.value.reason == reason


def test_without_scores_it_says_what_to_run(empty_company: Workspace) -> None:
    assert list_leads(empty_company, LeadQuery()).model is None
    with pytest.raises(NotFoundError, match="umbrella run"):
        lead_detail(empty_company, "L-1")
    with pytest.raises(NotFoundError, match="umbrella run"):
        current_report(empty_company)
    with pytest.raises(NotFoundError, match="umbrella run"):
        export_scores(empty_company, LeadQuery())


def test_several_products_of_one_lead(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path, leads=3)
    with reading(workspace) as connection:
        row = dict(connection.execute(select(tables.scores).limit(1)).mappings().one())
    del row["target"], row["search"]
    rows = [{**row, "lead_id": "P", "product_id": name, "probability": p}
            for name, p in (("loan", 0.2), ("card", 0.6), ("fund", 0.4))]  # fmt: skip
    put_scores(workspace, "conversion", rows)
    best = lead_detail(workspace, "P")
    assert best.score.product_id == "card"
    assert [(each.product_id, each.probability) for each in best.products] == [
        ("card", 0.6), ("fund", 0.4), ("loan", 0.2)]  # fmt: skip
    assert lead_detail(workspace, "P", product="loan").score.probability == 0.2
    assert list_leads(workspace, LeadQuery(product="fund")).total == 1


def test_the_report_is_the_stored_document(company: Workspace) -> None:
    report = current_report(company)
    TypeAdapter(ReportDocument).validate_python(report.document)
    assert report.facts.version == report.document["model_version"] == VERSION
    assert report.chosen is not None
    assert report.chosen["family"] == "boosted"
    assert report_of(company, OLD_VERSION).facts.is_current is False
    assert [facts.version for facts in model_versions(company)] == [VERSION, OLD_VERSION]
    with pytest.raises(NotFoundError, match=f'Did you mean "{VERSION}"'):
        report_of(company, VERSION + "x")


def test_absent_parts_of_a_report_are_filled_and_newer_ones_refused(company: Workspace) -> None:
    document = dict(current_report(company).document)
    del document["leaks"], document["stability"]
    old = read_document(orjson.dumps(document).decode())
    assert old["leaks"] == []
    assert old["stability"] is None
    with pytest.raises(ModelError, match="newer version"):
        read_document('{"format": 2}')


def test_the_confusion_matrix_follows_threshold_or_capacity(company: Workspace) -> None:
    report = current_report(company)
    default, chosen = report.confusion_at(), report.confusion_at(threshold=0.5)
    assert default is not None
    assert chosen is not None
    assert (default["threshold"], chosen["threshold"]) == (0.25, 0.5)
    worked = report.confusion_at(capacity=0.1)
    assert worked is not None
    assert 0.09 < worked["capacity"] <= 0.1
    least = report.confusion_at(capacity=0.0)
    assert least is not None
    assert least["threshold"] == 0.99


def test_scored_leads_above_a_threshold_are_counted(company: Workspace) -> None:
    expected = sum(row.probability >= 0.3 for row in list_leads(company, EVERYTHING).rows)
    assert count_at_or_above(company, "conversion", 0.3) == expected > 0


def test_csv_has_the_contract_columns_in_order(company: Workspace, tmp_path: Path) -> None:
    result = export_scores(company, EVERYTHING, "csv", tmp_path / "s.csv")
    with result.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == result.rows == 240
    assert tuple(rows[0]) == COLUMNS
    assert COLUMNS[:16] == (
        "lead_id", "person_id", "product_id", "target", "as_of", "probability", "low", "high",
        "percentile", "grade", "amount", "ltv", "expected_value", "regime", "model_version",
        "reasons",
    )  # fmt: skip
    shown = list_leads(company, EVERYTHING).rows
    assert [row["lead_id"] for row in rows] == [row.lead_id for row in shown]
    assert [float(row["probability"]) for row in rows] == [row.probability for row in shown]
    assert rows[0]["as_of"] == to_iso(AS_OF)
    assert rows[0]["ltv"] == ""
    assert {row["source"] for row in rows} == {"'=partner", "fair", "web"}
    assert any("raises: " in row["reasons"] and " | lowers: " in row["reasons"] for row in rows)


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("-2+3", "'-2+3"), ("@x", "'@x"), ("\tx", "'\tx"),
     ("-12", "-12"), ("+351912345678", "+351912345678"), ("a=1", "a=1"), ("", "")],
)  # fmt: skip
def test_a_spreadsheet_never_runs_a_cell(text: str, cell: str) -> None:
    assert safe_cell(text) == cell


def test_json_lines_and_parquet_agree(company: Workspace, tmp_path: Path) -> None:
    lines = export_scores(company, EVERYTHING, "jsonl", tmp_path / "s.jsonl").path.read_bytes()
    records = [orjson.loads(line) for line in lines.splitlines()]
    table = pq.read_table(export_scores(company, EVERYTHING, "parquet", tmp_path / "s.pq").path)
    assert tuple(records[0]) == COLUMNS == tuple(table.column_names)
    assert str(table.schema.field("as_of").type) == "timestamp[us, tz=UTC]"
    for name in ("lead_id", "probability", "grade", "source", "ltv", "reliable"):
        assert table.column(name).to_pylist() == [record[name] for record in records]
    texts = [[reason["text"] for reason in record["reasons"]] for record in records]
    assert [[r["text"] for r in cell] for cell in table.column("reasons").to_pylist()] == texts
    sizes = [abs(reason["contribution"]) for reason in records[0]["reasons"]]
    assert sizes == sorted(sizes, reverse=True)


def test_a_failed_export_leaves_the_earlier_file(company: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("earlier")
    with pytest.raises(NotFoundError):
        export_scores(company, replace(EVERYTHING, search="nobody"), "csv", path)
    assert path.read_text() == "earlier"
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="could not be written"):
        export_scores(company, EVERYTHING, "csv", tmp_path / "file" / "s.csv")
    assert {item.name for item in tmp_path.iterdir()} == {"s.csv", "file"}
