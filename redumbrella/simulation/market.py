"""Partner agencies that buy leads and bring bad ones back, and clients who rate what they got."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import Floats, normal, uniform
from redumbrella.simulation.leads import LOST, OPEN, SOLD, LeadStates
from redumbrella.simulation.offers import Offers
from redumbrella.simulation.parameters import Company
from redumbrella.simulation.people import People

RETURNED_AFTER = 14


@dataclass(frozen=True)
class Offered:
    """Leads (positions) that are offered to a partner each (its number), at a price."""

    lead: NDArray[np.int64]
    partner: NDArray[np.int64]
    price: Floats


NOTHING_OFFERED = Offered(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


def expired_leads_offered(company: Company, leads: LeadStates, offers: Offers, day: int) -> Offered:
    """What the company offers where nobody decides: leads that nobody worked and that were given up
    yesterday, at four fifths of what the first partner who wants the type pays at most.
    """
    rows = np.flatnonzero((leads.state == LOST) & (leads.closed == day - 1) & (leads.tries == 0)
                          & (leads.double_of < 0))  # fmt: skip
    partner, price = np.full(rows.size, -1), np.zeros(rows.size)
    for number, one in reversed(list(enumerate(company.partners))):
        wanted = np.isin(offers.type[leads.product[rows]], _types(company, one.types))
        partner[wanted], price[wanted] = number, 0.8 * one.pays
    return Offered(rows[partner >= 0], partner[partner >= 0], price[partner >= 0])


def trade(
    company: Company, leads: LeadStates, offers: Offers, offered: Offered, day: int
) -> Offered:
    """What partners take of it: of types they want, up to their price, and so many a day.

    A lead is sold once; sold ones belong to the partner, and the company can win them no more.
    """
    room = [one.a_day for one in company.partners]
    taken, seen = [], set()
    kinds = offers.type[leads.product[offered.lead]]
    for place, (lead, number, price) in enumerate(
        zip(offered.lead.tolist(), offered.partner.tolist(), offered.price.tolist(), strict=True)
    ):
        one = company.partners[number]
        is_free = leads.state[lead] in (OPEN, LOST) and leads.partner[lead] < 0 and lead not in seen
        wanted = kinds[place] in _types(company, one.types)
        if is_free and wanted and room[number] > 0 and price <= one.pays:
            taken.append(place)
            seen.add(lead)
            room[number] -= 1
    kept = np.array(taken, np.int64)
    bought = Offered(offered.lead[kept], offered.partner[kept], offered.price[kept])
    leads.partner[bought.lead] = bought.partner
    leads.price[bought.lead] = bought.price
    leads.sold_on[bought.lead] = day
    was_open = bought.lead[leads.state[bought.lead] == OPEN]
    leads.state[was_open] = SOLD
    leads.closed[was_open] = day
    leads.closed_second[was_open] = 17 * 3600
    return bought


def brought_back(
    company: Company, seed: int, leads: LeadStates, chances: Floats, day: int
) -> NDArray[np.int64]:
    """Leads that partners return today, two weeks after they bought them, as they never buy."""
    rows = np.flatnonzero((leads.sold_on >= 0) & (leads.sold_on == day - RETURNED_AFTER))
    share = np.array([one.returns for one in company.partners])[leads.partner[rows]]
    bad = (1.0 - chances[rows]) * share
    back: NDArray[np.int64] = rows[uniform(seed, "brought back", rows, day) < bad]
    leads.returned_on[back] = day
    return back


@dataclass(frozen=True)
class Ratings:
    """What clients say of leads that were won (positions): 1 to 5, and who said it (its number)."""

    lead: NDArray[np.int64]
    rating: NDArray[np.int64]
    client: NDArray[np.int64]


def rate(
    company: Company,
    seed: int,
    people: People,
    leads: LeadStates,
    offers: Offers,
    won: NDArray[np.int64],
) -> Ratings:
    """Each won lead of a client's type goes to the client whose requirements it meets best."""
    who = leads.person[won]
    kind = offers.type[leads.product[won]]
    best, client = np.full(won.size, -np.inf), np.full(won.size, -1)
    for number, one in enumerate(company.clients):
        place = company.regions.names.index(one.region) if one.region else -1
        here = kind == company.types.index(one.type)
        meets = 0.0 + (people.seniority[who] >= one.least_seniority)
        meets = meets + ((people.region[who] == place) | (place < 0))
        meets = np.where(here, meets, -np.inf)
        client = np.where(meets > best, number, client)
        best = np.maximum(best, meets)
    rated = client >= 0
    rows = won[rated]
    good = 2.2 + 0.9 * best[rated] + 0.5 * people.taste[leads.person[rows], kind[rated]]
    good = good + 0.7 * normal(seed, "rating", rows)
    return Ratings(rows, np.clip(np.rint(good), 1, 5).astype(np.int64), client[rated])


def _types(company: Company, names: tuple[str, ...]) -> list[int]:
    return [company.types.index(name) for name in names if name in company.types]
