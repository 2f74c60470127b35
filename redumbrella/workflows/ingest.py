"""Ingest: from the sources in umbrella.toml into the lake, and `check`, the same without writing.

An opened workspace (or settings) comes in; a result that counts and explains everything goes out.
Promises: everything is read and validated before anything is written; the same input twice adds
nothing; after a kill at any moment the next run completes, nothing lost and nothing doubled.

Order of writing, for each table: first the rows (one Delta commit), then the note in the state
database that the files were read (one transaction). Killed in between, the files are read again
and their rows are recognised by content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from redumbrella.clock import now
from redumbrella.columns import TABLES, WRITTEN
from redumbrella.errors import DataError, SettingsError, UmbrellaError, nearest
from redumbrella.lake.lake import Lake
from redumbrella.progress import Progress, silent
from redumbrella.settings.settings import Settings
from redumbrella.settings.sources import Source
from redumbrella.sources.changes import find_changes
from redumbrella.sources.connection import staging_connection
from redumbrella.sources.formats.files import FileInput
from redumbrella.sources.formats.sql import is_query
from redumbrella.sources.linking import link_ids
from redumbrella.sources.links import Link, lake_links, read_links
from redumbrella.sources.reading import (
    Input,
    Surroundings,
    TableRead,
    find_inputs,
    may_be_many_files,
    read_table,
)
from redumbrella.sources.result import FileResult, SourceResult, described
from redumbrella.sources.spellings.values import Type
from redumbrella.state.sources import forget_sources, record_source, sources_of
from redumbrella.workflows.outcomes_in_lake import outcomes_to_lake, with_logged
from redumbrella.workflows.recorded import recorded
from redumbrella.workflows.tidying import tidy_exports
from redumbrella.workflows.word_notes import with_word_notes
from redumbrella.workspace import Workspace

# Another number when the same content is read differently by another version of Red Umbrella: what
# was read before is then read again.
READING = 2
_NO_OUTCOME = (
    "No column says whether a lead was won or lost, so nothing can be learned. Name it in "
    'umbrella.toml under [tables.leads.columns], such as  won = "Converted"'
)


@dataclass(frozen=True)
class IngestResult:
    """All sources, the version of each lake table afterwards, and how the tables meet.

    `links` is empty when nothing new was read.
    """

    sources: tuple[SourceResult, ...]
    versions: Mapping[str, int]
    links: tuple[Link, ...] = ()

    @property
    def has_changed(self) -> bool:
        """Whether the lake has rows now that it did not have before."""
        return any(source.added or source.changed for source in self.sources)


@dataclass(frozen=True)
class CheckResult:
    """What would be read, every problem, and how the tables meet; nothing was written.

    reasons: the short code of each problem, in the same order.
    """

    sources: tuple[SourceResult, ...]
    problems: tuple[str, ...]
    links: tuple[Link, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Pending:
    """A table that is to be read: its inputs with their fingerprints, and those to skip.

    again: positions of the inputs that were read before, when they had another content.
    """

    source: Source
    inputs: list[Input]
    fingerprints: list[str]
    mapping: str
    skipped: list[FileResult]
    afresh: bool
    again: set[int] = field(default_factory=set)


def check(settings: Settings, report: Progress = silent) -> CheckResult:
    """Reads every source as `ingest` would, and writes nothing. Problems are collected."""
    reads: list[TableRead] = []
    problems: list[UmbrellaError] = []
    links: list[Link] = []
    results: list[SourceResult] = []
    if not settings.tables:
        problems.append(_no_tables(settings))
    try:
        with staging_connection(settings.timezone) as connection:
            for source in settings.tables.values():
                try:
                    reads.append(_read_alone(settings, connection, source, report))
                except UmbrellaError as problem:
                    problems.append(problem)
            reads = _linked(reads, None, ())
            links = read_links([read.typed for read in reads])
            results = [with_word_notes(read, described(read)) for read in reads]
    except UmbrellaError as problem:
        problems.append(problem)
    results = _with_unknown_labels(settings, results)
    lacking = sum(_lacks_outcome(settings, one) for one in results)
    problems += [DataError(_NO_OUTCOME, reason="no_outcomes")] * lacking
    return CheckResult(
        tuple(results),
        tuple(problem.message for problem in problems),
        tuple(links),
        tuple(problem.reason for problem in problems),
    )


def _read_alone(settings: Settings, connection: Any, source: Source, report: Progress) -> TableRead:
    """Reads a source as if the lake had nothing."""
    read = read_table(
        connection,
        source,
        find_inputs(source, settings.root),
        _surroundings(settings),
        lake_types={},
        report=report,
    )
    _refuse_empty(read)
    return read


def _surroundings(settings: Settings) -> Surroundings:
    return Surroundings(settings.timezone, now(), settings.currencies)


def _linked(
    reads: Sequence[TableRead], lake: Lake | None, afresh: Sequence[str]
) -> list[TableRead]:
    """What was read, with ids as their home tables write them, where that is safe."""
    notes = link_ids([read.typed for read in reads], lake, afresh)
    return [replace(read, notes=(*read.notes, *notes.get(read.source.table, ()))) for read in reads]


def _with_unknown_labels(settings: Settings, results: list[SourceResult]) -> list[SourceResult]:
    """The results; with the first a note for each label of a field that no table has."""
    known = list(dict.fromkeys(column.name for one in results for column in one.columns))
    unknown = [name for name in settings.labels.named if name not in known]
    if not unknown or not results:
        return results
    notes = [
        f'[labels] names "{name}", but no table has such a field.{nearest(name, known)}'
        for name in unknown
    ]
    return [replace(results[0], notes=(*results[0].notes, *notes)), *results[1:]]


def _lacks_outcome(settings: Settings, leads: SourceResult) -> bool:
    """Whether a target asks for the outcome of leads and their source has no such column."""
    asked = any(target.from_ is not None for target in settings.targets)
    named = any(column.canonical and column.name == "won" for column in leads.columns)
    return asked and leads.table == "leads" and not named


def ingest(
    workspace: Workspace, report: Progress = silent, *, reread: Sequence[str] = ()
) -> IngestResult:
    """Reads what is new in every source into the lake.

    `reread` names tables whose sources are read again even if unchanged, replacing all that the
    lake has of them. Raises SettingsError or DataError, with all problems, before anything is
    written.
    """
    with recorded(workspace, "ingest") as run:
        result = _ingest(workspace, report, run.id, reread)
        for table in workspace.lake.tables():
            workspace.lake.tidy(table, run.started_at)
        tidy_exports(workspace)
        counts = [
            f"{one.table} {one.added:,} new, {one.changed:,} changed" for one in result.sources
        ]
        run.message = "; ".join(counts)
        return result


def _ingest(
    workspace: Workspace, report: Progress, run: int, reread: Sequence[str]
) -> IngestResult:
    settings = workspace.settings
    if not settings.tables:
        raise _no_tables(settings)
    for table in reread:
        if table not in settings.tables:
            raise _not_a_source(table, settings)
    results: dict[str, SourceResult] = {}
    with _collected() as collect:
        _settle(workspace.lake, collect, reread)
        pending = []
        for source in settings.tables.values():
            with collect():
                pending.append(_plan(workspace, source, source.table in reread))
    lake = workspace.lake
    with lake.room() as room, staging_connection(settings.timezone, room) as connection:
        reads = []
        with _collected() as collect:
            for plan in pending:
                results[plan.source.table] = _skipped(plan)
                if plan.inputs:
                    with collect():
                        reads.append((plan, _read(workspace, connection, plan, report)))
        afresh = [plan.source.table for plan, _ in reads if plan.afresh]
        linked = _linked([read for _, read in reads], lake, afresh)
        for position, ((plan, _), read) in enumerate(zip(reads, linked, strict=True)):
            report(f"Writing {plan.source.table}", position / len(reads))
            results[plan.source.table] = _write(workspace, plan, read, run)
    outcomes_to_lake(workspace, now())
    versions = {name: lake.version(name) for name in lake.tables()}
    return IngestResult(
        tuple(results.values()),
        {name: v for name, v in versions.items() if v is not None},
        tuple(lake_links(lake)) if reads else (),
    )


def _settle(lake: Lake, collect: Any, reread: Sequence[str]) -> None:
    """Ends what a killed command left, and refuses a lake of which something is lost or altered.

    Tables that are read again anyway may be damaged.
    """
    lake.clear()
    for table in lake.tables():
        if table not in reread:
            with collect():
                lake.settle(table)


def _read(workspace: Workspace, connection: Any, plan: _Pending, report: Progress) -> TableRead:
    table = plan.source.table
    types = {} if plan.afresh else _lake_types(workspace.lake, table)
    read = read_table(
        connection,
        plan.source,
        plan.inputs,
        _surroundings(workspace.settings),
        lake_types=types,
        report=report,
    )
    if plan.afresh or not workspace.lake.exists(table):
        _refuse_empty(read)
    return read


def _plan(workspace: Workspace, source: Source, reread: bool) -> _Pending:
    """Which inputs of a source have to be read."""
    inputs = find_inputs(source, workspace.root)
    mapping = _mapping_hash(source, workspace.settings)
    prints = [_fingerprint(one) for one in inputs]
    with workspace.state.reading() as connection:
        known = {row["path"]: row for row in sources_of(connection, source.table)}
    in_lake = workspace.lake.exists(source.table)
    # Facts have no id: read with other settings they would stand in the lake twice.
    remapped = not TABLES[source.table].key and (
        _is_asked_anew(source, inputs, list(known))
        or any(row["mapping"] != mapping for row in known.values())
    )
    if remapped and in_lake and not reread:
        why = f"The settings of [tables.{source.table}] have changed"
        if not any(_is_read_so(row) for row in known.values()):
            why = f"This version of Red Umbrella reads {source.table} in another way"
        _refuse_lost(source.table, inputs, list(known), why)
    if known and not in_lake and not reread:
        why = f"The lake has lost its table {source.table}"
        _refuse_lost(source.table, inputs, list(known), why)
    # What another version read by other rules is replaced, where all of it is still there: ids that
    # are written in another way would else stand beside the old ones.
    is_outdated = bool(known) and not any(_is_read_so(row) for row in known.values())
    remapped = remapped or (is_outdated and not set(known) - {one.name for one in inputs})
    if reread or remapped or not in_lake:
        return _Pending(source, inputs, prints, mapping, [], afresh=reread or remapped)
    pending = _Pending(source, [], [], mapping, [], afresh=False)
    for one, fingerprint in zip(inputs, prints, strict=True):
        row = known.get(one.name)
        is_same = row is not None and (row["fingerprint"], row["mapping"]) == (fingerprint, mapping)
        if is_same and isinstance(one, FileInput):
            assert row is not None
            pending.skipped.append(FileResult(one.name, row["rows"], skipped=True))
        else:
            if row is not None:
                pending.again.add(len(pending.inputs))
            pending.inputs.append(one)
            pending.fingerprints.append(fingerprint)
    return pending


def _is_read_so(row: Mapping[str, Any]) -> bool:
    """Whether a source was read by the rules of this version."""
    return str(row["mapping"]).startswith(f"{READING}:")


def _write(workspace: Workspace, plan: _Pending, read: TableRead, run: int) -> SourceResult:
    lake, table = workspace.lake, plan.source.table
    moment = now()
    widened = [column.name for column in read.columns if column.widened]
    changes = find_changes(read.typed, lake, len(read.inputs), afresh=plan.afresh, again=plan.again)
    total = changes.total
    if plan.afresh:
        rows = changes.rows(lake, moment, afresh=True)
        lake.overwrite(table, with_logged(rows, workspace, table, moment, afresh=True))
        with workspace.state.writing() as connection:
            forget_sources(connection, table)  # nothing of what was read before is left
    elif total["added"] or total["changed"] or not lake.exists(table):
        if widened:
            lake.widen(table, widened)
        rows = changes.rows(lake, moment, afresh=False)
        lake.append(table, with_logged(rows, workspace, table, moment, afresh=False))
    for position, one in enumerate(plan.inputs):
        rejected = [
            {
                "line": row.record,
                "reason": row.reason,
                "message": row.message,
                "raw": row.raw,
            }
            for row in read.rejected
            if row.file == position
        ]
        counts = changes.counts[position]
        note = {
            "table_name": table,
            "path": one.name,
            "fingerprint": plan.fingerprints[position],
            "mapping": plan.mapping,
            "size": one.size if isinstance(one, FileInput) else 0,
            "modified": one.modified if isinstance(one, FileInput) else moment,
            "rows": read.inputs[position].rows,
            "added": counts["added"] + counts["changed"],
            "rejected": read.inputs[position].rejected.total(),
            "ingested_at": moment,
        }
        with workspace.state.writing() as connection:
            record_source(connection, note, rejected, run_id=run)
    return described(read, plan.skipped, total)


def _skipped(plan: _Pending) -> SourceResult:
    unchanged = sum(file.rows for file in plan.skipped)
    return SourceResult(plan.source.table, tuple(plan.skipped), unchanged=unchanged)


def _mapping_hash(source: Source, settings: Settings) -> str:
    """Changes when the same content would be read differently, by READING or by settings."""
    has_row_ids = any(origin.row for origin in source.columns.values())
    prefixed = has_row_ids and may_be_many_files(source)
    columns = sorted((name, repr(origin)) for name, origin in source.columns.items())
    currencies = settings.currencies
    money = (currencies.own, sorted(currencies.rates.items())) if currencies.rates else ()
    read_by = (columns, sorted(source.ignore), source.delimiter, settings.timezone, prefixed)
    stage = () if source.stage_column is None else ("stage",)  # was not kept at first
    content = repr((*read_by, money, source.join, source.missing, source.sheet, *stage))
    return f"{READING}:{hashlib.sha256(content.encode()).hexdigest()}"


def _fingerprint(one: Input) -> str:
    # The result of a query can change without any sign of it: it is always read.
    return one.fingerprint() if isinstance(one, FileInput) else ""


def _lake_types(lake: Lake, table: str) -> dict[str, Type]:
    """The types that the fields of a table have in the lake."""
    import pyarrow as pa

    if not lake.exists(table):
        return {}
    names: dict[Any, Type] = {pa.string(): "text", pa.float64(): "number", pa.bool_(): "flag"}
    fixed = {*TABLES[table].names, *WRITTEN}
    return {
        column.name: names.get(column.type, "time")
        for column in lake.schema(table)
        if column.name not in fixed
    }


def _is_asked_anew(source: Source, inputs: Sequence[Input], known: Sequence[str]) -> bool:
    """Whether a query took the place of what was read before, or files that of a query."""
    gone = set(known) - {one.name for one in inputs}
    return bool(gone) and (source.query is not None or any(is_query(name) for name in gone))


def _refuse_lost(table: str, inputs: Sequence[Input], known: Sequence[str], why: str) -> None:
    """Reading a table anew needs all files that were ever read into it."""
    gone = set(known) - {one.name for one in inputs}
    # A query that was changed is not lost: the new one says what the table is to hold.
    lost = sorted(name for name in gone if not is_query(name))
    if lost:
        message = (
            f"{why}, so everything has to be read again, but these are no longer there: "
            f"{', '.join(lost[:5])}. Put them back or undo the change; or run `umbrella ingest "
            f"--reread {table}` to go on without them."
        )
        raise DataError(message, reason="sources_gone")


def _refuse_empty(read: TableRead) -> None:
    if read.rows == 0:
        names = ", ".join(one.name for one in read.inputs)
        message = (
            f"[tables.{read.source.table}] {names} has column names but no rows. "
            "Export it again, with rows."
        )
        raise DataError(message, reason="no_rows")


def _not_a_source(table: str, settings: Settings) -> SettingsError:
    message = (
        f"{table} cannot be read again: {settings.root / 'umbrella.toml'} has no section "
        f"[tables.{table}]. Tables there: {', '.join(settings.tables)}."
    )
    return SettingsError(message, reason="no_tables")


def _no_tables(settings: Settings) -> SettingsError:
    message = (
        f"{settings.root / 'umbrella.toml'} names no table to read. Add a section [tables.leads] "
        'with path = "leads.csv".'
    )
    return SettingsError(message, reason="no_tables")


@contextmanager
def _collected() -> Iterator[Any]:
    """Lets several steps fail and raises one error of all messages at the end."""
    found: list[UmbrellaError] = []

    @contextmanager
    def collect() -> Iterator[None]:
        try:
            yield
        except UmbrellaError as problem:
            found.append(problem)

    yield collect
    if len(found) == 1:
        raise found[0]
    if found:
        message = "\n".join(problem.message for problem in found)
        raise type(found[0])(message, reason=found[0].reason)
