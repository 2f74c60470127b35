"""Lessons about products: which of them does a person buy within the horizon?

In: who bought what and when. Out: for rows (person, instant) one outcome a product. A product that
had not been sold before the end of a row's horizon could not be bought: its outcome is not known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNKNOWN = 2  # an outcome that is neither 0 nor 1
MOST_PRODUCTS = 300
LEAST_SALES = 10  # a product sold less often teaches nothing of its own


@dataclass(frozen=True, eq=False)
class ProductSales:
    """Who bought which product when: person, product (numbers) and at (UTC microseconds), (s,).

    names: (k,) ids of the products, the most sold first. prices: (k,) mean amount of a sale.
    rare: how many products are left out because they were sold less than LEAST_SALES times.
    """

    names: tuple[str, ...]
    person: NDArray[np.int32]
    product: NDArray[np.int32]
    at: NDArray[np.int64]
    prices: NDArray[np.float64]
    rare: int

    def outcome(
        self, person: NDArray[np.intp], as_of: NDArray[np.int64], horizon: int
    ) -> NDArray[np.uint8]:
        """1 = bought within [as_of, as_of + horizon), 0 = not, UNKNOWN = not yet sold; (n, k)."""
        found = np.zeros((person.size, len(self.names)), np.uint8)
        begun = np.full(len(self.names), np.iinfo(np.int64).max)
        np.minimum.at(begun, self.product, self.at)
        people = int(max(person.max(initial=-1), self.person.max(initial=-1))) + 1
        for instant in np.unique(as_of):
            asked = np.flatnonzero(as_of == instant)
            row_of = np.full(people, -1, np.intp)
            row_of[person[asked]] = asked
            found[np.ix_(asked, np.flatnonzero(begun >= instant + horizon))] = UNKNOWN
            sold = (self.at >= instant) & (self.at < instant + horizon)
            row = row_of[self.person[sold]]
            found[row[row >= 0], self.product[sold][row >= 0]] = 1
        return found


def product_sales(
    names: NDArray[np.object_],
    person: NDArray[np.int32],
    at: NDArray[np.int64],
    amount: NDArray[np.float64],
) -> ProductSales:
    """Sales (s,) by id of the product; at most MOST_PRODUCTS of those sold LEAST_SALES times."""
    ids, product, sold = np.unique(names.astype(str), return_inverse=True, return_counts=True)
    best = np.argsort(-sold, kind="stable")
    kept = best[sold[best] >= LEAST_SALES][:MOST_PRODUCTS]
    number = np.full(ids.size, -1, np.int32)
    number[kept] = np.arange(kept.size)
    rows = np.flatnonzero((number[product] >= 0) & (person >= 0))
    of = number[product][rows]
    # Further items of an order carry no amount of their own.
    total = np.bincount(of, np.nan_to_num(amount[rows]), kept.size)
    prices = total / np.maximum(np.bincount(of, np.isfinite(amount[rows]), kept.size), 1)
    return ProductSales(
        tuple(str(ids[k]) for k in kept),
        person[rows],
        of.astype(np.int32),
        at[rows],
        prices,
        int(ids.size - kept.size),
    )
