"""A boosted ranker over what all simple recommenders propose.

LambdaMART (Burges 2010; LightGBM, Ke et al. 2017): trees that put what a person bought above what
he did not. It learns at the instant one horizon before its last fact: the simple recommenders are
made from what was known then, propose their TOP best each, and what the person bought in the
horizon after it is the outcome. Applied at a later instant, it is given the simple recommenders of
that instant. Columns of a pair of person and product: `COLUMNS_OF_PART` for each simple
recommender, and `COLUMNS_OF_PAIR`; `ranker_columns` names them in their order.

Promise: the same for any number of threads; a list has n products while n <= TOP are allowed.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.models.parallel import THREADS
from redumbrella.models.trees.lightgbm import lightgbm
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
MOST_PEOPLE = 4_000  # to learn from
FEWEST_PEOPLE = 100
_PEOPLE = 1_000  # at a time
TREES = 120
PARAMETERS: dict[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "label_gain": [0, 1],
    "num_leaves": 15,
    "learning_rate": 0.07,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "max_bin": 63,
    "seed": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
    "num_threads": THREADS,
}


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


@dataclass(frozen=True, eq=False)
class Ranker:
    """The trees, and the parts at the instant at which they are applied. rows: learned from."""

    trees: Any
    parts: SimpleParts
    rows: int

    def best(
        self, people: NDArray[np.intp], n: int, allowed: NDArray[np.bool_], own: Any, kind: Kind
    ) -> Lists:
        """The n <= TOP best for each of `people`, as `lists.Linear.best` has it."""
        found = np.full((len(people), n), -1, np.int32)
        score = np.zeros((len(people), n), np.float32)
        for first in range(0, len(people), _PEOPLE):
            chunk = people[first : first + _PEOPLE]
            pairs = pairs_of(self.parts, chunk, allowed, own, kind)
            if not pairs.product.size:
                continue
            said = self.trees.predict(pairs.X, num_threads=THREADS)
            row = pairs.row
            order = np.lexsort((pairs.product, -said, row))
            place = np.arange(row.size) - pairs.start[row]
            told = order[place < n]
            found[first + row[told], place[place < n]] = pairs.product[told]
            score[first + row[told], place[place < n]] = said[told]
        return Lists(found, score)


def fit_ranker(then: SimpleParts, wanted: Any, now: SimpleParts, kind: Kind) -> Ranker | None:
    """Learned from `then` and what was bought in the horizon after it, to be applied to `now`.

    wanted: CSR of ones (people, products). None with fewer than 100 people to learn from.
    """
    own = then.own
    want = _of_kind(wanted, own, kind, then.sold)
    has_bought = np.diff(own.indptr) > 0
    people = np.flatnonzero((np.diff(want.indptr) > 0) & has_bought & then.known.teaches)
    if people.size < FEWEST_PEOPLE:
        return None
    people = people[np.unique(np.linspace(0, people.size - 1, MOST_PEOPLE).astype(np.intp))]
    taken, groups, outcomes = [], [], []
    for first in range(0, people.size, _PEOPLE):
        pairs = pairs_of(then, people[first : first + _PEOPLE], then.sold, own, kind)
        taken.append(pairs.X)
        groups.append(np.diff(pairs.start))
        outcomes.append(_is_in(want, pairs))
    X, outcome = np.concatenate(taken), np.concatenate(outcomes)
    group = np.concatenate(groups)
    library = lightgbm()
    rows = library.Dataset(X, outcome, group=group[group > 0], params=PARAMETERS)
    return Ranker(library.train(PARAMETERS, rows, TREES), now, len(outcome))


def wanted_of_kind(parts: SimpleParts, wanted: Any, kind: Kind) -> Any:
    """What could have stood on a list of this kind of all that was bought, CSR of ones."""
    return _of_kind(wanted, parts.own, kind, parts.sold)


def ranker_columns(parts: SimpleParts) -> list[str]:
    """What the columns of X are."""
    have = [name for name in ORDER_OF_PARTS if name in parts.linear]
    return [f"{name}: {column}" for name in have for column in COLUMNS_OF_PART] + [*COLUMNS_OF_PAIR]


def pairs_of(
    parts: SimpleParts, people: NDArray[np.intp], allowed: NDArray[np.bool_], own: Any, kind: Kind
) -> Proposals:
    """What is proposed to each of `people`, with its columns."""
    products = len(parts.known.products)
    row = np.arange(len(people), dtype=np.int64)[:, None] * products
    tops = {
        name: linear.best(people, TOP, allowed, own, kind) for name, linear in parts.linear.items()
    }
    keys = {name: (row + top.products)[top.products >= 0] for name, top in tops.items()}
    key = np.unique(np.concatenate([keys[name] for name in PROPOSE if name in keys]))
    product = (key % products).astype(np.int32)
    at = key // products
    start = np.searchsorted(at, np.arange(len(people) + 1)).astype(np.int64)
    columns = []
    for name in ORDER_OF_PARTS:
        if name not in parts.linear:
            continue
        score = parts.linear[name].scores(people, start, product)
        peak = np.maximum(np.abs(tops[name].score[:, 0]), SMALLEST)[at]
        columns += [score, score / peak, np.log1p(_places(key, tops[name], row))]
    columns += _pair_columns(parts, people, at, product)
    return Proposals(people, start, product, np.column_stack(columns).astype(np.float32))


def _places(key: NDArray[np.int64], top: Lists, row: NDArray[np.int64]) -> NDArray[np.float64]:
    """Place of each pair on a part's list, TOP for those that are not on it."""
    there = top.products >= 0
    listed = (row + top.products)[there]
    place = np.broadcast_to(np.arange(top.products.shape[1]), there.shape)[there]
    order = np.argsort(listed, kind="stable")
    found = np.full(key.size, float(TOP))
    if listed.size:
        at = np.minimum(np.searchsorted(listed[order], key), listed.size - 1)
        same = listed[order][at] == key
        found[same] = place[order][at[same]]
    return found


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


def _of_kind(wanted: Any, own: Any, kind: Kind, sold: NDArray[np.bool_]) -> Any:
    """Cells of `wanted` that a list of this kind may hold."""
    size = np.diff(wanted.indptr)
    row = np.repeat(np.arange(wanted.shape[0], dtype=np.int64), size)
    key = row * wanted.shape[1] + wanted.indices
    mine = np.repeat(np.arange(own.shape[0], dtype=np.int64), np.diff(own.indptr))
    is_own = np.isin(key, mine * own.shape[1] + own.indices)
    keep = sold[wanted.indices]
    if kind != "all":
        keep &= is_own if kind == "again" else ~is_own
    found = wanted.copy()
    found.data = np.where(keep, found.data, 0.0).astype(np.float32)
    found.eliminate_zeros()
    return found


def _is_in(want: Any, pairs: Proposals) -> NDArray[np.int32]:
    """1 for pairs that were bought."""
    part = want[pairs.people]
    key = np.repeat(np.arange(part.shape[0], dtype=np.int64), np.diff(part.indptr))
    bought = key * part.shape[1] + part.indices
    return np.isin(pairs.row * part.shape[1] + pairs.product, bought).astype(np.int32)
