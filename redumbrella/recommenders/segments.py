"""People without a history: what people of the same profile buy, drawn to what all buy.

In: fields of profiles as known at an instant, and who has bought what. Out: `lists.Linear` with a
column for each segment (a value of a field, or a fifth of a number's).

    rate_j = share of buyers who bought j         rate_sj = (n_sj + PRIOR rate_j) / (n_s + PRIOR)
    score_pj = log rate_j + sum over the segments s of p of log(rate_sj / rate_j)

the naive Bayes rule (Maron 1961), with the rates of a segment drawn to those of all by PRIOR buyers
(empirical Bayes with a beta prior, Efron and Morris 1975). A segment says something only about the
MOST products where its rate is the farthest from that of all, in likelihood: n_s times the distance
of the two; about the others it says nothing, which keeps W sparse.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.recommenders.lists import Linear, SourceColumns

PRIOR = 20.0
MOST = 500
FEWEST_PEOPLE = 10  # in a segment
MOST_VALUES = 50  # of a field; the frequent ones
FIFTHS = 5


@dataclass(frozen=True, eq=False)
class Segments:
    """member: float32 CSR of ones (people, segments). names: "field is value"."""

    member: Any
    names: tuple[str, ...]


def profile_segments(fields: pa.Table, known: NDArray[np.bool_]) -> Segments:
    """Segments from profile fields, one row a person.

    known: whose values make the segments, (people,): those who have bought.
    """
    blocks, names = [], []
    for name in fields.column_names:
        number, labels = _values_of(fields[name], known)
        if not labels:
            continue
        there = np.flatnonzero(number >= 0)
        ones = np.ones(there.size, np.float32)
        shape = (fields.num_rows, len(labels))
        blocks.append(sp.csr_matrix((ones, (there, number[there])), shape=shape))
        field = name.removeprefix("person.")
        names += [f"{field} is {label}" for label in labels]
    if not blocks:
        return Segments(sp.csr_matrix((fields.num_rows, 0), dtype=np.float32), ())
    member = sp.hstack(blocks, format="csr", dtype=np.float32)
    member.sort_indices()
    return Segments(member, tuple(names))


def segment_rates(segments: Segments, taught: Any) -> Linear:
    """What each segment buys. taught: CSR of ones (people, products)."""
    buyers = np.diff(taught.indptr) > 0
    people = max(int(buyers.sum()), 1)
    count = np.asarray(taught.sum(axis=0)).ravel()
    rate = (count + 0.5) / (people + 1.0)
    member = segments.member.multiply(buyers[:, None]).tocsr()
    size = np.asarray(member.sum(axis=0)).ravel()
    bought = (member.T @ taught).tocsr()
    rows, columns, values = [], [], []
    for s in range(len(segments.names)):
        own = np.asarray(bought[s].todense()).ravel()
        drawn = (own + PRIOR * rate) / (size[s] + PRIOR)
        lift = np.log(drawn / rate)
        order = np.lexsort((np.arange(lift.size), -np.abs(drawn - rate)))[:MOST]
        told = np.sort(order[lift[order] != 0])
        rows.append(np.full(told.size, s))
        columns.append(told)
        values.append(lift[told])
    shape = (len(segments.names), rate.size)
    if not rows:
        W = sp.csr_matrix(shape, dtype=np.float32)
    else:
        cells = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        W = sp.csr_matrix(cells, shape=shape, dtype=np.float32)
        W.sort_indices()
    b = np.log(rate).astype(np.float32)
    return Linear(segments.member, W, b, SourceColumns.of_segments(segments.names))


def _values_of(column: Any, known: NDArray[np.bool_]) -> tuple[NDArray[np.int64], list[str]]:
    """Number of each row's value, -1 for none, and what the values are called."""
    kind = column.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return _fifths(column, known)
    if not (
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)
    ):
        return np.zeros(len(column), np.int64), []
    texts = column.cast(pa.string()).combine_chunks()
    seen = pc.value_counts(texts.filter(pa.array(known)).drop_null())
    pairs = [(entry["values"], entry["counts"]) for entry in seen.to_pylist()]
    frequent = sorted((-many, value) for value, many in pairs if many >= FEWEST_PEOPLE)
    labels = sorted(value for _, value in frequent[:MOST_VALUES])
    if len(pairs) < 2 or not labels:
        return np.zeros(len(column), np.int64), []
    number = pc.fill_null(pc.index_in(texts, value_set=pa.array(labels, pa.string())), -1)
    return np.asarray(number.to_numpy(zero_copy_only=False), np.int64), labels


def _fifths(column: Any, known: NDArray[np.bool_]) -> tuple[NDArray[np.int64], list[str]]:
    value = np.asarray(
        column.cast(pa.float64()).fill_null(float("nan")).to_numpy(), np.float64
    )  # fmt: skip
    there = np.isfinite(value)
    if (there & known).sum() < FIFTHS * FEWEST_PEOPLE:
        return np.zeros(value.size, np.int64), []
    cuts = np.unique(np.quantile(value[there & known], np.arange(1, FIFTHS) / FIFTHS))
    number = np.where(there, np.searchsorted(cuts, value, "right"), -1)
    ends = [f"{cut:g}" for cut in cuts]
    between = [f"{low} to {high}" for low, high in pairwise(ends)]
    return number, [f"below {ends[0]}", *between, f"{ends[-1]} or more"]
