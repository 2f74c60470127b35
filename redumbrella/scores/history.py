"""One day's scores as they are kept: all of them for the lake, and those that moved for the state.

In: the rows of a list, the snapshot of the day before, and why leads may have moved. Out: a
`Snapshot`. Figures are kept to four digits. A score moved where it left the last *written* one by
more than STEP, so that slow drifts add up and are written in the end, or where its grade changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.reports.changes import STEP, date_of

DIGITS = 4
TABLE = "scores"  # of the lake of snapshots
# What the next snapshot needs of the one before.
FORMER = ("lead_id", "product_id", "probability", "grade", "written")
_FIGURES = ("probability", "low", "high", "change", "written")
_TEXTS = ("target", "lead_id", "product_id", "model_version", "grade")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """One day of a target. table: every score, sorted by lead. moved: the rows (k,) that moved.

    step: (n,) from the last written score, NaN where there was none. cause: (n,) of CAUSES.
    """

    day: int
    table: pa.Table
    moved: NDArray[np.intp]
    step: Floats
    cause: NDArray[np.str_]

    def changes(self) -> Iterator[tuple[Any, ...]]:
        """The rows that moved, in the order of the columns of `score_changes`."""
        rows = self.table.select(["target", "lead_id", "product_id", "probability", "grade"])
        found = rows.take(pa.array(self.moved))
        target, lead, product, probability, grade = (c.to_pylist() for c in found.columns)
        step = [None if np.isnan(one) else one for one in self.step[self.moved].tolist()]
        return zip(
            target, [self.day] * len(lead), lead, product, map(kept_figure, probability), step,
            grade, self.cause[self.moved].tolist(), strict=True,
        )  # fmt: skip


def snapshot(
    target: str,
    day: int,
    number: int,
    rows: Sequence[Mapping[str, Any]],
    former: pa.Table | None,
    causes: Mapping[str, str],
    *,
    is_new_model: bool,
) -> Snapshot:
    """The snapshot of n scored rows. former: the snapshot before with its columns FORMER.

    number: of the scoring. causes: by lead or person, where something happened to it or its record
    was corrected. is_new_model: whether another model scored than the last time.
    """
    rows = sorted(rows, key=lambda row: (row["lead_id"], row.get("product_id") or ""))
    ids = pa.array([row["lead_id"] for row in rows], pa.string())
    products = pa.array([row.get("product_id") or "" for row in rows], pa.string())
    grades = pa.array([row.get("grade") for row in rows], pa.string())
    figures = {n: _rounded(_column(rows, n)) for n in ("probability", "low", "high")}
    now, before, written, same_grade = (
        figures["probability"],
        *_before(ids, products, grades, former),
    )
    step = np.round(now - written, 6)
    is_new = np.isnan(written)
    moves = is_new | (np.abs(step) > STEP) | ~same_grade
    change = np.round(now - before, 5)
    figures |= {"change": change, "written": np.where(moves, now, written)}
    texts = {
        "target": pa.repeat(target, len(rows)),
        "lead_id": ids,
        "product_id": products,
        "model_version": pa.array([row["model_version"] for row in rows], pa.string()),
        "grade": grades,
    }
    table = pa.table(
        {
            **{name: texts[name] for name in _TEXTS},
            "day": pa.repeat(pa.scalar(date_of(day), pa.date32()), len(rows)),
            "number": pa.repeat(pa.scalar(number, pa.int64()), len(rows)),
            **{name: _float32(figures[name]) for name in _FIGURES},
        }
    )
    cause = _causes(rows, is_new, causes, is_new_model=is_new_model)
    return Snapshot(day, table, np.flatnonzero(moves), step, cause)


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> Floats:
    values = [row.get(name) for row in rows]
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _rounded(values: Floats) -> Floats:
    """To DIGITS significant digits: few different numbers are stored in little room."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.abs(values))))
    return np.where(np.isfinite(size), np.round(values * size) / size, values)


def _float32(values: Floats) -> pa.Array:
    return pa.array(values.astype(np.float32), pa.float32(), from_pandas=True)


def kept_figure(value: float) -> float:
    """A figure as the history keeps it: to so many digits, without the noise of a shorter form."""
    return float(f"{value:.{DIGITS}g}")


def _before(
    ids: pa.Array, products: pa.Array, grades: pa.Array, former: pa.Table | None
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Of n rows the last probability, the last written one, and whether the grade is the same."""
    n = len(ids)
    if former is None or former.num_rows == 0:
        return np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, np.bool_)
    known = _keys(former["lead_id"], former["product_id"])
    place = pc.index_in(_keys(ids, products), value_set=known)
    found = former.select(["probability", "written", "grade"]).take(place)
    before, written = (
        _rounded(found[name].cast(pa.float64()).to_numpy().copy())
        for name in ("probability", "written")
    )
    same = pc.equal(pc.fill_null(found["grade"], ""), pc.fill_null(grades, ""))
    return before, written, same.to_numpy(zero_copy_only=False).astype(np.bool_)


def _keys(ids: Any, products: Any) -> Any:
    keys = pc.binary_join_element_wise(ids, products, "\0")
    return keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys


def _causes(
    rows: Sequence[Mapping[str, Any]],
    is_new: NDArray[np.bool_],
    causes: Mapping[str, str],
    *,
    is_new_model: bool,
) -> NDArray[np.str_]:
    """The first cause that applies to each row: new, something happened, record, model, time."""
    else_cause = "model" if is_new_model else "time"
    own = [
        causes.get(row["lead_id"]) or causes.get(row.get("person_id") or "") or else_cause
        for row in rows
    ]
    return np.where(is_new, "new", np.array(own, np.str_) if own else np.empty(0, np.str_))
