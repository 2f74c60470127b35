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
from redumbrella.features.spelling import Reading, is_name_of_person, is_phone, reading_of
from redumbrella.features.words import Vocabulary, learn_vocabulary, vocabulary_from

FieldKind = Literal["number", "flag", "time", "category", "text"]

MIN_LEVEL_ROWS = 2  # a level seen less often is pooled in `(other)`
MAX_LEVELS = 5_000
TEXT_DISTINCT_SHARE = 0.5  # texts that hardly repeat say nothing about another lead but by words
LEAST_TEXTS = 20
LEAST_PHONE = 100_000  # a number that is smaller is no phone number
PERSONAL: dict[Reading, str] = {"email": "e-mail addresses", "phone": "phone numbers"}
MANY_SPELLINGS = 50  # of so many different values the words are read too
WORDS_OF_SPELLINGS = 1.5  # that a value must have on average, else it is a word of its own
CALENDAR = ("month", "weekday", "hour")


@dataclass(frozen=True)
class Field:
    """One field of the lead record and how it becomes features.

    words: how its texts are read; a category with many spellings has them beside its levels.
    """

    name: str
    kind: FieldKind
    levels: tuple[str, ...] = ()
    words: Vocabulary | None = None


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

    @property
    def texts(self) -> tuple[Field, ...]:
        """The fields whose words are read, in the order of their features."""
        return tuple(f for f in self.fields if f.words and _words_of(f).name not in self.left_out)

    def taught(self, weights: Sequence[NDArray[np.float64]]) -> "RecordEncoder":
        """The encoder with what the words of each of `texts` speak for, as log-odds."""
        learned = {
            field.name: replace(field.words, weights=tuple(of_field.tolist()))
            for field, of_field in zip(self.texts, weights, strict=True)
            if field.words is not None
        }
        fields = tuple(replace(f, words=learned.get(f.name, f.words)) for f in self.fields)
        return replace(self, fields=fields)

    def telling(self, leads: pa.Table) -> dict[str, tuple[list[str], list[str]]]:
        """Of each text of n leads the word that raises the score most, and that lowers it most.

        "" where there is none.
        """
        return {
            field.name: field.words.telling(leads[field.name])
            for field in self.texts
            if field.words and field.name in leads.column_names
        }

    def strongest_words(self, most: int) -> dict[str, tuple[list[str], list[str]]]:
        """Of each text field the words that raise the score most, and those that lower it most."""
        return {f.name: f.words.strongest(most) for f in self.texts if f.words is not None}

    def to_json(self) -> dict[str, Any]:
        """A JSON form that `from_json` reads back."""
        return asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "RecordEncoder":
        """The encoder that `to_json` wrote."""
        return RecordEncoder(
            tuple(_field_from(f) for f in document["fields"]),
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
    people = leads["person_id"] if "person_id" in leads.column_names else None
    if people is not None and people.null_count:
        people = None  # then every row is somebody else
    fields: list[Field] = []
    ignored: list[IgnoredField] = []
    for name in candidates:
        found = _classify(name, leads[name], name == time_column, people)
        if isinstance(found, Field):
            fields.append(found)
        else:
            ignored.append(found)
    return RecordEncoder(tuple(fields), tuple(ignored), time_column)


def _classify(
    name: str, column: pa.ChunkedArray, is_time_column: bool, people: pa.ChunkedArray | None
) -> Field | IgnoredField:
    rows = len(column) - column.null_count
    if rows == 0:
        return IgnoredField(name, "always empty")
    distinct = pc.count_distinct(column, mode="only_valid").as_py()
    if distinct == 1 and column.null_count == 0:
        return IgnoredField(name, "the same value everywhere")
    if is_time_column or pa.types.is_timestamp(column.type) or pa.types.is_boolean(column.type):
        return Field(name, "flag" if pa.types.is_boolean(column.type) else "time")
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return _classify_number(name, column, distinct)
    return _classify_text(name, column, distinct, people)


def _classify_number(name: str, column: pa.ChunkedArray, distinct: int) -> Field | IgnoredField:
    if _is_running_number(column, distinct):
        return IgnoredField(name, "a running number: it only tells the order of the rows")
    if is_phone(name) and pc.min(column).as_py() > LEAST_PHONE:
        return IgnoredField(name, "phone numbers without a country code: nothing to learn from")
    return Field(name, "number")


def _classify_text(
    name: str, column: pa.ChunkedArray, distinct: int, people: pa.ChunkedArray | None
) -> Field | IgnoredField:
    """Personal values by what many share of them; texts by their words; the rest by levels."""
    rows = len(column) - column.null_count
    is_text = rows >= LEAST_TEXTS and distinct > TEXT_DISTINCT_SHARE * rows
    is_varied = is_text or distinct > MANY_SPELLINGS
    reading = reading_of(name, column)
    is_personal = reading in PERSONAL
    if not is_personal and is_varied and is_name_of_person(name):
        return IgnoredField(name, "names of people are not read")
    words = None
    if reading is not None and (is_personal or is_varied):
        learned = learn_vocabulary(column, people, reading)
        words = None if learned.is_empty else learned
    if is_personal and reading is not None and words is None:
        return IgnoredField(name, f"{PERSONAL[reading]}, and nothing in them that many share")
    levels = [] if is_text or is_personal else _levels(column, rows)
    if levels:
        is_read = words is not None and not (reading == "words" and _is_one_word(column))
        return Field(name, "category", (OTHER, *levels), words if is_read else None)
    if words is not None:
        return Field(name, "text", words=words)
    if is_text:
        return IgnoredField(name, "an identifier or a code: nearly every value is different")
    return IgnoredField(name, "every value is rare")


def _levels(column: pa.ChunkedArray, rows: int) -> list[str]:
    """The values that are frequent enough to be learned one by one, the most frequent first."""
    counts = pc.value_counts(column.drop_null())
    values = [str(v) for v in counts.field("values").to_pylist()]
    numbers = counts.field("counts").to_numpy()
    order = sorted(range(len(values)), key=lambda k: (-int(numbers[k]), values[k]))
    least = min(MIN_LEVEL_ROWS, max(1, rows // 50))
    return [values[k] for k in order if numbers[k] >= least][:MAX_LEVELS]


def _is_one_word(column: pa.ChunkedArray) -> bool:
    """Whether most values are one word each, which their level tells as well."""
    values = pc.unique(column.drop_null()).cast(pa.string())
    spaces = pc.count_substring_regex(pc.utf8_trim_whitespace(values), r"[\s/,;&-]+")
    return bool(pc.mean(spaces).as_py() + 1.0 < WORDS_OF_SPELLINGS)


def _is_running_number(column: pa.ChunkedArray, distinct: int) -> bool:
    if column.null_count or distinct < len(column) or len(column) < 20:
        return False
    values = column.to_numpy().astype(np.float64)
    steps = np.diff(values)
    return bool(np.all(values == np.floor(values)) and (np.all(steps > 0) or np.all(steps < 0)))


def _features_of(field: Field, time_column: str | None) -> list[Feature]:
    if field.kind == "text":
        return [_words_of(field)]
    if field.kind == "category":
        words = [] if field.words is None else [_words_of(field)]
        return [Feature(field.name, field.name, "category", field.levels), *words]
    if field.kind != "time":
        return [Feature(field.name, field.name, "flag" if field.kind == "flag" else "number")]
    calendar = [Feature(f"{field.name}.{part}", field.name, "number") for part in CALENDAR]
    if field.name == time_column:
        return calendar
    return [Feature(f"{field.name}.days_from_creation", field.name, "number"), *calendar]


def _words_of(field: Field) -> Feature:
    return Feature(f"{field.name}.words", field.name, "words")


def _field_from(document: Mapping[str, Any]) -> Field:
    words = vocabulary_from(document.get("words"))  # models saved earlier read no words
    return Field(document["name"], document["kind"], tuple(document["levels"]), words)


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
    if field.kind in ("category", "text"):
        codes = [_codes(column, field.levels)] if field.kind == "category" else []
        return codes if field.words is None else [*codes, field.words.score(column)]
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
