"""Shops of which it is known what makes people buy: five worlds for recommenders.

Each draws purchases of a hundred days and some products, and says which recommender is right.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from redumbrella.features.profiles import Profiles, profiles_of
from redumbrella.recommenders.content import Catalogue, catalogue_of
from redumbrella.recommenders.interactions import Interactions, interactions_of
from redumbrella.recommenders.parts import Situation, situation_of

DAY = 86_400_000_000
UTC = pa.timestamp("us", "UTC")
START = 19_700 * DAY
DAYS = 100  # of them the last horizon lies after END
HORIZON = 14.0
END = START + 86 * DAY
LAST = START + DAYS * DAY


@dataclass(frozen=True, eq=False)
class World:
    """Purchases, products and people as tables; which list tells, and who should make it."""

    purchases: pa.Table
    products: pa.Table | None
    people: pa.Table | None
    told_by: str
    right: tuple[str, ...]

    def situation(self, purchases: pa.Table | None = None, as_of: int = END) -> Situation:
        """As a verb makes it from what the lake has before an instant."""
        ids = [] if self.products is None else self.products["product_id"].to_pylist()
        bought = self.purchases if purchases is None else purchases
        known = [] if self.people is None else self.people["person_id"].to_pylist()
        found = interactions_of(bought, None, as_of, people=known, products=ids)
        catalogue: Catalogue = catalogue_of(self.products, found.products)
        profiles: Profiles | None = None
        if self.people is not None:
            profiles = profiles_of(self.people, ["person_id", "known_at"])
        return situation_of(found, HORIZON, catalogue, profiles)


def table_of(
    person: NDArray[np.int64], product: NDArray[np.int64], day: NDArray[np.float64]
) -> pa.Table:
    """Purchases as the lake has them; days since the start, with fractions."""
    return pa.table(
        {
            "person_id": pa.array([f"p{one:05d}" for one in person]),
            "product_id": pa.array([f"a{one:04d}" for one in product]),
            "at": pa.array((START + day * DAY).astype(np.int64), UTC),
            "amount": pa.array(np.full(len(person), 10.0)),
            "cancelled_at": pa.nulls(len(person), UTC),
        }
    )


def _drawn(rng: np.random.Generator, weight: NDArray[np.float64]) -> NDArray[np.int64]:
    """One product for each row of weights."""
    total = np.cumsum(weight, axis=1)
    return (rng.random((len(weight), 1)) * total[:, -1:] > total).sum(axis=1)


def _skewed(rng: np.random.Generator, products: int) -> NDArray[np.float64]:
    return rng.permutation(1.0 / np.arange(1, products + 1) ** 0.7)


def lasting_taste(seed: int) -> World:
    """Six groups with a taste of their own that never changes; nobody buys anything twice."""
    rng = np.random.default_rng(seed)
    people, products, groups, each = 600, 120, 6, 14
    base, group = _skewed(rng, products), rng.integers(groups, size=people)
    taste = np.where(rng.integers(groups, size=products) == np.arange(groups)[:, None], 12.0, 0.4)
    # Gumbel's trick draws without putting back.
    noise = rng.gumbel(size=(people, products))
    chosen = np.argsort(-(np.log(base * taste[group]) + noise), axis=1)[:, :each]
    chosen = rng.permuted(chosen, axis=1)
    person = np.repeat(np.arange(people), each)
    day = rng.random(person.size) * DAYS
    found = table_of(person, chosen.ravel(), day)
    return World(found, None, None, "new", ("collaborative", "collaborative + recent popularity"))


def short_lived(seed: int) -> World:
    """Products live twelve days on average, however long they have lived; people stay with a
    theme."""
    rng = np.random.default_rng(seed)
    people, themes, life = 500, 10, 12.0
    launch = np.repeat(np.arange(-3 * life, DAYS, 2.5), themes)
    end = launch + rng.exponential(life, launch.size)
    theme = np.tile(np.arange(themes), launch.size // themes)
    loves = rng.integers(themes, size=people)
    person = np.repeat(np.arange(people), 12)
    day = rng.random(person.size) * DAYS
    alive = (launch <= day[:, None]) & (day[:, None] < end)
    weight = alive * np.where(theme == loves[person][:, None], 200.0, 1.0)
    ids = np.arange(launch.size)
    products = pa.table(
        {
            "product_id": [f"a{one:04d}" for one in ids],
            "name": [f"theme{theme[one]} motif{theme[one]}" for one in ids],
            "listed_at": pa.array((START + launch * DAY).astype(np.int64), UTC),
            "withdrawn_at": pa.array((START + end * DAY).astype(np.int64), UTC),
        }
    )
    found = table_of(person, _drawn(rng, weight), day)
    return World(found, products, None, "new", ("content",))


def habit(seed: int) -> World:
    """Everybody has a basket of his own and buys from it again and again."""
    rng = np.random.default_rng(seed)
    people, products, basket = 400, 100, 12
    base = _skewed(rng, products)
    own = np.argsort(-(np.log(base) + rng.gumbel(size=(people, products))), axis=1)[:, :basket]
    often = rng.gamma(0.4, 1.0, (people, basket)) + 0.02
    person = np.repeat(np.arange(people), 30)
    place = _drawn(rng, often[person])
    found = table_of(person, own[person, place], rng.random(person.size) * DAYS)
    return World(found, None, None, "again", ("personal",))


def fashion(seed: int) -> World:
    """What sells changes every few weeks, and is the same for all."""
    rng = np.random.default_rng(seed)
    people, products = 500, 120
    person = np.repeat(np.arange(people), 12)
    day = rng.random(person.size) * DAYS
    peak = rng.permutation(products) / products * (DAYS + 20) - 10
    weight = np.exp(-0.5 * ((day[:, None] - peak) / 12) ** 2) * _skewed(rng, products)
    found = table_of(person, _drawn(rng, weight), day)
    return World(found, None, None, "new", ("recent popularity",))


def newcomers(seed: int) -> World:
    """People buy once, as likely on any day, and their profile tells what."""
    rng = np.random.default_rng(seed)
    people, products, jobs = 1_600, 120, 6
    job = rng.integers(jobs, size=people)
    taste = _skewed(rng, products) * np.where(rng.random((jobs, products)) < 0.15, 15.0, 1.0)
    person = np.repeat(np.arange(people), 3)
    day = rng.exponential(70.0, people)[person] + rng.random(person.size) * 0.1
    known = (START + np.zeros(people) * DAY).astype(np.int64)
    profiles = pa.table(
        {
            "person_id": [f"p{one:05d}" for one in range(people)],
            "known_at": pa.array(known, UTC),
            "job": [f"job{one}" for one in job],
            "eyes": [("blue", "brown", "green")[one] for one in rng.integers(3, size=people)],
        }
    )
    found = table_of(person, _drawn(rng, taste[job[person]]), day)
    keep = np.flatnonzero(day < DAYS)
    return World(found.take(pa.array(keep)), None, profiles, "newcomer", ("profile",))


WORLDS = {
    "lasting taste": lasting_taste,
    "short-lived products": short_lived,
    "habit": habit,
    "fashion": fashion,
    "newcomers": newcomers,
}


def small_interactions() -> Interactions:
    """A few dozen people and products, for tests of single functions."""
    world = lasting_taste(3)
    return interactions_of(world.purchases.slice(0, 1_400), None, END)
