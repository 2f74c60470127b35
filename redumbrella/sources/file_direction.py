# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Whether the newest rows of a file stand last or first: many exports list the newest first.

Typed rows come in; one `Direction` for each of their files goes out, with what told it: leads that
are decided in one row and open in another, the times of all rows, or numbers in their ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from redumbrella.lake.quoting import quoted
from redumbrella.sources.staging import BAD, FILE, ROW
from redumbrella.sources.validation import TypedRows

# The order of rows and of times go together when their rank correlation is so large, and so many
# of its standard errors from zero.
_TOGETHER, _ERRORS = 0.5, 2.5
# Leads that are open in one row and decided in another: so many, and nearly all in one order.
_FEWEST, _AGREE = 5, 0.9
_TIMES = ("updated_at", "created_at", "closed_at", "known_at")


@dataclass(frozen=True)
class Direction:
    """The newest rows of a file stand last, or first; `evidence` is empty where nothing tells."""

    newest_last: bool
    evidence: str


def file_directions(rows: TypedRows, repeated: str) -> dict[int, Direction]:
    """For each file that has good rows which way its rows run in time.

    repeated: the table of the rows whose record has several of them.
    """
    found: dict[int, Direction] = {}
    for evidence in (_from_outcomes(rows, repeated), _from_times(rows), _from_numbers(rows)):
        for file, direction in evidence:
            found.setdefault(file, direction)
    files = rows.staging.connection.execute(f"SELECT DISTINCT {FILE} FROM {rows.name}").fetchall()
    return {file: found.get(file, Direction(True, "")) for (file,) in files}


def _from_outcomes(rows: TypedRows, repeated: str) -> Iterator[tuple[int, Direction]]:
    """A lead is open first and decided later."""
    if rows.table.column("won") is None:
        return
    keys = ", ".join(quoted(name) for name in rows.table.key)
    counted = rows.staging.connection.execute(
        f"SELECT {FILE}, count(*) FILTER (opened < decided), count(*) FILTER (opened > decided) "
        f"FROM (SELECT {FILE}, avg({ROW}) FILTER (won IS NULL) AS opened, "
        f"avg({ROW}) FILTER (won IS NOT NULL) AS decided FROM {repeated} GROUP BY {FILE}, {keys}) "
        f"GROUP BY {FILE}"
    ).fetchall()
    for file, rising, falling in counted:
        if max(rising, falling) >= max(_FEWEST, _AGREE * (rising + falling)):
            yield file, Direction(rising > falling, "leads are open first and decided later")


def _from_times(rows: TypedRows) -> Iterator[tuple[int, Direction]]:
    present = {one.name for one in rows.read if one.kind == "time" and one.present}
    for name in _TIMES:
        if name in present:
            yield from _running(rows, name, f"{name} runs through the file")


def _from_numbers(rows: TypedRows) -> Iterator[tuple[int, Direction]]:
    key = quoted(rows.table.key[0])
    number = f"TRY_CAST(regexp_extract({key}, '\\d+$') AS BIGINT)"
    yield from _running(rows, number, "the numbers in the ids run through the file")


def _running(rows: TypedRows, value: str, evidence: str) -> Iterator[tuple[int, Direction]]:
    """Files through which a value clearly rises or falls."""
    found = rows.staging.connection.execute(
        f"SELECT {FILE}, count(*), corr({ROW}, place) FROM (SELECT {FILE}, {ROW}, "
        f"rank() OVER (PARTITION BY {FILE} ORDER BY {value}) AS place FROM {rows.name} "
        f"WHERE {BAD} IS NULL AND {value} IS NOT NULL) GROUP BY {FILE}"
    ).fetchall()
    for file, count, together in found:
        # A value that never changes has no correlation (NaN).
        if together is None or not abs(together) >= max(_TOGETHER, _ERRORS / sqrt(count)):
            continue
        yield file, Direction(together > 0, evidence)
