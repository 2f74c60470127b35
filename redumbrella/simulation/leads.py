"""Leads: what people asked for, and what became of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.arrays import Arrays
from redumbrella.simulation.chance import Floats, chance_of, normal, uniform
from redumbrella.simulation.offers import Employers, Offers
from redumbrella.simulation.parameters import Company
from redumbrella.simulation.people import BUYER, NEVER, People

OPEN, WON, LOST, SOLD = range(4)


@dataclass
class LeadStates(Arrays):
    """Every sign-up. Hidden: decides (the day), luck (it is won where the chance is above it),
    refused (it has decided against the company, which does not know yet) and talked (what talks
    have added to its log-odds). In the record: the rest.

    partner, sold_on, price, returned_on: where the lead was sold to a partner agency.
    """

    person: NDArray[Any]
    created: NDArray[Any]
    second: NDArray[Any]
    product: NDArray[Any]
    amount: NDArray[Any]
    decides: NDArray[Any]
    luck: NDArray[Any]
    refused: NDArray[Any]
    talked: NDArray[Any]
    tries: NDArray[Any]
    talks: NDArray[Any]
    first_try: NDArray[Any]
    last_try: NDArray[Any]
    offered: NDArray[Any]
    rep: NDArray[Any]
    state: NDArray[Any]
    closed: NDArray[Any]
    closed_second: NDArray[Any]
    double_of: NDArray[Any]
    partner: NDArray[Any]
    sold_on: NDArray[Any]
    price: NDArray[Any]
    returned_on: NDArray[Any]


def new_leads(
    company: Company, seed: int, day: int, people: People, rows: NDArray[np.int64], offers: Offers
) -> LeadStates:
    """Leads of people (positions) who sign up on a day."""
    wanted = people.wants[rows].astype(np.int64)
    amount = offers.price[wanted] * np.exp(0.15 * normal(seed, "amount", rows, day))
    delay = company.conversion.delay_days * np.exp(
        company.conversion.delay_spread * normal(seed, "delay", rows, day)
    )
    # Nobody decides on the day of the sign-up, as that day's decisions are over.
    waits = np.clip(np.floor(delay), 1, company.conversion.expires_days - 1)
    count = rows.size
    nothing = np.full(count, NEVER, np.int32)
    return LeadStates(
        person=rows.astype(np.int32),
        created=np.full(count, day, np.int32),
        second=people.signed_up_second[rows].astype(np.int32),
        product=wanted.astype(np.int32),
        amount=np.round(amount, 2),
        decides=(day + waits).astype(np.int32),
        luck=uniform(seed, "luck", rows, day),
        refused=np.zeros(count, np.bool_),
        talked=np.zeros(count),
        tries=np.zeros(count, np.int16),
        talks=np.zeros(count, np.int16),
        first_try=nothing.copy(),
        last_try=nothing.copy(),
        offered=nothing.copy(),
        rep=nothing.astype(np.int16),
        state=np.full(count, OPEN, np.int8),
        closed=nothing.copy(),
        closed_second=nothing.copy(),
        double_of=nothing.copy(),
        partner=nothing.astype(np.int16),
        sold_on=nothing.copy(),
        price=np.zeros(count),
        returned_on=nothing.copy(),
    )


def log_odds(
    company: Company, people: People, leads: LeadStates, offers: Offers, employers: Employers,
    day: int | NDArray[np.int64],
) -> Floats:  # fmt: skip
    """The log-odds of each lead to convert, without any talk; docs/simulation.md (1).

    day: the day that is asked about, one for all leads or one for each.
    """
    rates, who = company.conversion, leads.person
    intent = people.intent[who] + people.jump[who] * (people.jump_day[who] <= day)
    product = leads.product.astype(np.int64)
    kind = offers.type[product]
    account = people.account[who]
    fit = np.where(account >= 0, employers.fit[account], -0.3)
    dear = np.log(offers.price[product]) - _mean_log_price(offers)[kind]
    found = rates.level + rates.intent * intent.astype(np.float64)
    found += rates.taste * people.taste[who, kind]
    found += rates.price * people.price_sensitivity[who] * dear
    found += rates.company * fit
    found += np.where(people.persona[who] == BUYER, 0.0, rates.others)
    found += level_on(company, kind, day)
    return np.where(leads.double_of >= 0, -np.inf, found)


def level_on(company: Company, kind: NDArray[np.int64], day: int | NDArray[np.int64]) -> Floats:
    """What the day adds to the log-odds of every lead of a type: slow drift, and the rival."""
    found = np.zeros(kind.size) + company.season.drift * np.asarray(day) / 365.0
    if company.change.day:
        rivalled = kind == company.types.index(company.change.rival_type)
        found += company.change.rival * (rivalled & (np.asarray(day) >= company.change.day))
    return found


def _mean_log_price(offers: Offers) -> Floats:
    counts = np.bincount(offers.type)
    return np.bincount(offers.type, np.log(offers.price)) / counts


def decide(
    chances: Floats, leads: LeadStates, day: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions of the leads that are won today, and of those that say no today.

    chances: of every lead, with what talks have added. Those who say no are lost where somebody has
    talked to them; of the others the company does not learn.
    """
    due = (leads.state == OPEN) & (leads.decides == day) & ~leads.refused
    won = due & (leads.luck < chances)
    return np.flatnonzero(won), np.flatnonzero(due & ~won)


def chances_now(odds: Floats, leads: LeadStates) -> Floats:
    """Chances from log-odds without talks and what talks have added."""
    return chance_of(odds + leads.talked)
