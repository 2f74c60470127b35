"""The lead record as features: numbers, flags, dates and free categories, as known at creation.

In: an Arrow table of leads with typed fields. Out: a `Design` whose columns are learned once, on
training rows (`fit_records`), and then applied to any other rows: a level never seen becomes
`(other)`, a field that is gone becomes missing, nothing ever fails on an odd value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.features.matrix import OTHER, Design, Feature

FieldKind = Literal["number", "flag", "time", "category"]

MIN_LEVEL_ROWS = 2  # a level seen less often is pooled in `(other)`
MAX_LEVELS = 5_000
TEXT_DISTINCT_SHARE = 0.5  # strings that hardly repeat say nothing about another lead
CALENDAR = ("month", "weekday", "hour")


@dataclass(frozen=True)
class Field:
    """One field of the lead record and how it becomes features."""

    name: str
    kind: FieldKind
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class IgnoredField:
    """A field that carries no feature, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class RecordEncoder:
    """What was learned about the fields: enough to turn any leads into the same columns.

    `time_column` is the field that dates are counted from (usually created_at), or None.
    left_out: names of features that the fields would give and models do not see.
    """

    fields: tuple[Field, ...]
    ignored: tuple[IgnoredField, ...]
    time_column: str | None
    left_out: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[Feature, ...]:
        """The columns that `transform` makes, in order."""
        return tuple(
            feature
            for field in self.fields
            for feature in _features_of(field, self.time_column)
            if feature.name not in self.left_out
        )

    def transform(self, leads: pa.Table) -> Design:
        """Leads (n rows) as a design (n, p); row order is kept."""
        created = None
        if self.time_column is not None:
            known = self.time_column in leads.column_names
            created = _microseconds(leads[self.time_column] if known else pa.nulls(leads.num_rows))
        columns: list[NDArray[np.float64]] = []
        for field in self.fields:
            column = leads[field.name] if field.name in leads.column_names else None
            encoded = _encode(field, column, created, leads.num_rows, self.time_column)
            of_field = zip(_features_of(field, self.time_column), encoded, strict=True)
            columns += [values for feature, values in of_field if feature.name not in self.left_out]
        profile = np.column_stack(columns) if columns else np.empty((leads.num_rows, 0), np.float64)
        return Design(self.features, np.ascontiguousarray(profile))

    def without(self, names: Sequence[str], reason: str) -> "RecordEncoder":
        """The encoder without some features, which are named among what is ignored, and why."""
        ignored = (*self.ignored, *(IgnoredField(name, reason) for name in names))
        return replace(self, ignored=ignored, left_out=(*self.left_out, *names))

    def to_json(self) -> dict[str, Any]:
        """A JSON form that `from_json` reads back."""
        return asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "RecordEncoder":
        """The encoder that `to_json` wrote."""
        return RecordEncoder(
            tuple(Field(f["name"], f["kind"], tuple(f["levels"])) for f in document["fields"]),
            tuple(IgnoredField(**f) for f in document["ignored"]),
            document["time_column"],
            tuple(document.get("left_out", ())),  # models saved earlier left nothing out
        )


def fit_records(
    leads: pa.Table, candidates: Sequence[str], time_column: str | None
) -> RecordEncoder:
    """Learns the fields of the record from training leads (outcomes are not looked at).

    candidates: names of the columns that may become features. time_column: the column that says
    when the record was made, or None when nobody knows.
    """
    fields: list[Field] = []
    ignored: list[IgnoredField] = []
    for name in candidates:
        found = _classify(name, leads[name], name == time_column)
        if isinstance(found, Field):
            fields.append(found)
        else:
            ignored.append(found)
    return RecordEncoder(tuple(fields), tuple(ignored), time_column)


def _classify(name: str, column: pa.ChunkedArray, is_time_column: bool) -> Field | IgnoredField:
    rows = len(column) - column.null_count
    if rows == 0:
        return IgnoredField(name, "always empty")
    distinct = pc.count_distinct(column, mode="only_valid").as_py()
    if distinct == 1 and column.null_count == 0:
        return IgnoredField(name, "the same value everywhere")
    if is_time_column or pa.types.is_timestamp(column.type) or pa.types.is_boolean(column.type):
        return Field(name, "flag" if pa.types.is_boolean(column.type) else "time")
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        if _is_running_number(column, distinct):
            return IgnoredField(name, "a running number: it only tells the order of the rows")
        return Field(name, "number")
    return _classify_text(name, column, rows, distinct)


def _classify_text(
    name: str, column: pa.ChunkedArray, rows: int, distinct: int
) -> Field | IgnoredField:
    if rows >= 20 and distinct > TEXT_DISTINCT_SHARE * rows:
        return IgnoredField(name, "free text or an identifier: nearly every value is different")
    counts = pc.value_counts(column.drop_null())
    values = [str(v) for v in counts.field("values").to_pylist()]
    numbers = counts.field("counts").to_numpy()
    order = sorted(range(len(values)), key=lambda k: (-int(numbers[k]), values[k]))
    least = min(MIN_LEVEL_ROWS, max(1, rows // 50))
    levels = [values[k] for k in order if numbers[k] >= least][:MAX_LEVELS]
    if not levels:
        return IgnoredField(name, "every value is rare")
    return Field(name, "category", (OTHER, *levels))


def _is_running_number(column: pa.ChunkedArray, distinct: int) -> bool:
    if column.null_count or distinct < len(column) or len(column) < 20:
        return False
    values = column.to_numpy().astype(np.float64)
    steps = np.diff(values)
    return bool(np.all(values == np.floor(values)) and (np.all(steps > 0) or np.all(steps < 0)))


def _features_of(field: Field, time_column: str | None) -> list[Feature]:
    if field.kind == "category":
        return [Feature(field.name, field.name, "category", field.levels)]
    if field.kind != "time":
        return [Feature(field.name, field.name, "flag" if field.kind == "flag" else "number")]
    calendar = [Feature(f"{field.name}.{part}", field.name, "number") for part in CALENDAR]
    if field.name == time_column:
        return calendar
    return [Feature(f"{field.name}.days_from_creation", field.name, "number"), *calendar]


def _encode(
    field: Field,
    column: pa.ChunkedArray | None,
    created: NDArray[np.float64] | None,
    rows: int,
    time_column: str | None,
) -> list[NDArray[np.float64]]:
    width = len(_features_of(field, time_column))
    if column is None:
        return [np.full(rows, np.nan)] * width
    if field.kind == "category":
        return [_codes(column, field.levels)]
    if field.kind != "time":
        return [_numbers(column)]
    if not pa.types.is_timestamp(column.type):
        return [np.full(rows, np.nan)] * width
    at = _microseconds(column)
    calendar = _calendar(column)
    if field.name == time_column:
        return calendar
    origin = created if created is not None else 0.0
    return [(at - origin) / MICROSECONDS_PER_DAY, *calendar]


def _codes(column: pa.ChunkedArray, levels: tuple[str, ...]) -> NDArray[np.float64]:
    position = pc.index_in(_as_text(column), value_set=pa.array(levels[1:], pa.string()))
    codes: NDArray[np.float64] = pc.fill_null(position, -1).to_numpy().astype(np.float64) + 1.0
    codes[pc.is_null(column).to_numpy()] = np.nan
    return codes


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _numbers(column: pa.ChunkedArray) -> NDArray[np.float64]:
    if pa.types.is_string(column.type) or pa.types.is_timestamp(column.type):
        return np.full(len(column), np.nan)
    values: NDArray[np.float64] = np.array(column.cast(pa.float64()).to_numpy(), np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def _microseconds(column: pa.ChunkedArray) -> NDArray[np.float64]:
    if not pa.types.is_timestamp(column.type):
        return np.full(len(column), np.nan)
    micros = column.cast(pa.int64()).cast(pa.float64(), safe=False)
    return np.array(micros.to_numpy(), np.float64)


def _calendar(column: pa.ChunkedArray) -> list[NDArray[np.float64]]:
    parts = (pc.month(column), pc.day_of_week(column), pc.hour(column))
    return [np.array(p.cast(pa.float64()).to_numpy(), np.float64) for p in parts]
