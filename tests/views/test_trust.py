"""Trust in scores and values, and lists that show places in order instead of figures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from every_list import fill_every_list
from stored import current_model, listed, put_model

from redumbrella.errors import NotFoundError
from redumbrella.reports.customers import Lifetime
from redumbrella.views.customers import CUSTOMERS
from redumbrella.views.leads import LEADS
from redumbrella.views.order_only import hidden_columns, order_only
from redumbrella.views.pipeline import PIPELINE
from redumbrella.views.products import PRODUCTS
from redumbrella.views.trust import (
    trust_in,
    trust_in_list,
    trust_in_use,
    trust_in_values,
    trusts_among,
)
from redumbrella.workspace import Workspace


@pytest.fixture(scope="module")
def doubted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Every list has rows, and the models of leads and of products are not ready."""
    workspace = fill_every_list(tmp_path_factory.mktemp("doubted"))
    for target in ("conversion", "products"):
        model = current_model(workspace, target)
        assert model is not None
        put_model(workspace, {**model, "verdict": "not ready"})
    yield workspace
    workspace.state.close()


def test_places_are_those_of_the_whole_list_whatever_is_shown(doubted: Workspace) -> None:
    every = [row["probability"] for row in listed(doubted, LEADS, page_size=100).rows]
    assert len(set(every)) > 50
    for asked in ({"source": "fair"}, {"sort": "lead", "page": 2, "page_size": 7}):
        page = listed(doubted, LEADS, **cast("Any", asked))
        shown = order_only(doubted, page)
        assert len(shown.rows) > 5
        assert [row["place"] for row in shown.rows] == [
            1 + sum(p > row["probability"] for p in every) for row in page.rows
        ]


def test_figures_filters_and_bars_of_a_model_that_is_not_ready_are_gone(
    doubted: Workspace,
) -> None:
    leads = order_only(doubted, listed(doubted, LEADS)).view
    for name in ("probability", "interval", "grade", "expected_value", "qualification"):
        assert name not in leads.shown + leads.terminal
    assert leads.shown.index("place") == LEADS.shown.index("probability")
    assert "grade" not in leads.filters
    assert {"source", "campaign", "rep"} <= set(leads.filters)
    assert (leads.least, leads.bar) == ({}, ())
    products = order_only(doubted, listed(doubted, PRODUCTS)).view
    assert {"expected_revenue", "expected_sales"}.isdisjoint(products.shown)
    assert {"place", "price", "sales"} <= set(products.shown)


def test_sums_keep_the_number_of_leads_and_lose_what_is_expected(doubted: Workspace) -> None:
    page = order_only(doubted, listed(doubted, PIPELINE))
    assert {"expected_wins", "expected_value"}.isdisjoint(page.view.shown)
    assert {"name", "leads"} <= set(page.view.shown)
    assert "expected" not in page.around
    assert "grade" not in page.view.filters
    assert "rep" in page.view.filters
    assert page.view.least == {}
    assert "grade" in listed(doubted, PIPELINE).view.filters


def test_a_product_that_waits_for_its_first_scoring_has_no_place(doubted: Workspace) -> None:
    rows = order_only(doubted, listed(doubted, PRODUCTS)).rows
    assert {row["product_id"]: row["place"] for row in rows}["rope"] is None
    assert sorted(row["place"] for row in rows if row["place"]) == [1, 2]


def test_json_keeps_what_pages_hide(doubted: Workspace) -> None:
    page = listed(doubted, LEADS)
    assert page.to_json()["rows"][0]["probability"] > 0
    assert page.to_json()["trust"].verdict == "not ready"


def test_nothing_is_hidden_of_models_that_may_be_used(full: Workspace) -> None:
    for view in (LEADS, PRODUCTS, CUSTOMERS):
        page = listed(full, view)
        assert hidden_columns(page) == set()
        assert order_only(full, page) is page


def test_the_list_is_trusted_as_the_model_that_made_it(full: Workspace, tmp_path: Path) -> None:
    workspace = fill_every_list(tmp_path)
    model = current_model(workspace)
    assert model is not None
    put_model(workspace, {**model, "version": "conversion-newer", "verdict": "not ready"})
    with workspace.state.reading() as connection:
        assert trust_in_list(connection, "conversion").verdict == "with care"
    assert trust_in_use(workspace).verdict == "not ready"
    assert trust_in_use(workspace).model_version == "conversion-newer"
    workspace.state.close()
    with pytest.raises(NotFoundError, match="conversion"):
        trust_in_use(full, "conversoin")


def test_no_model_is_no_trust(empty_company: Workspace) -> None:
    trust = trust_in_use(empty_company)
    assert trust == trust_in(None, "conversion")
    assert (trust.verdict, trust.colour, trust.shows_numbers) == ("none", "grey", False)
    assert "umbrella run" in trust.follows


def _lifetime(holdout: dict[str, Any] | None) -> Lifetime:
    return cast("Lifetime", {"holdout": holdout})


@pytest.mark.parametrize(
    ("actual", "verdict", "words"),
    [
        (950.0, "ready", "950 EUR came: within the interval."),
        (1_300.0, "with care", "1,300 EUR came: above the interval."),
        (200.0, "with care", "200 EUR came: below the interval."),
    ],
)
def test_values_are_trusted_by_what_came(actual: float, verdict: str, words: str) -> None:
    held = {"start": "2024-06-01", "days": 90.0, "low": 800.0, "high": 1_200.0, "actual": actual}
    trust = trust_in_values(_lifetime(held), "EUR")
    assert trust.verdict == verdict
    assert trust.reasons[0].replace("\u00a0", " ").endswith(words)
    assert bool(trust.because) == (verdict != "ready")
    assert trust.shows_numbers


def test_values_that_were_never_checked_are_used_with_care() -> None:
    trust = trust_in_values(_lifetime(None), "EUR")
    assert trust.verdict == "with care"
    assert "too short" in trust.because


def test_who_leaves_is_hidden_while_its_model_is_not_ready(doubted: Workspace) -> None:
    page = listed(doubted, CUSTOMERS)
    assert page.around["churn_trust"] is None
    assert [trust.about for trust in trusts_among(page.around)] == ["Values of customers"]
    with doubted.state.reading() as connection:
        leaving = trust_in_list(connection, "products")
    doubting = type(page)(**{**vars(page), "around": {**page.around, "churn_trust": leaving}})
    assert hidden_columns(doubting) == {"churn"}
    shown = order_only(doubted, doubting).view
    assert "churn" not in shown.shown + shown.terminal
    assert "value" in shown.shown
    assert shown.bar == CUSTOMERS.bar
