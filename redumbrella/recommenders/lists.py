"""One form for every simple recommender, and the lists, reasons and orders that come from it.

    score_pj = sum over i of x_pi W_ij + b_j

x: what a person did (`Interactions.matrix`) or what his profile says. W: what each of it says for
each product; b: what is said to everybody. Diagonal W: personal frequency. W of `neighbours`:
collaborative. W of `content`: content. No W and b = buyers: popularity. W of `segments`: profile.
A blend of two is of the same form, with their columns side by side.

So one compiled function makes everybody's lists, the terms x_pi W_ij are the exact reasons of a
score, rows of W are similar products (`similar_products`), and the order of a search result is the
score of given ids.

Promises of a list: the n best of the allowed products by score, equal ones in order of their ids;
what nothing says anything about stands there by b, which orders by popularity
where a recommender has nothing else to say, so a list has n products while n are allowed; no
product twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.threads import in_chunks
from redumbrella.figures import percent
from redumbrella.recommenders.neighbours import Neighbours, Sparse, sparse

Kind = Literal["all", "new", "again"]
_MODES: dict[Kind, int] = {"all": 0, "new": 1, "again": 2}
_CHUNK = 1_024
ENOUGH_TOGETHER = 5  # common buyers, below which content says what is similar
SMALLEST = 1e-9
TIE = 1e-6  # of popularity, beside scores of what a person did


@dataclass(frozen=True, eq=False)
class SourceColumns:
    """What the columns of x are. product: (m,) its number, -1 for one of a profile. what: (m,)
    number of a name in `names`. names: kinds of interactions, or segments in words.
    """

    product: NDArray[np.int32]
    what: NDArray[np.int32]
    names: tuple[str, ...]

    @classmethod
    def of_kinds(cls, kinds: tuple[str, ...], products: int) -> Self:
        """Those of `Interactions.matrix`."""
        product = np.tile(np.arange(products, dtype=np.int32), len(kinds))
        return cls(product, np.repeat(np.arange(len(kinds), dtype=np.int32), products), kinds)

    @classmethod
    def of_segments(cls, names: Sequence[str]) -> Self:
        """Those of `segments`, one each."""
        many = len(names)
        nothing = np.full(many, -1, np.int32)
        return cls(nothing, np.arange(many, dtype=np.int32), tuple(names))

    def beside(self, other: Self) -> Self:
        """These columns and those of another behind them."""
        what = np.concatenate([self.what, other.what + len(self.names)]).astype(np.int32)
        product = np.concatenate([self.product, other.product])
        return type(self)(product, what, (*self.names, *other.names))


class _Asked(NamedTuple):
    """What all lists of one call share. order: products, the largest b first."""

    x: Sparse
    W: Sparse
    b: NDArray[np.float32]
    order: NDArray[np.int32]
    allowed: NDArray[np.bool_]
    own: Sparse
    mode: int


@dataclass(frozen=True, eq=False)
class Lists:
    """products: int32 (people, n), the best first, -1 where no more are allowed. score: float32."""

    products: NDArray[np.int32]
    score: NDArray[np.float32]


@dataclass(frozen=True)
class Term:
    """One part of a score. what: a kind of interaction or a segment. product: -1 for a segment."""

    what: str
    product: int
    value: float


@dataclass(frozen=True)
class Reasons:
    """score = sum of the terms, the largest first, + base."""

    score: float
    terms: tuple[Term, ...]
    base: float

    def share(self, first: int) -> float:
        """What the first terms above 0 are of all that is above 0; of the score, where nothing in
        it is below 0.
        """
        for_it = [term.value for term in self.terms if term.value > 0]
        whole = sum(for_it) + max(self.base, 0.0)
        return sum(for_it[:first]) / whole if whole else 0.0

    def because(self, names: Sequence[str], first: int = 2) -> str:
        """In words: "because of purchase of A and of B, together 71 % of the score".

        names: of the products, by number. "" where nothing that the person did speaks for it.
        """
        for_it = [term for term in self.terms if term.value > 0][:first]
        if not for_it:
            return ""
        told = [
            f"{term.what} of {names[term.product]}" if term.product >= 0 else term.what
            for term in for_it
        ]
        is_score = self.base >= 0 and all(term.value >= 0 for term in self.terms)
        of = "the score" if is_score else "what speaks for it"
        together = "together " if len(told) > 1 else ""
        share = percent(self.share(len(told)), 0)
        return f"because of {' and '.join(told)}, {together}{share} of {of}"


@dataclass(frozen=True, eq=False)
class Linear:
    """score = x W + b. x: float32 CSR (people, m). W: float32 CSR (m, products). b: (products,)."""

    x: Any
    W: Any
    b: NDArray[np.float32]
    columns: SourceColumns

    def best(
        self,
        people: NDArray[np.intp],
        n: int,
        allowed: NDArray[np.bool_],
        own: Any,
        kind: Kind,
    ) -> Lists:
        """The n best for each of `people`.

        allowed: (products,). own: CSR (people, products), what each has bought: it is left out of
        "new" lists, and is all that stands in "again" lists.
        """
        found = np.full((len(people), n), -1, np.int32)
        score = np.zeros((len(people), n), np.float32)
        who = self._numbers(people)
        asked = _Asked(
            sparse(self.x),
            sparse(self.W),
            np.ascontiguousarray(self.b, np.float32),
            np.argsort(-self.b, kind="stable").astype(np.int32),
            np.ascontiguousarray(allowed, np.bool_),
            sparse(own),
            _MODES[kind],
        )

        def run(first: int, end: int) -> None:
            _best(who[first:end], asked, found[first:end], score[first:end])

        in_chunks(run, len(people), chunk=_CHUNK)
        return Lists(found, score)

    def scores(
        self, people: NDArray[np.intp], start: NDArray[np.int64], ids: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Scores of given products: those of people[r] are ids[start[r]:start[r + 1]]."""
        out = np.zeros(len(ids), np.float32)
        x, W = sparse(self.x), sparse(self.W)
        who, starts = self._numbers(people), np.ascontiguousarray(start, np.int64)
        asked, b = np.ascontiguousarray(ids, np.int32), np.ascontiguousarray(self.b, np.float32)

        def run(first: int, end: int) -> None:
            _scores(who[first:end], starts[first : end + 1], asked, x, W, b, out)

        in_chunks(run, len(people), chunk=_CHUNK)
        return out

    def _numbers(self, people: NDArray[np.intp]) -> NDArray[np.int64]:
        """For compiled code, which looks at no bounds. Raises IndexError for nobody's number."""
        last = self.x.shape[0] - 1
        if people.size and not 0 <= people.min() <= people.max() <= last:
            raise IndexError(f"people are numbered 0 to {last}; asked for {people.max()}")
        return np.ascontiguousarray(people, np.int64)

    def reasons(self, person: int, product: int) -> Reasons:
        """Why a product has its score: what the person did, exactly as it was added up."""
        own = slice(self.x.indptr[person], self.x.indptr[person + 1])
        found: dict[tuple[str, int], float] = {}
        for column, size in zip(self.x.indices[own], self.x.data[own], strict=True):
            row = slice(self.W.indptr[column], self.W.indptr[column + 1])
            place = np.searchsorted(self.W.indices[row], product)
            if place == row.stop - row.start or self.W.indices[row][place] != product:
                continue
            what = self.columns.names[self.columns.what[column]]
            key = (what, int(self.columns.product[column]))
            found[key] = found.get(key, 0.0) + float(size) * float(self.W.data[row][place])
        terms = [Term(*key, value) for key, value in found.items() if value]
        terms.sort(key=lambda term: (-abs(term.value), term.what, term.product))
        base = float(self.b[product])
        return Reasons(base + sum(term.value for term in terms), tuple(terms), base)

    def similar(self, product: int, n: int) -> Lists:
        """The products for which a purchase of this one says most, (1, n)."""
        row = slice(self.W.indptr[product], self.W.indptr[product + 1])
        ids, value = self.W.indices[row], self.W.data[row]
        told = (ids != product) & (value > 0)
        ids, value = ids[told], value[told]
        order = np.lexsort((ids, -value))[:n]
        found, score = np.full((1, n), -1, np.int32), np.zeros((1, n), np.float32)
        found[0, : order.size], score[0, : order.size] = ids[order], value[order]
        return Lists(found, score)

    def scaled(self, factor: NDArray[np.float32]) -> Self:
        """The same with each person's x times a factor, (people,), and without b."""
        x = self.x.copy()
        x.data = x.data * np.repeat(factor, np.diff(x.indptr))
        return replace(self, x=x, b=np.zeros_like(self.b))


def similar_products(
    collaborative: Linear, content: Linear | None, neighbours: Neighbours, product: int, n: int
) -> Lists:
    """Products that go with one: by common buyers, by content where it has fewer than 5."""
    bought = neighbours.most_common(product) >= ENOUGH_TOGETHER
    source = collaborative if bought or content is None else content
    return source.similar(product, n)


def nothing_of(people: int, products: int) -> tuple[Any, Any]:
    """x and W of a recommender that tells everybody the same."""
    x = sp.csr_matrix((people, 0), dtype=np.float32)
    return x, sp.csr_matrix((0, products), dtype=np.float32)


def blend(
    first: Linear,
    second: Linear,
    share: float,
    allowed: NDArray[np.bool_],
    own: Any,
    kind: Kind,
) -> Linear:
    """first + share x second, each divided by its best score for that person on that list.

    A part that tells everybody the same is divided by its best for all. The terms of the blend are
    those of its parts times numbers, so reasons stay exact.
    """
    parts, b = [], np.zeros_like(first.b)
    for part, weight in ((first, 1.0), (second, share)):
        if not part.x.nnz:
            b = b + weight * part.b / max(float(part.b.max(initial=0.0)), SMALLEST)
            continue
        everybody = np.arange(part.x.shape[0])
        peak = part.best(everybody, 1, allowed, own, kind).score[:, 0]
        factor = np.where(peak > SMALLEST, weight / np.maximum(peak, SMALLEST), 0.0)
        parts.append(part.scaled(factor.astype(np.float32)))
        b = b + np.float32(weight) * TIE * part.b / max(float(part.b.max(initial=0.0)), SMALLEST)
    if not parts:
        return replace(first, b=b.astype(np.float32))
    x, W, columns = parts[0].x, parts[0].W, parts[0].columns
    for part in parts[1:]:
        x, W = sp.hstack([x, part.x], format="csr"), sp.vstack([W, part.W], format="csr")
        columns = columns.beside(part.columns)
    return Linear(x, W, b.astype(np.float32), columns)


@njit(nogil=True, cache=True)
def _offer(product, score, filled, out, value):  # type: ignore[no-untyped-def]
    """Puts a product where its score belongs; how many there are then."""
    top = out.size
    if filled == top:
        if score < value[top - 1] or (score == value[top - 1] and product > out[top - 1]):
            return filled
        z = top - 1
    else:
        z = filled
        filled += 1
    while z > 0 and (value[z - 1] < score or (value[z - 1] == score and out[z - 1] > product)):
        value[z] = value[z - 1]
        out[z] = out[z - 1]
        z -= 1
    value[z] = score
    out[z] = product
    return filled


@njit(nogil=True, cache=True)
def _add_up(person, x, W, total, is_touched, touched):  # type: ignore[no-untyped-def]
    """x W of one person into `total`; the products that anything was said of; how many."""
    many = 0
    for e in range(x.start[person], x.start[person + 1]):
        i, size = x.column[e], x.value[e]
        for c in range(W.start[i], W.start[i + 1]):
            q = W.column[c]
            if not is_touched[q]:
                is_touched[q] = True
                touched[many] = q
                many += 1
            total[q] += size * W.value[c]
    return many


@njit(nogil=True, cache=True)
def _forget(many, total, is_touched, touched):  # type: ignore[no-untyped-def]
    """Makes everything as it was before `_add_up`."""
    for t in range(many):
        total[touched[t]] = 0
        is_touched[touched[t]] = False


@njit(nogil=True, cache=True)
def _best_of_own(person, asked, total, out, value):  # type: ignore[no-untyped-def]
    """The best of what one person has bought."""
    filled = 0
    for e in range(asked.own.start[person], asked.own.start[person + 1]):
        q = asked.own.column[e]
        if asked.allowed[q]:
            filled = _offer(q, total[q] + asked.b[q], filled, out, value)


@njit(nogil=True, cache=True)
def _best_of_all(  # type: ignore[no-untyped-def]
    asked, may, touched, total, is_touched, out, value
):
    """The best of the products that one person may be shown."""
    filled, last = 0, out.size - 1
    for q in touched:
        # Most are no better than the last of a full list: it is not called for nothing.
        score = total[q] + asked.b[q]
        if may[q] and (filled <= last or score >= value[last]):
            filled = _offer(q, score, filled, out, value)
    # What nothing was said about stands in order of b: the rest of it is no better.
    for q in asked.order:
        if filled == out.size and asked.b[q] < value[out.size - 1]:
            break
        if may[q] and not is_touched[q]:
            filled = _offer(q, asked.b[q], filled, out, value)


@njit(nogil=True, cache=True)
def _best(people, asked, out, value):  # type: ignore[no-untyped-def]
    """The best of each of some people; mode: 0 all, 1 without their own, 2 their own alone."""
    n = asked.b.size
    total = np.zeros(n, np.float32)
    is_touched = np.zeros(n, np.bool_)
    may = asked.allowed.copy()
    touched = np.empty(n, np.int32)
    for r in range(people.size):
        person = people[r]
        many = _add_up(person, asked.x, asked.W, total, is_touched, touched)
        own = asked.own.column[asked.own.start[person] : asked.own.start[person + 1]]
        if asked.mode == 2:
            _best_of_own(person, asked, total, out[r], value[r])
        else:
            if asked.mode == 1:
                may[own] = False
            _best_of_all(asked, may, touched[:many], total, is_touched, out[r], value[r])
            may[own] = asked.allowed[own]
        _forget(many, total, is_touched, touched)


@njit(nogil=True, cache=True)
def best_of_given(start, ids, score, out, value):  # type: ignore[no-untyped-def]
    """The best of ids[start[r]:start[r + 1]] into each row of `out`, their scores into `value`."""
    for r in range(len(out)):
        filled = 0
        for c in range(start[r], start[r + 1]):
            filled = _offer(ids[c], score[c], filled, out[r], value[r])


@njit(nogil=True, cache=True)
def _scores(people, start, ids, x, W, b, out):  # type: ignore[no-untyped-def]
    """Scores of the given ids of each of some people."""
    total = np.zeros(b.size, np.float32)
    is_touched = np.zeros(b.size, np.bool_)
    touched = np.empty(b.size, np.int32)
    for r in range(people.size):
        many = _add_up(people[r], x, W, total, is_touched, touched)
        for c in range(start[r], start[r + 1]):
            out[c] = total[ids[c]] + b[ids[c]]
        _forget(many, total, is_touched, touched)
