"""What simple recommenders propose to people, and what is known of each pair of person and product.

In: the simple recommenders of an instant. Out: `Proposals`: for each person the products that are
among the TOP best of any of PROPOSE, with `COLUMNS_OF_PART` of every simple recommender and
`COLUMNS_OF_PAIR`; `ranker_columns` names them in their order.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.features.kernel.compiled import njit
from redumbrella.recommenders.lists import SMALLEST, Kind, Lists
from redumbrella.recommenders.parts import (
    COLLABORATIVE,
    CONTENT,
    COSINE,
    COUNT,
    FORTNIGHT,
    PERSONAL,
    POPULARITY,
    PROFILE,
    RECENT,
    SEASON,
    SimpleParts,
)

TOP = 60
ORDER_OF_PARTS = (
    POPULARITY, RECENT, FORTNIGHT, SEASON, PERSONAL, COUNT, COLLABORATIVE, COSINE, CONTENT, PROFILE,
)  # fmt: skip
PROPOSE = (FORTNIGHT, SEASON, PERSONAL, COLLABORATIVE, COSINE, CONTENT, PROFILE)
COLUMNS_OF_PART = ("score", "share of the best score", "log of the place")
COLUMNS_OF_PAIR = (
    "days since the person bought it", "how often", "share of the person's purchases",
    "products of the person", "purchases of the person", "days since the person's last purchase",
    "days since the product's first purchase", "log of its price over the person's mean price",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Proposals:
    """People with the products proposed to them: those of people[r] are
    product[start[r]:start[r + 1]], in rising order. X: float32 (pairs, columns).
    """

    people: NDArray[np.intp]
    start: NDArray[np.int64]
    product: NDArray[np.int32]
    X: NDArray[np.float32]

    @property
    def row(self) -> NDArray[np.int64]:
        """Place in `people` of each pair."""
        return np.repeat(np.arange(len(self.people), dtype=np.int64), np.diff(self.start))


def ranker_columns(parts: SimpleParts) -> list[str]:
    """What the columns of X are."""
    have = [name for name in ORDER_OF_PARTS if name in parts.linear]
    return [f"{name}: {column}" for name in have for column in COLUMNS_OF_PART] + [*COLUMNS_OF_PAIR]


def pairs_of(
    parts: SimpleParts, people: NDArray[np.intp], allowed: NDArray[np.bool_], own: Any, kind: Kind
) -> Proposals:
    """What is proposed to each of `people`, with its columns."""
    names = [name for name in ORDER_OF_PARTS if name in parts.linear]
    tops = {name: parts.linear[name].best(people, TOP, allowed, own, kind) for name in names}
    listed = np.concatenate([tops[name].products for name in PROPOSE if name in tops], axis=1)
    many = _united(listed, allowed.size)
    start = np.concatenate([[0], np.cumsum(many)]).astype(np.int64)
    product = listed[np.arange(listed.shape[1]) < many[:, None]]
    at = np.repeat(np.arange(len(people)), many)
    X = np.empty((product.size, len(ranker_columns(parts))), np.float32)
    for number, name in enumerate(names):
        _fill_part(parts, people, start, product, tops[name], name, X[:, 3 * number :])
    of_pair = _pair_columns(parts, people, at, product)
    for number, column in enumerate(of_pair, start=3 * len(names)):
        X[:, number] = column
    return Proposals(people, start, product, X)


def _fill_part(
    parts: SimpleParts,
    people: NDArray[np.intp],
    start: NDArray[np.int64],
    product: NDArray[np.int32],
    top: Lists,
    name: str,
    X: NDArray[np.float32],
) -> None:
    """COLUMNS_OF_PART into the first columns of X."""
    score = parts.linear[name].scores(people, start, product)
    peak = np.maximum(np.abs(top.score[:, 0]), np.float32(SMALLEST))
    X[:, 0] = score
    X[:, 1] = score / np.repeat(peak, np.diff(start))
    logs = np.log1p(np.arange(TOP + 1)).astype(np.float32)
    _fill_places(start, product, top.products, logs, len(parts.known.products), X)


@njit(nogil=True, cache=True)
def _united(listed, products):  # type: ignore[no-untyped-def]
    """Puts each row's different products in front, in rising order; how many they are."""
    many = np.zeros(len(listed), np.int64)
    is_there = np.zeros(products, np.bool_)
    for r in range(len(listed)):
        row = listed[r]
        found = 0
        for q in row:
            if q >= 0 and not is_there[q]:
                is_there[q] = True
                row[found] = q
                found += 1
        row[:found] = np.sort(row[:found])
        for q in row[:found]:
            is_there[q] = False
        many[r] = found
    return many


@njit(nogil=True, cache=True)
def _fill_places(start, product, top, logs, products, X):  # type: ignore[no-untyped-def]
    """Log of each pair's place on a part's list into column 2, the last for what is not on it."""
    place = np.full(products, logs.size - 1, np.int32)
    for r in range(len(top)):
        for t in range(top.shape[1]):
            if top[r, t] >= 0:
                place[top[r, t]] = t
        for c in range(start[r], start[r + 1]):
            X[c, 2] = logs[place[product[c]]]
        for q in top[r]:
            if q >= 0:
                place[q] = logs.size - 1


def _pair_columns(
    parts: SimpleParts,
    people: NDArray[np.intp],
    at: NDArray[np.int64],
    product: NDArray[np.int32],
) -> list[NDArray[np.float64]]:
    """COLUMNS_OF_PAIR of the products of people[at]."""
    own, day = parts.own, float(MICROSECONDS_PER_DAY)
    cells = _cells_of(own, people)
    width = np.int64(own.shape[1])
    mine = np.repeat(np.arange(len(people)), np.diff(own.indptr)[people])
    keys, asked = mine * width + own.indices[cells], at * width + product
    place = np.minimum(np.searchsorted(keys, asked), max(keys.size - 1, 0))
    has = keys[place] == asked if keys.size else np.zeros(asked.size, np.bool_)
    cell = cells[place] if keys.size else np.zeros(asked.size, np.int64)
    ago, count = np.full(asked.size, np.nan), np.zeros(asked.size)
    ago[has] = (parts.instant - parts.newest[cell[has]]) / day
    count[has] = own.data[cell[has]]
    person = people[at]
    total, last = parts.purchases[person], parts.last_bought[person]
    first = parts.listed_since[product]
    age = np.where(first <= parts.instant, (parts.instant - first) / day, np.nan)
    since = np.where(last >= 0, (parts.instant - last) / day, np.nan)
    return [
        ago, count, count / np.maximum(total, 1.0),
        np.diff(own.indptr)[person].astype(np.float64), total, since,
        age, _log_price(parts)[product] - parts.usual_price[person],
    ]  # fmt: skip


def _cells_of(matrix: Any, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    """Places in `indices` and `data` of a CSR matrix of the cells of some rows, row after row."""
    size = np.diff(matrix.indptr)[rows].astype(np.int64)
    begin = np.repeat(matrix.indptr[:-1][rows] - (np.cumsum(size) - size), size)
    return np.asarray(begin + np.arange(size.sum()), np.int64)


def _log_price(parts: SimpleParts) -> NDArray[np.float64]:
    """log price of each product, NaN where unknown."""
    price = parts.catalogue.price
    is_priced = np.isfinite(price) & (price > 0)
    return np.where(is_priced, np.log(np.where(is_priced, price, 1.0)), np.nan)
