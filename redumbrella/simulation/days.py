"""One day of the company: decisions and the state of the morning in, what happened out."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation import mails
from redumbrella.simulation.buying import DaySales, buy, note_purchases
from redumbrella.simulation.chance import Floats, poisson, uniform
from redumbrella.simulation.contacts import Calls, apply_calls, may_be_called, work
from redumbrella.simulation.decisions import Decisions
from redumbrella.simulation.leads import (
    LOST,
    OPEN,
    WON,
    LeadStates,
    chances_now,
    decide,
    log_odds,
    new_leads,
)
from redumbrella.simulation.mails import Mailing, weekly_mail
from redumbrella.simulation.market import (
    NOTHING_OFFERED,
    Offered,
    Ratings,
    brought_back,
    expired_leads_offered,
    rate,
    trade,
)
from redumbrella.simulation.people import NEVER, Arrivals, doubled, new_people
from redumbrella.simulation.web import Visiting, note_seen, season_on, sign_ups, visit
from redumbrella.simulation.world import Money, World

SATURDAY = 5  # nobody calls from this weekday on
DECIDED_SECOND = 18 * 3600
CLICKS_A_VISITOR = 1.15
IMPRESSIONS_A_CLICK = 40.0


@dataclass(frozen=True)
class Spending:
    """Of each campaign: its cost, and the visitors of each message (campaigns, messages)."""

    cost: Floats
    visitors: NDArray[np.int64]


@dataclass
class Day:
    """What happened on one day; positions are those of the world's people and leads.

    touched: leads whose record is new or has changed. signed: people who became known.
    """

    number: int
    spending: Spending
    calls: Calls
    mailing: Mailing
    visiting: Visiting
    signed: NDArray[np.int64]
    won: NDArray[np.int64]
    sales: DaySales
    ratings: Ratings
    bought: Offered
    returned: NDArray[np.int64]
    touched: NDArray[np.int64]
    money: Money = field(default_factory=Money)


def live(world: World, decisions: Decisions) -> Day:
    """Lives the world's next day, which changes it. Only leads that may be called are called."""
    company, seed, number = world.company, world.seed, world.day
    spending = _arrive(world, decisions)
    mailing = decisions.mailing
    if mailing is None:
        mailing = weekly_mail(company, seed, world.people, number, world.today.weekday())
    mails.apply_mails(company, seed, world.people, mailing, number)
    calls = _call(world, decisions)
    visiting = visit(company, seed, world.site, world.offers, world.people, number, _season(world))
    note_seen(world.site, world.people, visiting.views)
    odds = _odds(world)
    offered = decisions.offered
    if offered is None:
        offered = expired_leads_offered(company, world.leads, world.offers, number)
    has_partners = bool(company.partners)
    bought = trade(company, world.leads, world.offers, offered if has_partners else NOTHING_OFFERED,
                   number)  # fmt: skip
    returned = brought_back(company, seed, world.leads, chances_now(odds, world.leads), number)
    won, closed = _close(world, chances_now(odds, world.leads))
    ratings = rate(company, seed, world.people, world.leads, world.offers, won)
    known = visiting.visitors[world.people.signed_up[visiting.visitors] >= 0]
    recommended = np.full(len(world.people), NEVER, np.int64)
    recommended[mailing.people] = mailing.product
    sales = buy(company, seed, world.people, world.offers, known, recommended, number)
    before = len(world.leads)
    signed = _sign_up(world, visiting)
    touched = np.unique(np.concatenate([
        calls.lead, won, closed, bought.lead, returned, np.arange(before, len(world.leads))
    ]))  # fmt: skip
    day = Day(number, spending, calls, mailing, visiting, signed, won, sales, ratings, bought,
              returned, touched)  # fmt: skip
    day.money = _money(world, day)
    world.ledger.append(day.money)
    world.day += 1
    return day


def is_working_day(world: World) -> bool:
    """Whether reps call on the world's next day."""
    return world.today.weekday() < SATURDAY


def _season(world: World) -> float:
    today = world.today
    return season_on(world.company, today.weekday(), today.timetuple().tm_yday)


def _odds(world: World) -> Floats:
    return log_odds(world.company, world.people, world.leads, world.offers, world.employers,
                    world.day)  # fmt: skip


def _arrive(world: World, decisions: Decisions) -> Spending:
    """Visitors of the campaigns, concave in their budgets, and those who come by themselves."""
    company, scale = world.company, world.company.sizes[world.size].visitors / 100.0
    cost = world.budgets if decisions.budgets is None else decisions.budgets
    season = _season(world)
    demand = np.array([one.demand for one in company.campaigns]) * scale
    half = np.array([one.half for one in company.campaigns]) * scale
    mean = demand * cost / (cost + half) * season
    part = np.array(company.messages.shares) / sum(company.messages.shares)
    own = max(0.0, company.sizes[world.size].visitors - _usual_visitors(world))
    means = np.append((mean[:, None] * part[None, :]).ravel(), own * season)
    counts = poisson(world.seed, "visitors", means, world.day)
    visitors = counts[:-1].reshape(cost.size, part.size)
    cells = np.repeat(np.arange(visitors.size), visitors.ravel())
    campaign = np.append(cells // part.size, np.full(counts[-1], -1))
    message = np.append(cells % part.size, np.full(counts[-1], -1))
    newcomers = new_people(company, world.seed, world.day, Arrivals(campaign, message),
                           len(world.people), world.offers, world.employers)  # fmt: skip
    world.people = world.people.joined(newcomers)
    world.spent = [before + more for before, more in zip(world.spent, cost.tolist(), strict=True)]
    return Spending(cost, visitors)


def _usual_visitors(world: World) -> float:
    """What the campaigns bring a day at their first budgets, so that sizes mean what they say."""
    scale = world.company.sizes[world.size].visitors / 100.0
    return scale * sum(
        one.demand * one.cost / (one.cost + one.half) if one.cost else 0.0
        for one in world.company.campaigns
    )


def _call(world: World, decisions: Decisions) -> Calls:
    order, reps = decisions.order, decisions.reps
    if not is_working_day(world):
        order, reps = order[:0], reps[:0]
    may = may_be_called(world.company, world.leads, world.day)[order]
    _, first = np.unique(order, return_index=True)
    once = np.zeros(order.size, np.bool_)
    once[first] = True
    calls = work(world.company, world.seed, world.people, world.leads, world.staff,
                 order[may & once], reps[may & once], world.day)  # fmt: skip
    apply_calls(world.company, world.people, world.leads, world.offers, world.staff, calls,
                world.day)  # fmt: skip
    return calls


def _close(world: World, chances: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Who is won and who is closed as lost today: those who say no to somebody they talked to,
    those who are called and say so, those who waited too long, and doubles.
    """
    leads, day = world.leads, world.day
    won, refused = decide(chances, leads, day)
    leads.refused[refused] = True
    leads.state[won] = WON
    told = leads.refused & (leads.talks > 0)
    expired = day - leads.created >= world.company.conversion.expires_days
    double = (leads.double_of >= 0) & (leads.created < day)
    lost = np.flatnonzero((leads.state == OPEN) & (told | expired | double))
    leads.state[lost] = LOST
    closed = np.concatenate([won, lost])
    leads.closed[closed] = day
    spread = uniform(world.seed, "closing", closed, day) * 3 * 3600
    leads.closed_second[closed] = (DECIDED_SECOND + spread).astype(np.int64)
    note_purchases(world.seed, world.people, leads.person[won], leads.product[won], day)
    return won, lost


def _sign_up(world: World, visiting: Visiting) -> NDArray[np.int64]:
    """Visitors who leave their name; some are entered twice. Appends the new leads."""
    company, seed, day = world.company, world.seed, world.day
    signs = sign_ups(company, seed, world.people, visiting, day)
    who = visiting.visitors[signs]
    world.people.signed_up[who] = day
    world.people.signed_up_second[who] = visiting.ends[signs]
    fresh = new_leads(company, seed, day, world.people, who, world.offers)
    twice = np.flatnonzero(uniform(seed, "double", who, day) < company.people.double)
    copies = doubled(world.people, who[twice], day)
    again = fresh.at(twice)
    again.double_of[:] = len(world.leads) + twice
    again.person[:] = len(world.people) + np.arange(twice.size)
    again.second[:] = np.minimum(again.second + 60, 86_399)
    copies.signed_up_second[:] = again.second
    world.leads = world.leads.joined(fresh).joined(again)
    world.people = world.people.joined(copies)
    return np.concatenate([who, again.person.astype(np.int64)])


def lead_margins(world: World, leads: LeadStates) -> Floats:
    """What each lead brings if it is won."""
    return np.asarray(np.round(leads.amount * world.offers.margin[leads.product], 2))


def _money(world: World, day: Day) -> Money:
    """The day's money: sums over rows of the company's files; what partners pay for leads and bring
    back stands in the world's ledger alone.
    """
    world_leads, hour = world.leads, world.company.reps.cost_per_hour
    for due, margin in zip(day.sales.returned_on.tolist(), day.sales.margin.tolist(), strict=True):
        if due >= 0:
            world.returns[due] = world.returns.get(due, 0.0) + margin
    return Money(
        spend=float(day.spending.cost.sum()),
        rep_cost=float(day.calls.seconds.sum()) / 3600.0 * hour,
        lead_margin=float(lead_margins(world, world_leads.at(day.won)).sum()),
        shop_margin=float(day.sales.margin.sum()),
        returned=world.returns.pop(day.number, 0.0),
        leads_sold=float(day.bought.price.sum()),
        leads_returned=float(world_leads.price[day.returned].sum()),
    )
