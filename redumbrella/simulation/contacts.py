"""The work of the reps: who is called in which order, and what a talk does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import Floats, chance_of, normal, uniform
from redumbrella.simulation.leads import OPEN, LeadStates
from redumbrella.simulation.offers import Offers, Staff
from redumbrella.simulation.parameters import LONGEST, Company
from redumbrella.simulation.people import People

OPENING = 9 * 3600
WORKING_DAY = 8 * 3600.0
MISSED, REFUSED, LATER, INTERESTED, OFFER = range(5)
OUTCOMES = ("no answer", "refusal", "not now", "interested", "offer sent")


@dataclass(frozen=True)
class Calls:
    """Calls of a day (n), in the order of their beginning within each rep."""

    lead: NDArray[np.int64]
    rep: NDArray[np.int64]
    second: NDArray[np.int64]
    seconds: NDArray[np.int64]
    outcome: NDArray[np.int64]


def may_be_called(company: Company, leads: LeadStates, day: int) -> NDArray[np.bool_]:
    """Open leads that came before today and were not tried too often or too lately."""
    rules = company.contact
    rested = (leads.last_try < 0) | (day - leads.last_try >= rules.wait_days)
    return np.asarray(
        (leads.state == OPEN)
        & (leads.created < day)
        & (leads.tries < rules.tries)
        & (leads.talks < 2)
        & rested
    )


def work(
    company: Company, seed: int, people: People, leads: LeadStates, staff: Staff,
    order: NDArray[np.int64], reps: NDArray[np.int64], day: int,
) -> Calls:  # fmt: skip
    """Reps work through the list until their minutes are over; no call begins that could overrun.

    order: positions of leads, first the first; reps: who shall call each, -1 for whoever is free.
    """
    budget = company.reps.minutes_per_day * 60.0
    longest = company.contact.minutes * 60.0 * LONGEST
    answered = uniform(seed, "answers", order, day) < people.reached[leads.person[order]]
    spread = np.minimum(0.4 - 0.6 * np.log(uniform(seed, "minutes", order, day)), LONGEST)
    mean = np.where(answered, company.contact.minutes * spread, company.contact.minutes_missed)
    seconds = np.maximum(30, mean * 60.0).astype(np.int64)
    used = np.zeros(staff.skill.size, np.int64)
    taken, by, begun = [], [], []
    for place, (rep, length) in enumerate(zip(reps.tolist(), seconds.tolist(), strict=True)):
        free = int(used.argmin()) if rep < 0 else rep
        if used[free] + longest > budget:
            if rep < 0:
                break
            continue
        taken.append(place)
        by.append(free)
        begun.append(int(used[free]))
        used[free] += length
    chosen = np.array(taken, np.int64)
    called = order[chosen]
    outcome = _outcomes(seed, people, leads, called, answered[chosen], day)
    # Calls are spread over the working day, whatever part of it is for calls.
    stretch = max(1.0, WORKING_DAY / budget)
    second = OPENING + (np.array(begun, np.int64) * stretch).astype(np.int64)
    return Calls(called, np.array(by, np.int64), second, seconds[chosen], outcome)


def _outcomes(
    seed: int, people: People, leads: LeadStates, called: NDArray[np.int64],
    answered: NDArray[np.bool_], day: int,
) -> NDArray[np.int64]:  # fmt: skip
    """What the rep writes down: it tells of the hidden intent, with noise."""
    who = leads.person[called]
    warmth = people.intent_on(day)[who] + 0.8 * normal(seed, "warmth", called, day)
    found = np.where(warmth > 1.4, OFFER, np.where(warmth > 0.2, INTERESTED, LATER))
    found = np.where(leads.refused[called], REFUSED, found)
    return np.where(answered, found, MISSED)


def talk_effect(
    company: Company, people: People, leads: LeadStates, offers: Offers, staff: Staff,
    called: NDArray[np.int64], reps: NDArray[np.int64], day: int | NDArray[np.int64],
) -> Floats:  # fmt: skip
    """What a talk on a day (one for all, or one for each) adds to the log-odds of each lead;
    docs/simulation.md (2).
    """
    rules = company.contact
    own = people.effect[leads.person[called]].astype(np.float64)
    kind = offers.type[leads.product[called]]
    better = own * (1.0 + staff.skill[reps]) + company.reps.knowledge * staff.knows[reps, kind]
    age = day - leads.created[called]
    fading = np.exp(-age / rules.cold_days) * rules.again ** leads.talks[called]
    return np.asarray(np.where(own > 0, np.maximum(better, 0.0) * fading, own))


def mean_talk_effect(
    company: Company, people: People, leads: LeadStates, offers: Offers, staff: Staff,
    day: int | NDArray[np.int64],
) -> Floats:  # fmt: skip
    """What a talk of a rep drawn at random would add on a day (one for all, or one for each), for
    every lead.
    """
    rows = np.arange(len(leads))
    total = np.zeros(rows.size)
    for rep in range(staff.skill.size):
        who = np.full(rows.size, rep)
        total += talk_effect(company, people, leads, offers, staff, rows, who, day)
    return total / staff.skill.size


def apply_calls(
    company: Company, people: People, leads: LeadStates, offers: Offers, staff: Staff,
    calls: Calls, day: int,
) -> None:  # fmt: skip
    """Writes what the calls did into the leads."""
    talked = calls.outcome != MISSED
    met = calls.lead[talked]
    effect = talk_effect(company, people, leads, offers, staff, met, calls.rep[talked], day)
    # Who has decided already cannot be moved any more.
    leads.talked[met] += np.where(leads.refused[met], 0.0, effect)
    leads.talks[met] += 1
    leads.tries[calls.lead] += 1
    first = calls.lead[leads.first_try[calls.lead] < 0]
    leads.first_try[first] = day
    leads.last_try[calls.lead] = day
    leads.rep[calls.lead] = calls.rep
    leads.offered[calls.lead[calls.outcome == OFFER]] = day


def gain_of_a_call(
    people: People, leads: LeadStates, margin: Floats, odds: Floats, effect: Floats
) -> Floats:
    """What calling each lead now adds to the expected margin: the truth that no record has."""
    later = chance_of(odds + leads.talked + effect) - chance_of(odds + leads.talked)
    later = np.where(leads.refused, 0.0, later)
    return np.asarray(people.reached[leads.person] * later * margin)
