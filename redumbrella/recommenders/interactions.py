# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Who bought what and when (and looked at what), before an instant: what recommenders learn from.

In: a lake, or Arrow tables of purchases and events. Out: `Interactions`, people x products.
`read_interactions` is the only function of this room that reads the lake.

What counts
- A purchase that was cancelled, or given back by a refund, is no taste from that instant on; before
  it, it was one: `before` an earlier instant shows what was known then.
- Events of the chosen kinds, each with columns of its own beside those of the purchases. An event
  of a visitor counts from the instant at which it was known whose it is.

What one person can add to what others are shown is bounded, because nothing else bounds it: a robot
may buy more than all others together. Whoever has more than MANY_FACTS rows (nobody does so much by
hand) teaches nothing and is asked about nothing in a test, though he gets his lists. Everybody else
is one buyer of a product however often he bought it, and teaches the MOST_PRODUCTS columns that he
turned to last: at most 1 more buyer of a product and 1 more common buyer of two.

Promise: rows are sorted by person, kind, product and instant, and numbers of people and products
follow their sorted ids, so that shuffled rows, any number of threads, and rows at or after `as_of`
present or not give the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY, to_iso
from redumbrella.columns import ORDER
from redumbrella.features.facts import EARLIEST, MANY_FACTS
from redumbrella.lake.identities import person_of_event
from redumbrella.lake.lake import Lake
from redumbrella.lake.quoting import literal, quoted

PURCHASE = "purchase"
NEVER = np.iinfo(np.int64).max  # the instant at which a purchase that stands is given back
MOST_PRODUCTS = 1_000
CENT = 0.005  # a refund may miss what it gives back by the rounding of prices
MOST_BACK = 1_000  # a refund is looked for among so many purchases before it

_PURCHASES = """
SELECT e.person_id, e.at, e.amount, e.product_id, e.cancelled_at FROM {facts} e
WHERE e.product_id IS NOT NULL AND {period} AND (e.cancelled_at IS NULL OR e.cancelled_at > e.at)
"""
_EVENTS = """
SELECT {person} AS person_id, {at} AS at, e.kind, e.product_id FROM {facts} e {identities}
WHERE e.product_id IS NOT NULL AND {person} IS NOT NULL AND {period} AND e.kind IN ({kinds})
"""


@dataclass(frozen=True, eq=False)
class Interactions:
    """Rows in order of person, kind, product and instant.

    people, products: sorted ids. kinds: "purchase" and the kinds of events. person, product, kind:
    (s,) numbers. at, gone: (s,) UTC microseconds; from `gone` on a purchase is none, NEVER for one
    that stands. teaches: (people,) whether others learn from this person.
    """

    people: pa.Array
    products: pa.Array
    kinds: tuple[str, ...]
    person: NDArray[np.int32]
    product: NDArray[np.int32]
    kind: NDArray[np.int8]
    at: NDArray[np.int64]
    gone: NDArray[np.int64]
    teaches: NDArray[np.bool_]

    def before(self, instant: int) -> Self:
        """What was known strictly before an instant (UTC microseconds)."""
        return self._where((self.at < instant) & (self.gone >= instant))

    @property
    def width(self) -> int:
        """Number of columns of `matrix`: products x kinds."""
        return len(self.products) * len(self.kinds)

    @property
    def purchases(self) -> int:
        """Number of purchases."""
        return int((self.kind == 0).sum())

    def matrix(self, as_of: int, half_life: float | None = None, most: float = 1.0) -> Any:
        """x: float32 CSR (people, width), the columns of a kind behind those of the one before.

        x_pi = min(most, sum over the rows of 2^(-age / half_life)), ages in days at `as_of`;
        without a half-life each row counts 1.
        """
        weight = np.ones(self.at.size)
        if half_life is not None:
            weight = 0.5 ** ((as_of - self.at) / (MICROSECONDS_PER_DAY * half_life))
        start = self._starts
        total = np.add.reduceat(weight, start) if start.size else weight
        return self._csr(np.minimum(total, most).astype(np.float32))

    def bought_alone(self) -> Self:
        """Purchases without events."""
        return self._where(self.kind == 0)

    def bought(self) -> Any:
        """Purchases alone: int32 CSR (people, products), how many times."""
        own = self.bought_alone()
        many = np.diff(np.append(own._starts, own.at.size)).astype(np.int32)
        found = own._csr(many)
        return found if len(self.kinds) == 1 else found[:, : len(self.products)]

    def bought_between(self, start: int, end: int) -> Any:
        """What was bought from `start` until before `end` and stood then: float32 CSR of ones."""
        rows = (self.kind == 0) & (self.at >= start) & (self.at < end) & (self.gone >= end)
        found = self._where(rows).bought().astype(np.float32)
        found.data[:] = 1.0
        return found

    def newest(self) -> NDArray[np.int64]:
        """Of each cell of `matrix`, in its order: the instant of the newest row."""
        start = self._starts
        ends = np.append(start[1:], self.at.size)[: start.size]
        return np.asarray(self.at[ends - 1])

    def teaching(self) -> Any:
        """Who turned to what, float32 CSR of ones (people, width), as far as a person teaches."""
        x = self.matrix(0)
        size = np.diff(x.indptr)
        keep = np.repeat(self.teaches, size)
        newest = self.newest()
        for person in np.flatnonzero((size > MOST_PRODUCTS) & self.teaches):
            cells = slice(x.indptr[person], x.indptr[person + 1])
            oldest = np.argsort(-newest[cells], kind="stable")[MOST_PRODUCTS:]
            keep[x.indptr[person] + oldest] = False
        row = np.repeat(np.arange(x.shape[0]), size)[keep]
        pointers = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=x.shape[0]))])
        ones = np.ones(row.size, np.float32)
        return sp.csr_matrix((ones, x.indices[keep], pointers), shape=x.shape)

    def first_bought(self) -> NDArray[np.int64]:
        """The instant of each person's first purchase, NEVER for those without one, (people,)."""
        first = np.full(len(self.people), NEVER)
        own = self.kind == 0
        np.minimum.at(first, self.person[own], self.at[own])
        return first

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        """Where a new cell begins."""
        if not self.at.size:
            return np.zeros(0, np.intp)
        new = np.diff(self.person) != 0
        for column in (self.product, self.kind):
            new |= np.diff(column) != 0
        return np.append(0, np.flatnonzero(new) + 1)

    @cached_property
    def _columns(self) -> NDArray[np.int32]:
        """The column of each cell: all matrices of these rows share it."""
        start = self._starts
        return self.product[start] + self.kind[start].astype(np.int32) * len(self.products)

    def _csr(self, data: NDArray[Any]) -> Any:
        """A value for each cell as CSR (people, width)."""
        rows = np.bincount(self.person[self._starts], minlength=len(self.people))
        pointers = np.concatenate([[0], np.cumsum(rows)])
        cells = (data, self._columns, pointers)
        return sp.csr_matrix(cells, shape=(len(self.people), self.width))

    def _where(self, rows: NDArray[np.bool_]) -> Self:
        if rows.all():
            return self
        return replace(
            self,
            person=self.person[rows],
            product=self.product[rows],
            kind=self.kind[rows],
            at=self.at[rows],
            gone=self.gone[rows],
        )


def read_interactions(lake: Lake, as_of: int, views: Sequence[str] = ()) -> Interactions:
    """Purchases and events of the kinds `views` before `as_of` (UTC microseconds).

    Products of the table of products that were never sold and people who never bought have numbers
    too: there are lists for them and places to be shown in.
    """
    have = set(lake.tables())
    purchases, events = read_of_people(lake, as_of, views)
    people = _ids_of(lake, "people", "person_id", as_of) if "people" in have else ()
    products = _ids_of(lake, "products", "product_id", None) if "products" in have else ()
    return interactions_of(purchases, events, as_of, views, people=people, products=products)


def read_of_people(
    lake: Lake, as_of: int, views: Sequence[str], people: Sequence[str] | None = None
) -> tuple[pa.Table | None, pa.Table | None]:
    """Purchases and events before `as_of` for `interactions_of`, of some people or all."""
    have = set(lake.tables())
    period = f"e.at >= TIMESTAMPTZ '{EARLIEST}' AND e.at < TIMESTAMPTZ '{to_iso(as_of)}'"
    purchases, events = None, None
    if "purchases" in have:
        facts = lake.facts("purchases", as_of)
        own = f"{period} AND {_is_of('e.person_id', people)}"
        purchases = lake.query(_PURCHASES.format(facts=facts, period=own))
    if "events" in have and views:
        person, identities = person_of_event(lake)
        since = "greatest(e.at, CASE WHEN e.person_id IS NULL THEN i.since END)"
        events = lake.query(
            _EVENTS.format(
                person=person,
                at=since if identities else "e.at",
                facts=lake.facts("events", as_of),
                identities=identities,
                period=f"{period} AND {_is_of(person, people)}",
                kinds=", ".join(literal(kind) for kind in views),
            )
        )
    return purchases, events


def _is_of(column: str, people: Sequence[str] | None) -> str:
    if people is None:
        return "true"
    return f"{column} IN ({', '.join(map(literal, people)) or 'NULL'})"


def _ids_of(lake: Lake, table: str, column: str, as_of: int | None) -> list[str]:
    known = f"WHERE known_at IS NULL OR known_at < TIMESTAMPTZ '{to_iso(as_of)}'" if as_of else ""
    found = lake.query(f"SELECT {column} AS id FROM {quoted(table)} {known} ORDER BY {ORDER}")
    return [one for one in found["id"].to_pylist() if one is not None]


def interactions_of(
    purchases: pa.Table | None,
    events: pa.Table | None,
    as_of: int,
    views: Sequence[str] = (),
    *,
    people: Sequence[str] = (),
    products: Sequence[str] = (),
) -> Interactions:
    """Interactions from Arrow tables in any order.

    purchases: person_id, at, amount, product_id, cancelled_at (may be missing). events: person_id,
    at, kind, product_id. people, products: further ids that are to have numbers.
    """
    tables = [
        _rows(purchases, as_of, {PURCHASE: 0}),
        _rows(events, as_of, {kind: number for number, kind in enumerate(views, start=1)}),
    ]
    person_ids = _sorted_ids([table["person_id"] for table in tables], people)
    product_ids = _sorted_ids([table["product_id"] for table in tables], products)
    parts = []
    for table in tables:
        person = _numbers(table["person_id"], person_ids)
        product = _numbers(table["product_id"], product_ids)
        parts.append((person, product, table["kind"], table["at"], table["amount"], table["gone"]))
    person, product, kind, at, amount, cancelled = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    )
    cell = (person.astype(np.int64) * (1 + len(views)) + kind) * max(len(product_ids), 1) + product
    order = _sorted_rows(cell, at, amount, cancelled)
    person, product, kind, at = person[order], product[order], kind[order], at[order]
    amount, cancelled = amount[order], cancelled[order]
    many = np.bincount(person, minlength=len(person_ids))
    gone = _given_back(person, product, kind, at, amount, cancelled)
    bought = ~(amount < 0) & (gone > at)
    return Interactions(
        person_ids,
        product_ids,
        (PURCHASE, *views),
        person[bought],
        product[bought],
        kind[bought],
        at[bought],
        gone[bought],
        many <= MANY_FACTS,
    )


def _sorted_rows(
    cell: NDArray[np.int64],
    at: NDArray[np.int64],
    amount: NDArray[np.float64],
    cancelled: NDArray[np.int64],
) -> NDArray[np.intp]:
    """Rows in order of cell, instant, amount and end. Most cells have one row: they are sorted by
    the cell alone, which takes a fraction of the time.
    """
    order = np.argsort(cell)
    same = np.flatnonzero(np.diff(cell[order]) == 0)
    place = np.union1d(same, same + 1)
    rows = order[place]
    order[place] = rows[np.lexsort((cancelled[rows], amount[rows], at[rows], cell[rows]))]
    return order


def _rows(table: pa.Table | None, as_of: int, kinds: Mapping[str, int]) -> dict[str, Any]:
    """Columns of the rows before `as_of` that name a person and a product."""
    empty = {"person_id": pa.array([], pa.string()), "product_id": pa.array([], pa.string())}
    if table is None or not table.num_rows:
        nothing = {"kind": np.zeros(0, np.int8), "amount": np.zeros(0)}
        return {**empty, **nothing, "at": np.zeros(0, np.int64), "gone": np.zeros(0, np.int64)}
    at = table["at"].cast(pa.int64())
    keep = pc.and_(pc.less(at, as_of), table["product_id"].is_valid())
    keep = pc.and_(keep, table["person_id"].is_valid())
    table = table.append_column("_at", at).filter(keep)
    size, names = table.num_rows, table.column_names
    amount, gone = np.zeros(size), np.full(size, NEVER)
    if "amount" in names:
        amount = np.nan_to_num(table["amount"].cast(pa.float64()).to_numpy(), nan=0.0)
    if "cancelled_at" in names:
        cancelled = table["cancelled_at"].cast(pa.int64()).fill_null(NEVER)
        gone = cancelled.to_numpy(zero_copy_only=False)
    kind = np.zeros(size, np.int8)
    if "kind" in names:
        kind = np.array([kinds.get(one, -1) for one in table["kind"].to_pylist()], np.int8)
    told = kind >= 0
    mask = pa.array(told)
    return {
        "person_id": table["person_id"].filter(mask),
        "product_id": table["product_id"].filter(mask),
        "kind": kind[told],
        "at": table["_at"].to_numpy(zero_copy_only=False)[told],
        "amount": amount[told],
        "gone": np.where(gone[told] < as_of, gone[told], NEVER),
    }


def _sorted_ids(columns: Sequence[Any], more: Sequence[str]) -> pa.Array:
    found = [pc.unique(column).cast(pa.string()) for column in columns]
    found.append(pa.array(more, pa.string()))
    ids = pc.unique(pa.concat_arrays([one for one in found if len(one)] or found[:1]))
    return ids.take(pc.sort_indices(ids))


def _numbers(column: Any, ids: pa.Array) -> NDArray[np.int32]:
    found = pc.index_in(column.cast(pa.string()), value_set=ids)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int32).reshape(-1)


def _given_back(
    person: NDArray[np.int32],
    product: NDArray[np.int32],
    kind: NDArray[np.int8],
    at: NDArray[np.int64],
    amount: NDArray[np.float64],
    cancelled: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The instant at which each purchase was cancelled or given back.

    A refund is of the person's latest earlier purchase of the product for that amount, else of the
    latest ones that it covers whole; one of which a part was given back is still a purchase.
    """
    gone = cancelled.copy()
    for row in np.flatnonzero((kind == 0) & (amount < 0)).tolist():
        owed = -float(amount[row])
        first = max(0, row - MOST_BACK)
        same = (person[first:row] == person[row]) & (product[first:row] == product[row])
        open_ = same & (kind[first:row] == 0) & (amount[first:row] >= 0)
        # Rows of one instant stand in order of amount, the refund first: these are looked at too.
        before = first + np.flatnonzero(open_ & (gone[first:row] > at[row]))
        end = row + 1
        while end < at.size and at[end] == at[row] and product[end] == product[row]:
            if person[end] == person[row] and kind[end] == 0 and amount[end] >= 0:
                before = np.append(before, end)
            end += 1
        exact = before[np.abs(amount[before] - owed) <= CENT]
        if exact.size:
            gone[exact[-1]] = at[row]
            continue
        for purchase in before[::-1]:
            if 0 < amount[purchase] <= owed + CENT:
                gone[purchase] = at[row]
                owed -= float(amount[purchase])
    return gone
