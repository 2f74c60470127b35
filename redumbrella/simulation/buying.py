"""Purchases of customers: BG/NBD, taste, returns; and what the shop sells without a lead."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import Floats, pick, shares, uniform
from redumbrella.simulation.offers import Offers
from redumbrella.simulation.parameters import Company
from redumbrella.simulation.people import BUYER, People

MAIL_DAYS = 7
RETURNED_WITHIN = 30


@dataclass(frozen=True)
class DaySales:
    """Purchases of a day (n): person, product, amount and margin in the currency, second of the
    day, and the day on which it will be returned (-1: never).
    """

    person: NDArray[np.int64]
    product: NDArray[np.int64]
    amount: Floats
    margin: Floats
    second: NDArray[np.int64]
    returned_on: NDArray[np.int64]


def purchase_rates(company: Company, people: People, day: int) -> Floats:
    """Purchases a day of each person; 0 before the first one and after leaving."""
    alive = (people.customer_since >= 0) & (people.customer_since < day) & (people.left < 0)
    mailed = (day - people.mailed) < MAIL_DAYS
    more = np.exp(np.where(mailed, company.mail.more_purchases * people.mail_taste, 0.0))
    return np.asarray(np.where(alive, people.buy_rate * more, 0.0), np.float64)


def buy(
    company: Company, seed: int, people: People, offers: Offers, shoppers: NDArray[np.int64],
    recommended: NDArray[np.int64], day: int,
) -> DaySales:  # fmt: skip
    """Repeat purchases of customers, and first ones of visitors in the shop.

    shoppers: known visitors of the day; recommended: the product that today's mail recommended to
    each person, -1 for none. Whoever buys may leave afterwards (BG/NBD).
    """
    rates = purchase_rates(company, people, day)
    some = np.flatnonzero(rates > 0)
    again = some[uniform(seed, "buys", some, day) < -np.expm1(-rates[some])]
    intent = people.intent_on(day)[shoppers]
    chance = company.purchases.without_lead * np.exp(np.minimum(intent, 3.0))
    new = (uniform(seed, "shops", shoppers, day) < chance) & (people.persona[shoppers] == BUYER)
    who = np.union1d(again, shoppers[new & (people.left[shoppers] < 0)])
    product = _chosen(company, seed, people, offers, who, recommended[who], day)
    second = (9 * 3600 + uniform(seed, "when bought", who, day) * 12 * 3600).astype(np.int64)
    return sold(company, seed, people, offers, who, product, second, day)


def sold(
    company: Company, seed: int, people: People, offers: Offers, who: NDArray[np.int64],
    product: NDArray[np.int64], second: NDArray[np.int64], day: int,
) -> DaySales:  # fmt: skip
    """Purchases with their money; notes in the people that they bought, and who leaves for good."""
    amount = offers.price[product]
    back = uniform(seed, "returned", who, day) < company.purchases.returned
    after = 1 + (uniform(seed, "returned when", who, day) * RETURNED_WITHIN).astype(np.int64)
    note_purchases(seed, people, who, product, day)
    return DaySales(
        who, product, amount, np.round(amount * offers.margin[product], 2), second,
        np.where(back, day + after, -1),
    )  # fmt: skip


def note_purchases(
    seed: int, people: People, who: NDArray[np.int64], product: NDArray[np.int64], day: int
) -> None:
    """Customers from now on; each purchase may be the last (Fader, Hardie, Lee 2005)."""
    first = who[people.customer_since[who] < 0]
    people.customer_since[first] = day
    people.bought[who] = product
    people.purchases[who] += 1
    leaves = uniform(seed, "leaves", who, day) < people.leave[who]
    people.left[who[leaves]] = day


def _chosen(
    company: Company, seed: int, people: People, offers: Offers, who: NDArray[np.int64],
    recommended: NDArray[np.int64], day: int,
) -> NDArray[np.int64]:  # fmt: skip
    """The same as last time, or one of a type liked that the shop has, or what was recommended."""
    in_shop = np.array([one.shop for one in company.products])
    weight = np.exp(1.2 * people.taste[who]) * (in_shop if in_shop.any() else 1.0)
    kind = pick(shares(weight), uniform(seed, "type bought", who, day))
    product = offers.of_type(kind, uniform(seed, "product bought", who, day))
    same = uniform(seed, "same again", who, day) < company.purchases.same_again
    may_repeat = (people.bought[who] >= 0) & offers.in_shop[np.maximum(people.bought[who], 0)]
    product = np.where(same & may_repeat, people.bought[who], product)
    # A recommendation is taken where the product is of a type the person likes, and in the shop.
    taste = people.taste[who, offers.type[np.maximum(recommended, 0)]]
    taken = (recommended >= 0) & (uniform(seed, "takes", who, day) < 0.3 / (1 + np.exp(-2 * taste)))
    if in_shop.any():
        taken &= offers.in_shop[np.maximum(recommended, 0)]
    return np.where(taken, recommended, product)
