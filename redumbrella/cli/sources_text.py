"""Lines that describe sources on the terminal, for `check` and `ingest`."""

from collections.abc import Iterable

from redumbrella.figures import counted, percent
from redumbrella.sources.links import Link
from redumbrella.sources.outcome_counts import outcome_text
from redumbrella.sources.result import ColumnResult, SourceResult

_TYPES = {
    "id": "id",
    "number": "number",
    "time": "time",
    "flag": "yes/no",
    "text": "text",
    "empty": "empty",
}
_SHOWN = 40


def summary(source: SourceResult) -> str:
    """One line about what was read and what it changed."""
    if source.files and all(file.skipped for file in source.files):
        return f"{source.table}: nothing new, {counted(source.unchanged, 'row')} as before."
    parts = [f"{source.added:,} new"]
    parts += [f"{source.changed:,} changed"] if source.changed else []
    parts += [f"{source.unchanged:,} as before"] if source.unchanged else []
    copies = "exact copy" if source.identical == 1 else "exact copies"
    parts += [f"{source.identical:,} {copies}"] if source.identical else []
    parts += [f"{source.older:,} older rows of the same id"] if source.older else []
    rejected = sum(source.rejected.values())
    parts += [f"{rejected:,} set aside"] if rejected else []
    return f"{source.table}: {counted(source.rows, 'row')} read, {', '.join(parts)}."


def rejected_lines(source: SourceResult) -> Iterable[str]:
    """Rows set aside, by reason with examples."""
    for reason, count in source.rejected.items():
        yield f"  set aside, {reason}: {count:,}"
        for example in source.examples:
            if example.reason == reason:
                yield f"    {example.file}, line {example.line}: {example.message}"


def note_lines(source: SourceResult) -> Iterable[str]:
    """Remarks about files, the table and columns."""
    for file in source.files:
        for note in file.notes:
            yield f"  {file.name}: {note}"
    for note in source.notes:
        yield f"  {note}"
    for column in source.columns:
        for note in column.notes:
            yield f'  Column "{column.column}": {note}.'


def link_lines(links: Iterable[Link]) -> Iterable[str]:
    """How the tables meet; what found nothing is a warning."""
    for link in links:
        yield f"Warning: {link.sentence}" if link.is_broken else link.sentence


def outcome_lines(source: SourceResult) -> Iterable[str]:
    """Which values count as won, lost and open, with counts."""
    if source.outcome is not None:
        yield f"  Outcome: {outcome_text(source.outcome)}"


def column_lines(source: SourceResult) -> Iterable[str]:
    """The columns found: what each becomes, its type and how much is missing."""
    canonical = [column for column in source.columns if column.canonical]
    fields = [column for column in source.columns if not column.canonical]
    for column in canonical:
        yield f"  {column.name:<16} from {_described(column)}"
    if fields:
        yield f"  and {counted(len(fields), 'field')}:"
    for column in fields[:_SHOWN]:
        yield f"    {_described(column)}"
    if len(fields) > _SHOWN:
        yield f"    … and {len(fields) - _SHOWN} more (all with --json)"


def _described(column: ColumnResult) -> str:
    missing = f", {percent(column.missing)} missing" if column.missing else ""
    return f"{column.column}: {_TYPES[column.type]}{missing}"
