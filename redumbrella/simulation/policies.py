"""Orders in which leads could be called: by policies of the company, and by the truth."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import Floats, uniform
from redumbrella.simulation.contacts import gain_of_a_call, may_be_called, mean_talk_effect
from redumbrella.simulation.days import lead_margins
from redumbrella.simulation.leads import log_odds
from redumbrella.simulation.world import World

Order = NDArray[np.int64]
# Orders that the product is asked for: today's list; the same without trying anything out; all
# leads by what they are expected to bring.
PRODUCT, GREEDY, SCORES = ASKED = ("product", "greedy", "scores")


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

    Pages seen (at most 20, see web.PAGE_POINTS), seniority (2 for each step), an employer (2), a
    talk that led to an offer (10), fresh (3 in the first three days); times the square root of
    the price, as a dear product is worth more work.
    """
    rows = callable_leads(world)
    leads, people = world.leads.at(rows), world.people
    found = np.minimum(people.seen[leads.person].astype(np.float64), 20.0)
    found += 2.0 * people.seniority[leads.person] + 2.0 * (people.account[leads.person] >= 0)
    found += 10.0 * (leads.offered >= 0) + 3.0 * (world.day - leads.created <= 3)
    found *= np.sqrt(world.offers.price[leads.product])
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
