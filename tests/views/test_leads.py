"""The list of leads and the page of one: figures, reasons, record, ranks, what to do without."""

from pathlib import Path

import pytest
from sample_company import SCRIPT, VERSION, fill_workspace, logit
from stored import listed, put_scores, rows_in_use

from redumbrella.errors import NotFoundError, SettingsError
from redumbrella.state.scores import scores
from redumbrella.views.lead import lead_detail
from redumbrella.views.leads import LEADS
from redumbrella.views.listing import count_rows
from redumbrella.views.models import current_report
from redumbrella.workspace import Workspace


def test_the_list_runs_from_the_most_probable(company: Workspace) -> None:
    page = listed(company, LEADS, page_size=100)
    probabilities = [row["probability"] for row in page.rows]
    assert probabilities == sorted(probabilities, reverse=True)
    assert (page.total, page.pages, len(page.rows), page.first_rank) == (240, 3, 100, 1)
    model = page.around["model"]
    assert (model.version, model.label) == (VERSION, "Boosted trees")


def test_wrong_questions_name_the_nearest_right_one(company: Workspace) -> None:
    with pytest.raises(SettingsError, match='Did you mean "probability"'):
        listed(company, LEADS, sort="probabilty")
    with pytest.raises(NotFoundError, match='Did you mean "conversion"'):
        listed(company, LEADS, target="conversoin")


def test_the_strongest_reason_stands_in_the_list(company: Workspace) -> None:
    for row in listed(company, LEADS, page_size=20).rows:
        why = lead_detail(company, row["lead_id"]).explanation
        assert why is not None
        strongest = max(why.raises + why.lowers, key=lambda reason: abs(reason.contribution))
        assert row["top_reason"] == strongest


def test_a_lead_shows_score_reasons_record_and_model(company: Workspace) -> None:
    lead = lead_detail(company, "L-1001")
    assert lead.score["label"] == SCRIPT
    assert lead.score["created_at"] is not None
    fields = {field.name: field.value for field in lead.fields}
    assert fields["job"] == SCRIPT
    assert fields["newsletter"] is True
    assert fields["created_at"] == lead.score["created_at"]
    assert "won" not in fields
    assert not {name for name in fields if name.startswith("_")}
    assert lead.model is not None
    assert lead.model.verdict == "with care"
    assert (lead.currency, lead.ranked) == ("EUR", 240)
    why = lead.explanation
    assert why is not None
    parts = why.base + why.rest + sum(r.contribution for r in why.raises + why.lowers)
    assert parts == pytest.approx(why.total) == pytest.approx(logit(lead.score["probability"]))


def test_the_rank_is_the_place_in_the_list(company: Workspace) -> None:
    rows = listed(company, LEADS, page_size=5).rows
    assert [lead_detail(company, row["lead_id"]).rank for row in rows] == [1, 2, 3, 4, 5]


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
    page = listed(empty_company, LEADS)
    assert (page.around["model"], page.around["said"]) == (None, ())
    assert page.around["trust"].verdict == "none"
    assert page.around["expected"].leads == 0
    assert "umbrella run" in LEADS.nothing(empty_company, None)
    with pytest.raises(NotFoundError, match="umbrella run"):
        lead_detail(empty_company, "L-1")
    with pytest.raises(NotFoundError, match="umbrella run"):
        current_report(empty_company)


def test_a_list_that_was_scored_and_is_empty_says_why(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path, leads=3)
    put_scores(workspace, "conversion", [])
    assert "No lead is open, so none is scored" in LEADS.nothing(workspace, None)
    with pytest.raises(NotFoundError) as problem:
        LEADS.nothing(workspace, "buys")
    assert problem.value.reason == "unknown_target"
    workspace.state.close()


@pytest.mark.parametrize("ask", ["list", "lead", "report", "count"])
def test_one_look_up_tells_an_unknown_target_from_none_at_all(
    company: Workspace, shop: Workspace, ask: str
) -> None:
    """Whatever asks for a target refuses it in the same words."""
    asks = {
        "list": lambda where, target: listed(where, LEADS, target=target or ""),
        "lead": lambda where, target: lead_detail(where, "L-1054", target),
        "report": current_report,
        "count": lambda where, target: count_rows(
            where, LEADS, LEADS.query({"target": target or ""})
        ),
    }
    for where in (company, shop):
        with pytest.raises(NotFoundError, match='There is no target "buys"') as unknown:
            asks[ask](where, "buys")
        assert unknown.value.reason == "unknown_target"
    with pytest.raises(SettingsError, match="names no target") as none:
        asks[ask](shop, None)
    assert none.value.reason == "no_target"
    assert asks[ask](company, None) == asks[ask](company, "conversion")


def test_several_products_of_one_lead(tmp_path: Path) -> None:
    workspace = fill_workspace(tmp_path, leads=3)
    row = rows_in_use(workspace.state, scores, "conversion")[0]
    del row["target"], row["search"]
    rows = [{**row, "lead_id": "P", "product_id": name, "probability": p}
            for name, p in (("loan", 0.2), ("card", 0.6), ("fund", 0.4))]  # fmt: skip
    put_scores(workspace, "conversion", rows)
    best = lead_detail(workspace, "P")
    assert best.score["product_id"] == "card"
    assert [(each.product_id, each.probability) for each in best.products] == [
        ("card", 0.6), ("fund", 0.4), ("loan", 0.2)]  # fmt: skip
    assert lead_detail(workspace, "P", product="loan").score["probability"] == 0.2
    assert listed(workspace, LEADS, product="fund").total == 1
    workspace.state.close()


def test_scored_leads_above_a_threshold_are_counted(company: Workspace) -> None:
    expected = sum(row["probability"] >= 0.3 for row in listed(company, LEADS).rows)
    assert count_rows(company, LEADS, LEADS.query({"min_probability": "0.3"})) == expected > 0
