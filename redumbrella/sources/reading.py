"""One canonical table read from its source: from files or a query to typed, validated rows.

A source of the settings comes in; a `TableRead` goes out that says all that was found and holds
the typed rows in DuckDB. Nothing is written anywhere. Raises SettingsError or DataError with every
problem of the table when it cannot be read, or when more than half of its rows cannot.
"""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from redumbrella.columns import TABLES
from redumbrella.errors import DataError, SettingsError
from redumbrella.logs import log_event
from redumbrella.progress import Progress
from redumbrella.settings.currencies import Currencies
from redumbrella.settings.sources import ColumnSource, Source
from redumbrella.sources.amounts import read_amounts
from redumbrella.sources.formats.files import FileInput, JoinedFile, find_files, read_file
from redumbrella.sources.formats.records import LONG_FIELD, Records
from redumbrella.sources.formats.sql import QueryInput, find_query, read_query
from redumbrella.sources.identifiers import clean_ids
from redumbrella.sources.inference import ColumnRead, check_formats, read_columns
from redumbrella.sources.joining import join_files
from redumbrella.sources.mapping import map_columns
from redumbrella.sources.order_items import complete_items
from redumbrella.sources.outcome_counts import (
    OutcomeCounts,
    closing_note,
    count_outcomes,
    outcome_notes,
    settings_line,
)
from redumbrella.sources.spellings.values import Type
from redumbrella.sources.staging import Staging
from redumbrella.sources.validation import (
    IDENTICAL,
    KEPT_REJECTED,
    OLDER,
    Rejected,
    TypedRows,
    find_rejected,
    future_notes,
    type_rows,
)
from redumbrella.sources.versions import mark_versions

if TYPE_CHECKING:
    import duckdb

Input = FileInput | QueryInput

_SHOWN_REJECTED = 3
_SHOWN_MISSING, _SHOWN_COLUMNS = 12, 3


@dataclass(frozen=True)
class InputRead:
    """One file or query that was read.

    `rejected` counts rows set aside by reason, `identical` exact copies of another row, `older`
    earlier versions of a record that has a newer row.
    """

    name: str
    rows: int
    rejected: Counter[str]
    identical: int
    notes: tuple[str, ...]
    older: int = 0


@dataclass(frozen=True)
class TableRead:
    """What was found for one canonical table.

    `rejected` are the rows set aside, `record` being a line of its file (or row of a query), at
    most KEPT_REJECTED; `staged` counts the records that fit their header; `outcome` what counts as
    won, lost and open, where the table has outcomes.
    """

    source: Source
    inputs: tuple[InputRead, ...]
    columns: tuple[ColumnRead, ...]
    rows: int
    staged: int
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...]
    typed: TypedRows
    outcome: OutcomeCounts | None = None

    @property
    def reasons(self) -> Counter[str]:
        """How many rows were set aside, by reason."""
        return sum((one.rejected for one in self.inputs), Counter())

    @property
    def identical(self) -> int:
        """How many rows are exact copies of another row of their file."""
        return sum(one.identical for one in self.inputs)

    @property
    def older(self) -> int:
        """How many rows are earlier versions of a record that has a newer row."""
        return sum(one.older for one in self.inputs)


@dataclass(frozen=True)
class Surroundings:
    """What the workspace says to the reading of every source.

    timezone: of times without an offset. now: the present instant, UTC microseconds; what is dated
    after it is counted and said. currencies: see `sources.amounts`.
    """

    timezone: str
    now: int
    currencies: Currencies


def find_inputs(source: Source, root: Path) -> list[Input]:
    """The files or the query of a source. Raises DataError when something is not there."""
    if source.url is not None:
        return [find_query(source.url, source.query or "", root)]
    files, problems = find_files(source.path, root)
    joined = []
    for one in source.join:
        found, more = find_files([one.path], root)
        problems += more
        joined += [JoinedFile(file, one.here, one.there) for file in found]
    if problems:
        listed = " ".join(problems)
        message = f"[tables.{source.table}] {listed} Paths are relative to {root.resolve()}."
        raise DataError(message, reason="missing_file")
    return [replace(file, joined=tuple(joined)) for file in files]


def read_table(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    inputs: Sequence[Input],
    workspace: Surroundings,
    *,
    lake_types: Mapping[str, Type],
    report: Progress,
) -> TableRead:
    """Reads all inputs of a table into DuckDB, decides types, validates rows."""
    started = monotonic()
    staging = Staging(connection, f"raw_{source.table}", missing=source.missing)
    staging.create()
    opened, counted = _stage(staging, source, inputs, workspace.timezone, report)
    if not staging.columns:
        raise _nothing_read(source, inputs, opened)
    told = _join(staging, source, inputs)
    report(f"Looking at the values of {source.table}", 0.5)
    typed, notes = _typed(staging, source, inputs, workspace, lake_types)
    found = _set_aside(typed, opened)
    outcome = count_outcomes(typed)
    records_staged = staging.count()
    staging.drop()
    reads = [
        _input_read(one, records, rows, counts)
        for one, records, rows, counts in zip(
            inputs, opened, counted, typed.counts(len(inputs)), strict=True
        )
    ]
    read = TableRead(
        source=source,
        inputs=tuple(reads),
        columns=typed.read,
        rows=sum(one.rows for one in reads),
        staged=records_staged,
        rejected=tuple(found),
        notes=(
            *told,
            *notes,
            *future_notes(typed, workspace.now),
            *closing_note(typed),
            *(
                outcome_notes(outcome, _origin(source, outcome), source.lost_after_days)
                if outcome
                else ()
            ),
            *_kept_note(reads, found),
        ),
        typed=typed,
        outcome=outcome,
    )
    _log(read, monotonic() - started)
    _refuse_if_mostly_bad(read)
    return read


def _typed(
    staging: Staging,
    source: Source,
    inputs: Sequence[Input],
    workspace: Surroundings,
    lake_types: Mapping[str, Type],
) -> tuple[TypedRows, list[str]]:
    """The typed rows of a staged table, and notes on how they were read."""
    mapping = map_columns(source, list(staging.columns), lake_types)
    _raise_settings(mapping.problems)
    check_formats(staging, mapping, source.table)
    items = complete_items(staging, mapping.canonical) if source.table == "purchases" else []
    columns, problems = read_columns(staging, mapping, source.table, workspace.timezone, lake_types)
    _raise_settings(problems)
    amounts = read_amounts(staging, source, columns, workspace.currencies)
    names = [one.name for one in inputs]
    of_ids = clean_ids(staging, columns, TABLES[source.table], ", ".join(names))
    prefixes = names if may_be_many_files(source) else None
    typed = type_rows(staging, source, columns, prefixes, amounts)
    of_versions = mark_versions(typed, names)
    of_amounts = amounts.notes if amounts else ()
    of_missing = _missing_note(staging, columns)
    return typed, [*mapping.notes, *items, *of_amounts, *of_missing, *of_ids, *of_versions]


def _origin(source: Source, outcome: OutcomeCounts) -> ColumnSource:
    return source.columns.get("won", ColumnSource(outcome.column))


def _log(read: TableRead, seconds: float) -> None:
    log_event(
        "sources",
        "source read",
        table=read.source.table,
        inputs=len(read.inputs),
        rows=read.rows,
        rejected=read.reasons.total(),
        identical=read.identical,
        seconds=round(seconds, 3),
    )


def _stage(
    staging: Staging, source: Source, inputs: Sequence[Input], timezone: str, report: Progress
) -> tuple[list[Records], list[int]]:
    """Stages the records of all inputs; how each was opened and how many fitted its header."""
    opened: list[Records] = []
    counted: list[int] = []
    for position, one in enumerate(inputs):
        # Not the input's name: a query is long, and may hold names of people.
        which = f", {position + 1} of {len(inputs)}" if len(inputs) > 1 else ""
        report(f"Reading {source.table}{which}", position / len(inputs))
        records = _open(one, source, timezone)
        staging.delimiters |= {records.delimiter} if records.delimiter else set()
        counted.append(sum(staging.add(position, chunk) for chunk in records.chunks))
        if not counted[-1]:
            staging.know(records.columns)
        opened.append(records)
    return opened, counted


def _join(staging: Staging, source: Source, inputs: Sequence[Input]) -> list[str]:
    """Adds the columns of the files that are joined; what was found."""
    joined = next((one.joined for one in inputs if isinstance(one, FileInput)), ())
    try:
        return join_files(staging, joined, source.delimiter)
    except SettingsError as problem:
        message = f"[tables.{source.table}] {problem.message}"
        raise SettingsError(message, reason=problem.reason) from None


def _open(one: Input, source: Source, timezone: str) -> Records:
    if isinstance(one, QueryInput):
        return read_query(one, timezone)
    return read_file(one, source.delimiter, source.sheet)


def _nothing_read(source: Source, inputs: Sequence[Input], opened: Sequence[Records]) -> DataError:
    names = ", ".join(one.name for one in inputs)
    what = "is empty. Expected a line of column names, then rows."
    bad = [line for records in opened for line in records.bad]
    if bad:
        what = f"has nothing that can be read. Line {bad[0].line}: {bad[0].message}."
    return DataError(f"[tables.{source.table}] {names} {what}", reason="empty_file")


def _input_read(one: Input, records: Records, rows: int, counts: Counter[str]) -> InputRead:
    identical, older = counts.pop(IDENTICAL, 0), counts.pop(OLDER, 0)
    misfits = Counter(line.reason for line in records.bad)
    total = rows + len(records.bad)
    return InputRead(one.name, total, counts + misfits, identical, tuple(records.notes), older)


def may_be_many_files(source: Source) -> bool:
    """Whether the settings allow more than one file, so that row numbers need a file name."""
    return len(source.path) > 1 or any(glob.has_magic(path) for path in source.path)


def _raise_settings(problems: Sequence[str]) -> None:
    if problems:
        raise SettingsError("\n".join(problems), reason="bad_mapping")


def _set_aside(typed: TypedRows, opened: Sequence[Records]) -> list[Rejected]:
    """Rows with bad values and records that did not fit, by file and line."""
    found = find_rejected(typed)
    for position, records in enumerate(opened):
        found += [
            Rejected(position, line.line, line.reason, line.message, line.raw)
            for line in records.bad[:KEPT_REJECTED]
        ]
    result = []
    for position, records in enumerate(opened):
        mine = [row for row in found if row.file == position]
        lines = records.lines([row.record for row in mine])
        result += [replace(row, record=lines.get(row.record, row.record)) for row in mine]
    return sorted(result, key=lambda row: (row.file, row.record))


def _missing_note(staging: Staging, columns: Sequence[ColumnRead]) -> list[str]:
    """Which texts count as missing, how often, and in which columns."""
    found: dict[str, dict[str, int]] = {}
    for column in columns:
        for text, count in (*column.missing.items(), *_own_missing(staging, column.here)):
            found.setdefault(text, {})[column.column] = count
    if not found:
        return []
    listed = ", ".join(
        f'"{text}" ({sum(counts.values()):,} in {_columns_named(list(counts))})'
        for text, counts in list(found.items())[:_SHOWN_MISSING]
    )
    more = len(found) - _SHOWN_MISSING
    tail = f" and {more:,} more" if more > 0 else ""
    return [f"Besides empty cells, these count as missing: {listed}{tail}."]


def _own_missing(staging: Staging, here: str) -> Iterable[tuple[str, int]]:
    return staging.missing_texts.get(here, Counter()).items()


def _columns_named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN_COLUMNS])
    more = len(names) - _SHOWN_COLUMNS
    return f"{shown} and {more} more" if more > 0 else shown


def _kept_note(inputs: Sequence[InputRead], kept: Sequence[Rejected]) -> list[str]:
    total = sum(one.rejected.total() for one in inputs)
    if total == len(kept):
        return []
    return [f"Of {total:,} rows set aside, the first {len(kept):,} are kept with their text."]


def _refuse_if_mostly_bad(read: TableRead) -> None:
    total = read.reasons.total()
    if 2 * total <= read.rows:
        return
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in read.reasons.most_common())
    examples = "\n".join(
        f"  {read.inputs[row.file].name}, line {row.record}: {row.message}"
        for row in read.rejected[:_SHOWN_REJECTED]
    )
    message = (
        f"[tables.{read.source.table}] {total:,} of {read.rows:,} rows cannot be used "
        f"({reasons}), so nothing was written. The first:\n{examples}\n{_advice(read)}"
    )
    raise DataError(message, reason="mostly_rejected")


def _advice(read: TableRead) -> str:
    worst = read.reasons.most_common(1)[0][0]
    if worst == "ragged":
        return "Is the delimiter right? Set delimiter in umbrella.toml, or mend the file."
    if worst == LONG_FIELD:
        return "Is a quote missing? Else leave the long column out of the export."
    if worst in {"duplicate_id", "two_outcomes"}:
        key = " and ".join(read.typed.table.key)
        said = f"Is {key} really the id of a row? Map another column, or {{ row = true }}."
        if read.source.table == "leads":
            said += " If they are changes of a lead, map updated_at: it says which row is newest."
        return said
    outcome = read.source.columns.get("won") or ColumnSource("won")
    shown = read.rejected[:_SHOWN_REJECTED]
    if all(f'column "{outcome.column}"' in row.message for row in shown):
        said = "Say which values are won and which lost; every other one means still open:\n  "
        counts = read.outcome or OutcomeCounts(outcome.column, (), (), ())
        return said + settings_line(counts, outcome)
    return "Map another column, set a format, or mend the values."
