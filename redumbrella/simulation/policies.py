"""Orders in which leads could be called: by policies of the company, and by the truth."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import Floats, uniform
from redumbrella.simulation.contacts import gain_of_a_call, may_be_called, mean_talk_effect
from redumbrella.simulation.days import lead_margins
from redumbrella.simulation.leads import log_odds
from redumbrella.simulation.people import People
from redumbrella.simulation.world import World

Order = NDArray[np.int64]
PRODUCT = "product"  # the order of the product's list, which is asked for and not computed


def arrival(world: World) -> Order:
    """Those who came since the last working day as they came, then older ones as they came."""
    rows = callable_leads(world)
    leads = world.leads
    is_old = world.day - leads.created[rows] > (3 if world.today.weekday() == 0 else 1)
    return rows[np.lexsort((leads.second[rows], leads.created[rows], is_old))]


def at_random(world: World) -> Order:
    """In an order drawn evenly each day."""
    rows = callable_leads(world)
    return rows[np.argsort(uniform(world.seed, "random order", rows, world.day))]


def points(world: World) -> Order:
    """By the points that a careful sales manager would give, from what the record shows.

    The product asked for by its price (3 above 2,000, 2 above 500), a campaign of search or of
    partners (2), seniority (1 for each step), an employer (1), an offer sent (3), not called before
    (1), fresh (3 in the first three days, 1 in the rest of the first week); the newest first.
    """
    rows = callable_leads(world)
    leads, people = world.leads.at(rows), world.people
    price = world.offers.price[leads.product]
    age = world.day - leads.created
    found = 3.0 * (price > 2000) + 2.0 * ((price > 500) & (price <= 2000))
    found += 2.0 * _is_of_good_channel(world, people, leads.person)
    found += people.seniority[leads.person]
    found += people.account[leads.person] >= 0
    found += 3.0 * (leads.offered >= 0) + (leads.tries == 0)
    found += 2.0 * (age <= 3) + (age <= 7)
    return rows[np.lexsort((leads.second, -leads.created, -found))]


def oracle(world: World) -> Order:
    """By what a call today adds to the expected margin: the truth, which no company knows."""
    rows = callable_leads(world)
    gain = call_gains(world)[rows]
    rows, gain = rows[gain > 0], gain[gain > 0]
    return rows[np.lexsort((rows, -gain))]


def call_gains(world: World) -> Floats:
    """What calling each lead today adds to the expected margin, in the company's currency."""
    company, people, leads = world.company, world.people, world.leads
    odds = log_odds(company, people, leads, world.offers, world.employers, world.day)
    effect = mean_talk_effect(company, people, leads, world.offers, world.staff, world.day)
    return gain_of_a_call(people, leads, lead_margins(world, leads), odds, effect)


def callable_leads(world: World) -> Order:
    """Positions of the leads that may be called today."""
    return np.flatnonzero(may_be_called(world.company, world.leads, world.day))


POLICIES: dict[str, Callable[[World], Order]] = {
    "arrival": arrival,
    "random": at_random,
    "points": points,
    "oracle": oracle,
}


def _is_of_good_channel(world: World, people: People, who: NDArray[Any]) -> NDArray[np.bool_]:
    channels = [one.channel for one in world.company.campaigns]
    good = np.array([*(c in ("search", "partner") for c in channels), False])
    return np.asarray(good[people.campaign[who]])
