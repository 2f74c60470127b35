"""One model per product, end to end: learned, scored, listed, explained, asked about the past."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
import pytest
from click.testing import CliRunner
from lead_worlds import quiet
from product_world import PRODUCTS, RANGES, SETTINGS, product, range_of, write_shop
from served import HTTP, serving
from stored import listed

from redumbrella.cli.main import umbrella
from redumbrella.clock import MICROSECONDS_PER_DAY as DAY
from redumbrella.errors import DataError, NotFoundError, SettingsError
from redumbrella.learning.backtest import Plan
from redumbrella.views.lead import lead_detail
from redumbrella.views.leads import LEADS
from redumbrella.views.products import PRODUCTS as PRODUCT_LIST
from redumbrella.workflows.backtest import backtest
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.run import run
from redumbrella.workflows.train import train
from redumbrella.workspace import Workspace

pytestmark = pytest.mark.usefixtures("baselines_only")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = write_shop(tmp_path_factory.mktemp("shop"), people=160)
    run(workspace, quiet)
    yield workspace
    workspace.state.close()


def test_people_are_likeliest_to_buy_what_they_like(shop: Workspace) -> None:
    each = PRODUCTS // RANGES
    numbers = {product(n): n // each for n in range(PRODUCTS)}
    page = listed(shop, LEADS, page_size=1_000)
    first = {}
    for row in page.rows:
        first.setdefault(row["lead_id"], row["product_id"])
    right = [numbers[name] == range_of(int(person[1:])) for person, name in first.items()]
    assert len(right) > 100
    assert np.mean(right) > 0.8


def test_each_person_has_the_ten_best_products_with_intervals_and_worth(shop: Workspace) -> None:
    person = listed(shop, LEADS, page_size=1).rows[0]["lead_id"]
    detail = lead_detail(shop, person)
    assert len(detail.products) == 10
    chances = [each.probability for each in detail.products]
    assert chances == sorted(chances, reverse=True)
    for each in detail.products:
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.probability < each.high
        assert each.amount is not None
        assert each.expected_value == pytest.approx(each.probability * each.amount)
    assert detail.score["label"] == f"Customer {int(person[1:])}"
    assert [(field.name, field.value) for field in detail.fields] == [
        ("name", detail.score["label"])
    ]
    asked = lead_detail(shop, person, product=detail.products[3].product_id)
    assert asked.score["product_id"] == detail.products[3].product_id
    why = asked.explanation
    assert why is not None
    parts = [reason.contribution for reason in why.raises + why.lowers]
    assert why.base + sum(parts) + why.rest == pytest.approx(why.total, abs=1e-6)
    assert 1 / (1 + np.exp(-why.total)) == pytest.approx(asked.score["probability"], abs=1e-6)
    assert any("bought “product" in reason.text for reason in why.raises + why.lowers)


def test_the_list_of_products_foresees_sales_and_leaves_the_rare_one_out(shop: Workspace) -> None:
    table = listed(shop, PRODUCT_LIST)
    names = {row["product_id"] for row in table.rows}
    assert "curiosity" not in names
    assert len(names) == PRODUCTS
    assert table.around["people"] is not None
    expected = sum(row["expected_sales"] or 0.0 for row in table.rows)
    assert 0.3 * table.around["people"] < expected < 3.0 * table.around["people"]
    assert table.around["figures"]["log_loss"] < table.around["figures"]["prior_log_loss"]
    revenue = [row["expected_revenue"] or 0.0 for row in table.rows]
    assert revenue == sorted(revenue, reverse=True)
    by_name = [row["product_id"] for row in listed(shop, PRODUCT_LIST, sort="product").rows]
    assert by_name == sorted(by_name)


def test_the_command_the_route_and_the_page_show_the_same(shop: Workspace) -> None:
    shown = CliRunner().invoke(umbrella, ["products", "-w", str(shop.root), "--json"])
    assert shown.exit_code == 0, shown.output
    with serving(shop) as address:
        answer = HTTP.get(f"{address}/api/v1/products")
        assert answer.status_code == 200
        assert orjson.loads(shown.output)["rows"] == answer.json()["rows"]
        page = HTTP.get(f"{address}/products")
        assert page.status_code == 200
        assert "&lt;b&gt;Tea &amp; Co&lt;/b&gt;" in page.text
        assert "<b>Tea" not in page.text
        assert 'href="/products"' in HTTP.get(f"{address}/leads").text
        person = listed(shop, LEADS, page_size=1).rows[0]["lead_id"]
        assert "Likeliest products" in HTTP.get(f"{address}/leads/{person}").text
        assert HTTP.get(f"{address}/products?sort=nothing").status_code == 400
    words = CliRunner().invoke(umbrella, ["products", "-w", str(shop.root)])
    assert "Expected sales" in words.output
    assert "12 of 12 products" in words.output


def test_a_list_of_one_product_holds_only_its_likely_buyers(shop: Workspace) -> None:
    name = product(4)
    rows = listed(shop, LEADS, product=name, page_size=1_000).rows
    assert {row["product_id"] for row in rows} == {name}
    told = CliRunner().invoke(umbrella, ["leads", "-w", str(shop.root), "--product", name])
    assert name in told.output


def test_scoring_again_says_the_same(shop: Workspace) -> None:
    before = listed(shop, LEADS, page_size=1_000).rows
    run(shop, quiet)
    assert [(r["lead_id"], r["product_id"], r["probability"]) for r in before] == [
        (r["lead_id"], r["product_id"], r["probability"])
        for r in listed(shop, LEADS, page_size=1_000).rows
    ]


def test_a_backtest_asks_about_every_product_and_beats_the_shares(
    shop: Workspace, tmp_path: Path
) -> None:
    from history_world import START

    from redumbrella.clock import to_microseconds

    begin = to_microseconds(START)
    plan = Plan(begin + 210 * DAY, begin + 240 * DAY, 30 * DAY)
    result = backtest(shop, quiet, plan, path=tmp_path / "past.csv")
    table = result.table
    assert set(table["product_id"].to_pylist()) <= {product(n) for n in range(PRODUCTS)}
    assert (
        len(set(zip(*(table[n].to_pylist() for n in ("id", "product_id", "as_of")), strict=True)))
        == table.num_rows
    )
    assert result.metrics["log_loss"] < (result.prior_log_loss or 0.0)


def test_products_of_anything_but_purchases_are_refused_in_words(tmp_path: Path) -> None:
    settings = SETTINGS.replace("purchase = true", 'event = "visit"')
    workspace = write_shop(tmp_path, people=20, settings=settings)
    ingest(workspace, quiet)
    with pytest.raises(SettingsError, match="needs purchases"):
        train(workspace, quiet)
    workspace.state.close()


def test_sales_that_name_no_product_are_refused_in_words(tmp_path: Path) -> None:
    settings = SETTINGS.replace('product_id = "product"', "")
    workspace = write_shop(tmp_path, people=60, settings=settings)
    ingest(workspace, quiet)
    with pytest.raises(DataError, match="Map product_id"):
        train(workspace, quiet)
    workspace.state.close()


def test_without_such_a_target_the_list_says_how_to_get_one(tmp_path: Path) -> None:
    workspace = write_shop(tmp_path, people=20, settings=SETTINGS.replace('per = "product"', ""))
    with pytest.raises(NotFoundError, match='per = "product"'):
        listed(workspace, PRODUCT_LIST)
    told = CliRunner().invoke(umbrella, ["products", "-w", str(workspace.root)])
    assert isinstance(told.exception, NotFoundError)
    workspace.state.close()
