"""Young products on lists, with the chance of everything that stands there.

A product of which nothing is known yet is on no list that rests on what was bought, so nothing
becomes known of it. A share of the places is therefore given to young products, drawn evenly, and
the chance with which each product came to be on its list is kept, so that what was tried can be
weighed by it later (inverse-probability estimators; Horvitz and Thompson 1952).

In: lists, and which products are young (`young_products`). Out: `Explored`, by `explored`. Of the
first `shown` places the later half may be given away. With s products shown, m of them in that
half, and y young products that could stand there, the number given away has the mean

    e = min(share s, y)

each of the m places is given away with the chance e / m, and each of the y takes one with e / y.
The draws are systematic (Madow 1949), so the number is e rounded down or up, and these chances are
exact. They are made from the seed and the person's id alone: other people, and their order, change
nothing.

What stood at a place that was given away leaves the list. Not for lists of what was bought before:
a young product is none of these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.errors import SettingsError
from redumbrella.recommenders.lists import Lists
from redumbrella.recommenders.parts import SimpleParts

SHARE = 0.05
SHOWN = 10
MOST_SHARE = 0.5  # only the later half is given away


@dataclass(frozen=True)
class Exploration:
    """share: of the shown places that are given to young products, 0 to MOST_SHARE. shown: places
    that are shown of each list. seed: of the draws; with another one, others are drawn.
    """

    share: float = SHARE
    shown: int = SHOWN
    seed: str = ""

    def __post_init__(self) -> None:
        """Raises SettingsError (explore_share) for a share that cannot be given away."""
        if not 0.0 <= self.share <= MOST_SHARE:
            raise SettingsError(
                f"explore_share is {self.share:g}; it is the share of shown places that go to "
                f"young products and lies between 0 and {MOST_SHARE:g}. Write for example "
                f"explore_share = {SHARE:g}.",
                reason="explore_share",
            )


@dataclass(frozen=True, eq=False)
class Explored:
    """lists: with young products at some places, their score NaN: none put them there. is_explored:
    (people, n). chance: float32 (people, n), with which a product came to be on that list, NaN
    where there is none.
    """

    lists: Lists
    is_explored: NDArray[np.bool_]
    chance: NDArray[np.float32]


def young_products(parts: SimpleParts, step: int, allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the allowed products are sold for less than `step` microseconds: since they were
    listed, or first bought where the catalogue does not say. (products,)

    In a record shorter than that, what was first bought in it may be old: then only the catalogue
    tells.
    """
    since, instant = parts.listed_since, parts.instant
    begin = int(parts.known.at.min(initial=instant))
    is_told = parts.catalogue.is_dated | (begin <= instant - step)
    return allowed & is_told & (since <= instant) & (since > instant - step)


def explored(
    lists: Lists,
    person_ids: Sequence[str],
    own: Any,
    young: NDArray[np.bool_],
    exploration: Exploration,
) -> Explored:
    """The lists of some people with young products at some of their places.

    person_ids: (people,) of the rows. own: CSR (people, products) of the same rows, what each has
    bought: that is not tried on him, nor what is on his list anyway. young: (products,), allowed.
    """
    products, score = lists.products.copy(), lists.score.copy()
    is_explored = np.zeros(products.shape, np.bool_)
    chance = np.where(products >= 0, 1.0, np.nan).astype(np.float32)
    shown = (products[:, : exploration.shown] >= 0).sum(axis=1)
    half = shown - shown // 2
    ids = np.flatnonzero(young)
    taken, free = _not_tried(lists, own, young)
    given = np.minimum(exploration.share * shown, free)
    chance_of_place = np.divide(given, half, out=np.zeros(len(given)), where=half > 0)
    chance_of_young = np.divide(given, free, out=np.zeros(len(given)), where=free > 0)
    place = np.arange(products.shape[1])
    may = (place >= (shown - half)[:, None]) & (place < shown[:, None])
    chance = np.where(may, 1.0 - chance_of_place[:, None], chance).astype(np.float32)
    first, second = uniform_numbers(exploration.seed, person_ids)
    many = np.ceil(given - first).astype(np.intp)  # points first, first + 1, … below `given`
    for row in np.flatnonzero(many > 0):
        points = first[row] + np.arange(many[row])
        at = np.minimum((points / chance_of_place[row]).astype(np.intp), half[row] - 1)
        at += shown[row] - half[row]
        apart = np.arange(many[row]) * free[row] // many[row]
        drawn = (int(second[row] * free[row]) + apart) % free[row]
        products[row, at] = ids[_free_places(drawn, taken[row])]
        score[row, at] = np.nan
        is_explored[row, at] = True
        chance[row, at] = chance_of_young[row]
    return Explored(Lists(products, score), is_explored, chance)


def uniform_numbers(seed: str, person_ids: Sequence[str]) -> NDArray[np.float64]:
    """Two numbers in [0, 1) for each id, (2, people), from the seed and the id alone."""
    key = blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=32).digest()
    digests = [
        blake2b(one.encode("utf-8", "surrogatepass"), digest_size=16, key=key).digest()
        for one in person_ids
    ]
    whole = np.frombuffer(b"".join(digests), "<u8").reshape(-1, 2)
    # 53 bits: as many as a float tells apart, so 1 is never reached.
    return (whole >> np.uint64(11)).T / 2.0**53


def _not_tried(
    lists: Lists, own: Any, young: NDArray[np.bool_]
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Of each row, places among the young products of those that stand on the list or were bought,
    in order; and how many are left.
    """
    people, size = len(lists.products), int(young.sum())
    place = np.cumsum(young) - 1
    row = np.arange(people, dtype=np.int64)
    there = (lists.products >= 0) & young[lists.products]
    keys = [(row[:, None] * size + place[lists.products])[there]]
    bought = np.repeat(row, np.diff(own.indptr))
    is_young = young[own.indices]
    keys.append((bought * size + place[own.indices])[is_young])
    key = np.unique(np.concatenate(keys))
    bounds = np.searchsorted(key, np.arange(people + 1) * size)
    taken = [key[low:high] % size for low, high in pairwise(bounds)]
    return taken, size - np.diff(bounds)


def _free_places(drawn: NDArray[np.intp], taken: NDArray[np.int64]) -> NDArray[np.intp]:
    """Place among all of the drawn-th of those that are not taken; taken: rising."""
    before = taken - np.arange(taken.size)  # free places before each taken one
    return np.asarray(drawn + np.searchsorted(before, drawn, side="right"), np.intp)
