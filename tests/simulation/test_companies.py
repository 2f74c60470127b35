"""The companies that come along: one code, and what each parameter file makes of it."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

import numpy as np
import pytest
from simulated_company import live_with

from redumbrella.simulation.beginning import begin
from redumbrella.simulation.leads import OPEN, WON
from redumbrella.simulation.parameters import KNOWN, company_text
from redumbrella.simulation.people import BUYER
from redumbrella.simulation.rows import fixed_rows
from redumbrella.simulation.world import Money, World

DAYS = 60


@dataclass
class Past:
    """A company after its first days, and their money."""

    world: World
    money: Money
    purchases: int


@pytest.fixture(scope="module")
def pasts() -> dict[str, Past]:
    found = {}
    for name in KNOWN:
        world = begin(company_text(name), 1, "small", date(2025, 1, 1), None)
        money, purchases = Money(), 0
        for _ in range(DAYS):
            day = live_with(world)
            money, purchases = money.plus(day.money), purchases + day.sales.person.size
        found[name] = Past(world, money, purchases)
    return found


def test_the_package_holds_every_company() -> None:
    folder = files("redumbrella.simulation") / "companies"
    found = {one.name.removesuffix(".toml") for one in folder.iterdir()}
    assert found == set(KNOWN)
    titles = [tomllib.loads(company_text(name))["name"] for name in KNOWN]
    assert titles == [name.capitalize() for name in KNOWN]


@pytest.mark.parametrize("name", KNOWN)
def test_each_lives_and_sells(pasts: dict[str, Past], name: str) -> None:
    world, money = pasts[name].world, pasts[name].money
    assert len(world.leads) >= 20
    assert (world.leads.state == WON).sum() >= 1
    assert (world.leads.talks > 0).sum() >= 10
    assert money.lead_margin > 0
    assert money.spend > 0
    assert money.rep_cost > 0
    # As many visitors as the size asks, within the season and the weekends.
    wanted = world.company.sizes["small"].visitors * DAYS
    assert 0.5 * wanted < (world.people.double_of < 0).sum() < 1.2 * wanted
    shares = np.bincount(world.people.persona, minlength=5) / len(world.people)
    assert 0.2 < shares[BUYER] < 0.7
    assert (shares > 0.005).all()


def test_who_sells_in_a_shop_has_purchases_and_returns(pasts: dict[str, Past]) -> None:
    for name in ("valiant", "action"):
        assert pasts[name].purchases >= 10
        assert pasts[name].money.shop_margin > 0
    # A few of some dozens come back: in at least one of the two.
    assert pasts["valiant"].money.returned + pasts["action"].money.returned > 0


def test_projector_has_few_leads_that_take_months(pasts: dict[str, Past]) -> None:
    leads = {name: len(past.world.leads) / len(past.world.people) for name, past in pasts.items()}
    assert leads["projector"] < 0.5 * min(leads["valiant"], leads["action"])
    assert len(pasts["projector"].world.leads) < DAYS * 1.5
    waits = {name: np.median(past.world.leads.decides - past.world.leads.created)
             for name, past in pasts.items()}  # fmt: skip
    assert 45 < waits["projector"] < 100
    assert waits["valiant"] < 15
    assert waits["action"] < 15
    open_share = (pasts["projector"].world.leads.state == OPEN).mean()
    assert open_share > 0.5
    # Nobody buys such software without having talked to somebody.
    customers = np.flatnonzero(pasts["projector"].world.people.customer_since >= 0)
    won = pasts["projector"].world.leads.person[pasts["projector"].world.leads.state == WON]
    assert set(customers.tolist()) <= set(won.tolist())


def test_action_sells_more_than_100_products_on_more_than_100_kinds_of_events(
    pasts: dict[str, Past],
) -> None:
    world = pasts["action"].world
    assert fixed_rows(world)["products"].num_rows > 100
    assert len(set(world.site.kinds)) > 100
    # Types that the article names, and prices that people pay themselves.
    assert {"reference system", "online school"} <= set(world.company.types)
    assert np.median(world.offers.price) < 500
    assert np.median(pasts["projector"].world.offers.price) > 1500


def pages(world: World) -> Iterator[str]:
    for some in world.company.kinds.values():
        yield from (look.page for look in some)


def test_projector_has_the_pages_of_its_article(pasts: dict[str, Past]) -> None:
    here = set(pages(pasts["projector"].world))
    assert {"blog", "product", "prices", "about", "jobs", "e-book", "scorecard"} <= here


def test_a_company_is_another_one_with_another_seed() -> None:
    one, other = (begin(company_text("action"), seed, "small", date(2025, 1, 1), None)
                  for seed in (1, 2))  # fmt: skip
    assert not np.array_equal(one.offers.price, other.offers.price)
