"""Why each product stands on each list: the largest terms of its score, for many lists at once.

The score is x W + b (`lists`), so its reasons are the terms x_i W_ij themselves. A boosted ranker
puts many scores together; there, the reason is of the simple recommender by which the product comes
nearest to the best for this person.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redumbrella.features.kernel.compiled import njit
from redumbrella.recommenders.chooser import KINDS, Choices, ListName
from redumbrella.recommenders.lists import SMALLEST, Linear
from redumbrella.recommenders.neighbours import sparse
from redumbrella.recommenders.parts import COLLABORATIVE, CONTENT, PERSONAL

TOLD = 2  # terms that are told of


@dataclass(frozen=True, eq=False)
class Because:
    """columns: int32 (people, n, TOLD), those of x that speak most for each product, -1 for none.
    share: float32 (people, n), what they are of all that speaks for it. by: int8 (people, n), whose
    score it is, a place in `parts`; linear: those recommenders.
    """

    columns: NDArray[np.int32]
    share: NDArray[np.float32]
    by: NDArray[np.int8]
    parts: tuple[str, ...]
    linear: tuple[Linear, ...]

    def terms(self, row: int, place: int) -> list[tuple[str, int]]:
        """What speaks for one product most: a kind of interaction or a segment, and its product
        (-1 for a segment).
        """
        known = self.linear[self.by[row, place]].columns
        return [
            (known.names[known.what[column]], int(known.product[column]))
            for column in self.columns[row, place].tolist()
            if column >= 0
        ]


def because_of(
    choices: Choices, name: ListName, people: NDArray[np.intp], products: NDArray[np.int32]
) -> Because:
    """The reasons of lists: products, int32 (people, n), -1 where there is none."""
    method = choices.methods[name]
    if isinstance(method, Linear):
        columns, share = largest_terms(method, people, products)
        by = np.zeros(products.shape, np.int8)
        return Because(columns, share, by, (choices.by_list[name].method,), (method,))
    have = [part for part in (PERSONAL, COLLABORATIVE, CONTENT) if part in choices.parts.linear]
    linear = tuple(choices.parts.linear[part] for part in have)
    start = np.arange(len(people) + 1, dtype=np.int64) * products.shape[1]
    asked = np.maximum(products, 0).ravel()
    everything = [largest_terms(one, people, products) for one in linear]
    near = []
    for one, (columns, _) in zip(linear, everything, strict=True):
        score = one.scores(people, start, asked).reshape(products.shape)
        peak = one.best(people, 1, choices.parts.sold, choices.parts.own, KINDS[name]).score[:, 0]
        told = columns[:, :, 0] >= 0
        near.append(np.where(told, score / np.maximum(peak, SMALLEST)[:, None], -1.0))
    by = np.argmax(near, axis=0).astype(np.int8)
    columns = np.choose(by[:, :, None], [one[0] for one in everything])
    share = np.choose(by, [one[1] for one in everything])
    return Because(columns, share, by, tuple(have), linear)


def largest_terms(
    linear: Linear, people: NDArray[np.intp], products: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """`Because.columns` and `Because.share` of one recommender's score."""
    columns = np.full((*products.shape, TOLD), -1, np.int32)
    share = np.zeros(products.shape, np.float32)
    x, W = sparse(linear.x), sparse(linear.W)
    b = np.ascontiguousarray(linear.b, np.float32)
    _largest(np.ascontiguousarray(people, np.int64), products, x, W, b, columns, share)
    return columns, share


@njit(nogil=True, cache=True)
def _weight(W, i, product):  # type: ignore[no-untyped-def]
    """W_ij, 0 where nothing is stored; columns of a row rise."""
    low, high = W.start[i], W.start[i + 1]
    while low < high:
        middle = (low + high) // 2
        if W.column[middle] < product:
            low = middle + 1
        else:
            high = middle
    if low < W.start[i + 1] and W.column[low] == product:
        return W.value[low]
    return np.float32(0)


@njit(nogil=True, cache=True)
def _largest(people, products, x, W, b, columns, share):  # type: ignore[no-untyped-def]
    """The two largest terms above 0 of each score, and what they are of all above 0."""
    size = np.zeros(2, np.float32)
    for r in range(people.size):
        for place in range(products.shape[1]):
            product = products[r, place]
            if product < 0:
                continue
            size[:] = 0
            whole = max(b[product], np.float32(0))
            for e in range(x.start[people[r]], x.start[people[r] + 1]):
                i = x.column[e]
                term = x.value[e] * _weight(W, i, product)
                if term <= 0:
                    continue
                whole += term
                if term > size[0]:
                    size[1], columns[r, place, 1] = size[0], columns[r, place, 0]
                    size[0], columns[r, place, 0] = term, i
                elif term > size[1]:
                    size[1], columns[r, place, 1] = term, i
            if whole > 0:
                share[r, place] = (size[0] + size[1]) / whole
