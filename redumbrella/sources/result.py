"""What reading one source found and changed, as commands, pages and JSON show it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from redumbrella.sources.inference import ColumnRead
from redumbrella.sources.outcome_counts import OutcomeCounts
from redumbrella.sources.reading import TableRead

_EXAMPLES_PER_REASON = 3


@dataclass(frozen=True)
class FileResult:
    """One file or query: `skipped` when it has not changed since it was last read."""

    name: str
    rows: int
    skipped: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnResult:
    """One column found: canonical, or a field when `canonical` is false.

    `type` is number, flag, time, text or empty; `missing` the share of rows without a value;
    `unreadable` counts values that count as missing because they do not fit the type.
    """

    name: str
    column: str
    canonical: bool
    type: str
    missing: float
    unreadable: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """One row that was set aside."""

    file: str
    line: int
    reason: str
    message: str
    raw: str


@dataclass(frozen=True)
class SourceResult:
    """What was found in one source, and (after `ingest`) what it changed in the lake.

    `rejected` counts rows set aside by reason; `identical` exact copies inside one file; `older`
    rows of a record that has a newer one; `outcome` says which values count as won, lost and open,
    where the table has outcomes.
    """

    table: str
    files: tuple[FileResult, ...]
    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    identical: int = 0
    older: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    columns: tuple[ColumnResult, ...] = ()
    notes: tuple[str, ...] = ()
    outcome: OutcomeCounts | None = None


def described(
    read: TableRead,
    skipped: Sequence[FileResult] = (),
    changes: Counter[str] | None = None,
) -> SourceResult:
    """A table that was read, with the files that were not, and what it changed in the lake."""
    counts = changes if changes is not None else Counter()
    files = [FileResult(one.name, one.rows, skipped=False, notes=one.notes) for one in read.inputs]
    examples: list[Example] = []
    shown: Counter[str] = Counter()
    for row in read.rejected:
        shown[row.reason] += 1
        if shown[row.reason] <= _EXAMPLES_PER_REASON:
            name = read.inputs[row.file].name
            examples.append(Example(name, row.record, row.reason, row.message, row.raw[:200]))
    return SourceResult(
        table=read.source.table,
        files=(*skipped, *files),
        rows=read.rows,
        added=counts["added"],
        changed=counts["changed"],
        unchanged=counts["unchanged"] + sum(file.rows for file in skipped),
        identical=read.identical + counts["identical"],
        older=read.older + counts["older"],
        rejected=dict(read.reasons),
        examples=tuple(examples),
        columns=tuple(_column(column, max(read.staged, 1)) for column in read.columns),
        notes=(*read.notes, *_older_note(counts["older"])),
        outcome=read.outcome,
    )


def _older_note(count: int) -> list[str]:
    if not count:
        return []
    rows = "1 row tells" if count == 1 else f"{count:,} rows tell"
    return [
        f"{rows} what a newer row or export tells anew: the newest counts. If this file is newer, "
        "give it the name of the one before."
    ]


def _column(column: ColumnRead, rows: int) -> ColumnResult:
    return ColumnResult(
        name=column.name,
        column=column.column or "(row number)",
        canonical=column.kind is not None,
        type=column.kind or column.type,
        missing=1 - column.present / rows,
        unreadable=column.unreadable,
        notes=column.notes,
    )
