"""What people did, as columns of a design: streams of facts, their window variables, the latest.

In: fact tables of the lake, each fact with a person_id (`events`, `activities`, `purchases`). Out:
a `HistoryEncoder`, whose streams and codes are learned on the facts known at training, and which
then makes the same columns for any person at any instant. Promise: a row sees only what happened,
and was known, strictly before its instant; a kind never seen in training counts as `other`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.features.kernel.blocks import SCOPES, Block, Rows, Scope, features, rows
from redumbrella.features.kernel.compiled import njit
from redumbrella.features.kernel.grouping import code_of
from redumbrella.features.kernel.person_index import PersonIndex
from redumbrella.features.kernel.streams import Log, Stream, learn_vocabulary, log_from_table
from redumbrella.features.kernel.threads import in_chunks, read_only
from redumbrella.features.kernel.variables import history_end
from redumbrella.features.kernel.windows import DEFAULT_FAMILIES, DEFAULT_WINDOW_DAYS, FeatureSet
from redumbrella.features.matrix import OTHER as OTHER_LEVEL
from redumbrella.features.matrix import Feature
from redumbrella.features.names import column_names

MAX_KINDS = 300
AGE = "age"  # days between the creation of a lead and the instant of a row
LATEST = "latest"
_CHUNK = 4_096


@dataclass(frozen=True)
class StreamReading:
    """How a stream is read from a fact table: which columns hold its code, length and amount."""

    stream: str
    table: str
    code: str
    duration: str | None = None
    value: str | None = None
    families: tuple[str, ...] = DEFAULT_FAMILIES
    window_days: tuple[int, ...] = DEFAULT_WINDOW_DAYS
    scoped: bool = False  # also about this product and about its type


PRODUCT_FAMILIES = ("count", "share", "last_seen")
PRODUCT_WINDOWS = (30, 90, 365)
READINGS = (
    StreamReading("events", "events", "kind", "duration_s", "value"),
    StreamReading("pages", "events", "page_category", "duration_s"),
    StreamReading(
        "activities",
        "activities",
        "code",
        "duration_s",
        None,
        (*DEFAULT_FAMILIES, "long_share"),
        scoped=True,
    ),
    # Who handled a person: how often and how lately is enough.
    StreamReading("reps", "activities", "rep_id", families=("count", "last_seen"), window_days=()),
    StreamReading("purchases", "purchases", "code", None, "amount", scoped=True),
)
# What people did about each single product, for models of one product each.
PRODUCT_READINGS = (
    StreamReading(
        "bought", "purchases", "sold_product", None, "amount", PRODUCT_FAMILIES, PRODUCT_WINDOWS
    ),
    StreamReading(
        "looked_at", "events", "product_id", None, None, PRODUCT_FAMILIES, PRODUCT_WINDOWS
    ),
    StreamReading(
        "discussed", "activities", "product_id", None, None, PRODUCT_FAMILIES, PRODUCT_WINDOWS
    ),
)


@dataclass(frozen=True)
class LearnedStream:
    """A stream as it was learned: its codes (`other` last), what was pooled, and its scopes."""

    reading: StreamReading
    codes: tuple[str, ...]
    pooled: int
    has_duration: bool
    has_value: bool
    scopes: tuple[Scope, ...]

    @property
    def stream(self) -> Stream:
        """The stream as the kernel knows it."""
        return Stream(self.reading.stream, self.codes, self.has_duration, self.has_value)

    @property
    def feature_set(self) -> FeatureSet:
        """Windows and families of its variables."""
        return FeatureSet(self.reading.window_days, self.reading.families)


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows to be made: n person ids, an instant each, perhaps a product and an instant of birth.

    as_of, created_at: int64 UTC microseconds (n,). product: n product ids.
    """

    person: pa.ChunkedArray
    as_of: NDArray[np.int64]
    product: pa.ChunkedArray | None = None
    created_at: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.as_of)

    def take(self, chosen: NDArray[np.intp] | slice) -> "Asked":
        """Some of the rows."""
        numbers = pa.array(np.arange(len(self))[chosen])
        return Asked(
            self.person.take(numbers),
            self.as_of[chosen],
            None if self.product is None else self.product.take(numbers),
            None if self.created_at is None else self.created_at[chosen],
        )


@dataclass(frozen=True, eq=False)
class History:
    """Everybody's facts, grouped and ordered: one log per learned stream."""

    people: PersonIndex
    logs: tuple[Log, ...]


@dataclass(frozen=True)
class HistoryEncoder:
    """What was learned about the streams: enough to make the same columns again.

    products: product id -> number of its type. columns: numbers of the window variables that are
    kept, in order, or None for all of them. has_age: whether rows have an instant of birth.
    """

    streams: tuple[LearnedStream, ...]
    products: Mapping[str, int]
    has_age: bool
    columns: tuple[int, ...] | None = None

    @property
    def profile_features(self) -> tuple[Feature, ...]:
        """The dense columns: the age of the lead, and the latest fact of each stream."""
        age = (Feature(AGE, AGE, "number"),) if self.has_age else ()
        latest = tuple(
            Feature(name, name, "category", (OTHER_LEVEL, *learned.codes[:-1]))
            for learned in self.streams
            for name in [f"{learned.reading.stream}.{LATEST}"]
        )
        return age + latest

    @property
    def history_features(self) -> tuple[Feature, ...]:
        """The sparse columns: the window variables that are kept."""
        every = [
            Feature(name, f"{learned.reading.stream}.{code}", "history")
            for learned in self.streams
            for scope in learned.scopes
            for name, code in _named(learned, scope)
        ]
        return tuple(every if self.columns is None else (every[column] for column in self.columns))

    @property
    def variables(self) -> int:
        """Number of window variables before any are left out."""
        return sum(
            len(learned.scopes) * len(column_names(learned.stream, learned.feature_set))
            for learned in self.streams
        )

    @property
    def version(self) -> str:
        """Changes whenever a variable changes its meaning."""
        return ".".join(learned.feature_set.version for learned in self.streams)

    def group(self, tables: Mapping[str, pa.Table]) -> History:
        """Groups fact tables by person. A table that is gone counts as empty."""
        ids = [
            tables[name]["person_id"]
            for name in sorted({learned.reading.table for learned in self.streams})
            if name in tables
        ]
        chunks = [chunk for column in ids for chunk in column.chunks]
        people = PersonIndex.of(pa.chunked_array(chunks, pa.string()))
        logs = tuple(self._log(learned, tables, people) for learned in self.streams)
        pa.default_memory_pool().release_unused()
        return History(people, logs)

    def profile(self, history: History, asked: Asked) -> NDArray[np.float64]:
        """The dense columns for n rows, (n, profile features)."""
        person = history.people.index_of(asked.person)
        columns = []
        if self.has_age:
            columns.append(_age(asked))
        for log in history.logs:
            code = latest_codes(log, person, asked.as_of)
            # The kernel's `other` stands last, a design's stands first.
            level = np.where(code == len(log.stream.codes) - 1, 0, code + 1).astype(np.float64)
            columns.append(np.where(code < 0, np.nan, level))
        if not columns:
            return np.empty((len(asked), 0))
        return np.column_stack(columns)

    def matrix(self, history: History, asked: Asked) -> sp.csr_matrix:
        """The sparse columns for n rows, float32 CSR (n, history features)."""
        blocks = [
            Block(log, learned.feature_set, scope)
            for log, learned in zip(history.logs, self.streams, strict=True)
            for scope in learned.scopes
        ]
        if not blocks:
            return sp.csr_matrix((len(asked), 0), dtype=np.float32)
        found = features(blocks, self._rows(history, asked))
        return found if self.columns is None else found[:, list(self.columns)]

    def keeping(self, columns: NDArray[np.intp]) -> "HistoryEncoder":
        """The encoder with only some of its present window variables, in ascending order."""
        present = range(len(self.history_features)) if self.columns is None else self.columns
        kept = tuple(int(present[column]) for column in np.sort(columns))
        return HistoryEncoder(self.streams, self.products, self.has_age, kept)

    def to_json(self) -> dict[str, Any]:
        """A JSON form that `from_json` reads back."""
        return {**asdict(self), "products": dict(self.products)}

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> "HistoryEncoder":
        """The encoder that `to_json` wrote."""
        columns = document["columns"]
        return HistoryEncoder(
            tuple(_learned_from(entry) for entry in document["streams"]),
            document["products"],
            document["has_age"],
            None if columns is None else tuple(columns),
        )

    def _log(
        self, learned: LearnedStream, tables: Mapping[str, pa.Table], people: PersonIndex
    ) -> Log:
        reading = learned.reading
        table = tables.get(reading.table)
        if table is None or reading.code not in table.column_names:
            table = _no_facts(reading)
        for name in (reading.duration, reading.value):
            if name is not None and name not in table.column_names:
                table = table.append_column(name, pa.nulls(table.num_rows, pa.float64()))
        product = None
        if len(learned.scopes) > 1:
            known = "product_id" in table.column_names
            product = self._products(table["product_id"] if known else None, table.num_rows)
        return log_from_table(
            table,
            learned.stream,
            people,
            kind=reading.code,
            duration=reading.duration or "",
            value=reading.value or "",
            known_at="known_at" if "known_at" in table.column_names else None,
            product=product,
        )

    def _rows(self, history: History, asked: Asked) -> Rows:
        person = history.people.index_of(asked.person)
        if not self.products:
            return rows(person, asked.as_of)
        kinds = np.fromiter(self.products.values(), np.int32, len(self.products))
        return rows(person, asked.as_of, self._products(asked.product, len(asked)), kinds)

    def _products(self, ids: pa.ChunkedArray | None, n: int) -> NDArray[np.int32]:
        if ids is None:
            return np.full(n, -1, np.int32)
        known = pa.array(list(self.products), pa.string())
        found = pc.fill_null(pc.index_in(ids.cast(pa.string()), value_set=known), -1)
        return np.asarray(found.to_numpy(), np.int32)


def learn_history(
    tables: Mapping[str, pa.Table],
    product_types: Mapping[str, str],
    *,
    has_age: bool,
    has_product: bool,
    by_product: bool = False,
    max_kinds: int = MAX_KINDS,
) -> HistoryEncoder:
    """Learns streams and codes from the facts known at training.

    product_types: product id -> type, for products that have one. has_product: whether rows ask
    about a product, so that the scopes this product and this product type make sense. by_product:
    whether what people did about each single product counts on its own.
    """
    products = _number_products(tables, product_types) if has_product else {}
    streams = []
    for reading in (*READINGS, *(PRODUCT_READINGS if by_product else ())):
        table = tables.get(reading.table)
        if table is None or reading.code not in table.column_names:
            continue
        codes = table[reading.code]
        if codes.null_count == len(codes):
            continue
        vocabulary = learn_vocabulary(codes, max_kinds)
        about = reading.scoped and products and _has_values(table, "product_id")
        scopes: tuple[Scope, ...] = SCOPES if about else ("",)
        streams.append(
            LearnedStream(
                reading,
                vocabulary.codes,
                len(vocabulary.pooled),
                _has_values(table, reading.duration),
                _has_values(table, reading.value),
                scopes,
            )
        )
    return HistoryEncoder(tuple(streams), products, has_age)


def latest_codes(
    log: Log, person: NDArray[np.int32], as_of: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Code of each row's last fact that happened and was known before its instant; -1 = none.

    person: (n,) numbers in the log, -1 for nobody. as_of: (n,) UTC microseconds.
    """
    found = np.empty(len(person), np.int32)
    histories = log.histories
    in_chunks(
        lambda first, end: _latest(
            first,
            end,
            read_only(person),
            read_only(as_of),
            (histories.offsets, histories.records, histories.words.known_at),
            found,
        ),
        len(person),
        chunk=_CHUNK,
    )
    return found


@njit(nogil=True, cache=True)
def _latest(first, end, person, as_of, histories, found):  # type: ignore[no-untyped-def]
    """Write the latest code of the rows first … end - 1."""
    offsets, records, known_word = histories
    for row in range(first, end):
        found[row] = -1
        if person[row] < 0:
            continue
        low, high = offsets[person[row]], offsets[person[row] + 1]
        last = history_end(records, low, high, as_of[row]) - 1
        while last >= low:
            if known_word == 0 or records[last, known_word] < as_of[row]:
                found[row] = code_of(records, last)
                break
            last -= 1


def _named(learned: LearnedStream, scope: Scope) -> list[tuple[str, str]]:
    """Name and code of each column of a block; the last columns are about the whole stream."""
    names = column_names(learned.stream, learned.feature_set, scope)
    start = len(learned.reading.stream) + 1
    owners = []
    for name in names:
        head = name.rsplit(".", 3 if scope else 2)[0]
        owners.append((name, head[start:]))
    return owners


def _number_products(
    tables: Mapping[str, pa.Table], product_types: Mapping[str, str]
) -> dict[str, int]:
    seen: set[str] = set(product_types)
    for table in tables.values():
        if "product_id" in table.column_names:
            seen.update(pc.unique(table["product_id"]).drop_null().cast(pa.string()).to_pylist())
    kinds = {kind: number for number, kind in enumerate(sorted(set(product_types.values())))}
    return {
        product: kinds[product_types[product]] if product in product_types else -1
        for product in sorted(seen)
    }


def _has_values(table: pa.Table, name: str | None) -> bool:
    if name is None or name not in table.column_names:
        return False
    return bool(table[name].null_count < table.num_rows)


def _age(asked: Asked) -> NDArray[np.float64]:
    if asked.created_at is None:
        return np.full(len(asked), np.nan)
    return np.maximum((asked.as_of - asked.created_at) / MICROSECONDS_PER_DAY, 0.0)


def _no_facts(reading: StreamReading) -> pa.Table:
    return pa.table(
        {
            "person_id": pa.array([], pa.string()),
            "at": pa.array([], pa.timestamp("us", "UTC")),
            reading.code: pa.array([], pa.string()),
        }
    )


def _learned_from(entry: Mapping[str, Any]) -> LearnedStream:
    reading: dict[str, Any] = {**entry["reading"]}
    for name in ("families", "window_days"):
        reading[name] = tuple(reading[name])
    return LearnedStream(
        StreamReading(**reading),
        tuple(entry["codes"]),
        entry["pooled"],
        entry["has_duration"],
        entry["has_value"],
        tuple(entry["scopes"]),
    )
