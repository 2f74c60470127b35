"""Sentences of docs/simulation.md that one look at a lived company can refute."""

from copy import deepcopy
from datetime import date

import numpy as np
import pytest

from redumbrella.simulation.beginning import begin
from redumbrella.simulation.buying import buy
from redumbrella.simulation.days import live
from redumbrella.simulation.decisions import calls_in_order
from redumbrella.simulation.leads import OPEN
from redumbrella.simulation.parameters import company_text
from redumbrella.simulation.policies import arrival
from redumbrella.simulation.rows import day_rows, lead_rows
from redumbrella.simulation.truth import true_campaigns, true_chances
from redumbrella.simulation.world import World

DAYS = 45
START = date(2025, 1, 1)


@pytest.fixture(scope="module")
def lived() -> World:
    world = begin(company_text("valiant"), 1, "small", START, 0)
    for _ in range(DAYS):
        live(world, calls_in_order(arrival(world)))
    return world


@pytest.fixture
def world(lived: World) -> World:
    return deepcopy(lived)


def test_an_enquiry_knows_nothing_of_a_life_event_to_come(world: World) -> None:
    everybody = np.arange(len(world.leads))
    written = lead_rows(world, everybody)["enquiry"]
    people, leads = world.people, world.leads
    later = people.jump_day > leads.created.max()
    assert later.any()
    people.jump[later] = 9.0
    assert lead_rows(world, everybody)["enquiry"] == written


def test_a_talk_after_the_decision_moves_nothing(world: World) -> None:
    before = world.leads.talked.copy(), world.leads.talks.copy(), world.leads.refused.copy()
    for _ in range(5):
        live(world, calls_in_order(arrival(world)))
    leads, old = world.leads, before[0].size
    talked_late = before[2] & (leads.talks[:old] > before[1])
    assert talked_late.any()
    assert np.array_equal(leads.talked[:old][talked_late], before[0][talked_late])


def test_every_lead_decides_after_the_day_it_came_and_before_it_expires(world: World) -> None:
    leads = world.leads
    waits = leads.decides - leads.created
    assert waits.min() >= 1
    assert waits.max() < world.company.conversion.expires_days
    due = (leads.decides < world.day) & (leads.double_of < 0)
    assert (leads.refused | (leads.state != OPEN))[due].all()


def test_the_truth_about_a_closed_lead_stays_as_it_was(world: World) -> None:
    closed = np.flatnonzero(world.leads.state != OPEN)
    _, before = true_chances(world)
    for _ in range(10):
        live(world, calls_in_order(arrival(world)))
    _, after = true_chances(world)
    assert np.array_equal(before[closed], after[closed])


def test_what_a_campaign_is_worth_does_not_depend_on_who_was_called(world: World) -> None:
    values = true_campaigns(world)["value_of_leads"].to_pylist()
    world.leads.talked[:] = 3.0
    assert true_campaigns(world)["value_of_leads"].to_pylist() == values


def test_an_address_at_work_tells_which_company() -> None:
    punctual = company_text("valiant").replace("late = 0.01", "late = 0.0")
    world = begin(punctual.replace("twice = 0.005", "twice = 0.0"), 1, "small", START, 0)
    companies: dict[str, set[int]] = {}
    for _ in range(20):
        day = live(world, calls_in_order(arrival(world)))
        works = world.people.account[day.visiting.views.person].tolist()
        for address, company in zip(
            day_rows(world, day)["events"]["ip"].to_pylist(), works, strict=True
        ):
            block, host = address.rsplit(".", 1)
            if company >= 0:
                companies.setdefault(f"{block}.{int(host) // 16}", set()).add(company)
    assert max(len(found) for found in companies.values()) == 1
    assert len(companies) > 50


def test_a_mail_cannot_sell_what_the_shop_does_not_have(world: World) -> None:
    people, offers = world.people, world.offers
    not_in_shop = int(np.flatnonzero(~offers.in_shop)[0])
    known = np.flatnonzero((people.signed_up >= 0) & (people.double_of < 0))
    people.customer_since[known], people.left[known] = 0, -1
    people.buy_rate[known] = 5.0
    recommended = np.full(len(people), not_in_shop)
    sales = buy(world.company, 1, people, offers, known[:0], recommended, world.day)
    assert sales.product.size > 100
    assert offers.in_shop[sales.product].all()
