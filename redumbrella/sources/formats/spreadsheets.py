"""Workbooks of Excel (.xlsx, .xlsb, .xls) and office suites (.ods) as records.

A path comes in, and maybe the name of a sheet; the records of one sheet go out under the names in
its header, wherever that stands. Days are days, times are times, whole numbers have no fraction.
The number of a record is its row in the sheet. The workbook is in memory while it is read, as the
format has it; at most LARGEST bytes are unpacked.
"""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redumbrella.errors import DataError, nearest
from redumbrella.sources.formats.packed import seekable_bytes
from redumbrella.sources.formats.records import Chunk, Records, as_text, same_lines, unique_names
from redumbrella.sources.formats.table_shape import HEADER_WITHIN, find_header, footer_length

if TYPE_CHECKING:
    import pyarrow as pa
    from python_calamine import CalamineWorkbook

Row = list[Any]

LARGEST = 4 << 30  # bytes of a workbook when it is unpacked
_TRIAL = """
import io, sys, python_calamine
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, resource.RLIM_INFINITY))
except (ImportError, ValueError, OSError):
    pass
content = sys.stdin.buffer if sys.stdin.seekable() else io.BytesIO(sys.stdin.buffer.read())
workbook = python_calamine.CalamineWorkbook.from_filelike(content)
for name in workbook.sheet_names:
    workbook.get_sheet_by_name(name)
"""
_BATCH_ROWS = 20_000
_LAST_ROWS = 50
_EXACT = 1e21  # whole numbers up to here are written with all digits
# A day among times is midnight where nearly all have a time of day.
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class _Sheet:
    """A sheet and its table: rows from the header on, without what stands above and below it.

    first: the number of the header's row in the sheet.
    """

    name: str
    rows: list[Row]
    first: int
    above: int
    below: int

    @property
    def cells(self) -> int:
        """How large the table is."""
        return (len(self.rows) - 1) * len(self.rows[0]) if self.rows else 0


def read_workbook(path: Path, sheet: str | None) -> Records:
    """The records of a sheet; of the one with the largest table when none is named.

    Raises DataError when the workbook is damaged, has a password or no such sheet.
    """
    import python_calamine

    with seekable_bytes(path) as file:
        _refuse_huge(path, file)
        _try_apart(path, file)
        with _one_message(path):
            workbook = python_calamine.CalamineWorkbook.from_filelike(file)
            taken, notes = _taken(workbook, path, sheet)
    if not taken.rows:
        return Records((), iter(()), [], ("The file is empty.",), same_lines)
    names, renamed = unique_names([_header_text(cell) for cell in taken.rows[0]])
    return Records(names, _chunks(taken, names), [], (*notes, *renamed), same_lines)


def _try_apart(path: Path, file: Any) -> None:
    """Opens the workbook in a process of its own first, as a damaged one can end the process.

    Raises DataError where that happens.
    """
    # A file on the disk is handed over as it is, an unpacked one as its bytes.
    given = {"input": file.getvalue()} if isinstance(file, io.BytesIO) else {"stdin": file}
    ended = subprocess.run(  # noqa: S603  our own words, and no shell
        [sys.executable, "-c", _TRIAL], capture_output=True, check=False, **given
    )
    file.seek(0)
    if ended.returncode in (0, 1) and b"PanicException" not in ended.stderr:
        return  # what is only an error says more when it is read in earnest
    message = (
        f"{path.name} is not a readable workbook: it is damaged, or has cells so far from its "
        "table that memory does not suffice. Open it and save its table again as .xlsx or CSV."
    )
    raise DataError(message, reason="damaged_file")


@contextmanager
def _one_message(path: Path) -> Iterator[None]:
    """Makes one DataError of what is said of a workbook that is damaged or has a password."""
    import python_calamine

    try:
        yield
    except python_calamine.PasswordError:
        message = f"{path.name} has a password. Save it without one, and run again."
        raise DataError(message, reason="unreadable_file") from None
    except DataError:
        raise
    except BaseException as problem:
        # Where bytes of an old workbook make no sense the library panics: that is no Exception.
        is_panic = type(problem).__name__ == "PanicException"
        if not is_panic and not isinstance(problem, Exception):
            raise
        message = (
            f"{path.name} is not a readable workbook: {problem}. Open it and save it again "
            "as .xlsx, or as CSV (UTF-8)."
        )
        raise DataError(message, reason="damaged_file") from None


def _refuse_huge(path: Path, file: Any) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(one.file_size for one in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        size = 0  # an .xls, or damaged, which shows later
    file.seek(0)
    if size > LARGEST:
        message = (
            f"{path.name} would unpack to {size:,} bytes, more than the {LARGEST:,} that are read. "
            "Save its table as CSV (UTF-8)."
        )
        raise DataError(message, reason="too_large")


def _taken(workbook: CalamineWorkbook, path: Path, wanted: str | None) -> tuple[_Sheet, list[str]]:
    """The sheet to be read, and notes on what is left out."""
    import python_calamine

    shown = {
        one.name: one.visible == python_calamine.SheetVisibleEnum.Visible
        for one in workbook.sheets_metadata
        if one.typ == python_calamine.SheetTypeEnum.WorkSheet
    }
    if wanted is not None:
        wanted = _known(path, wanted, list(shown))
    names = [wanted] if wanted else [name for name in shown if shown[name]] or list(shown)
    taken = _Sheet("", [], 0, 0, 0)
    for name in names:
        found = _sheet(workbook, name)
        if found.cells > taken.cells or not taken.name:
            taken = found
    notes = []
    if len(shown) > 1:
        listed = ", ".join(f"{name} (taken)" if name == taken.name else name for name in shown)
        notes.append(f'Sheets: {listed}. Another one is read with sheet = "…" under [tables.…].')
    for count, where in ((taken.above, "above the line of names"), (taken.below, "at the end")):
        if count:
            rows = "1 row" if count == 1 else f"{count:,} rows"
            notes.append(f'{rows} {where} of sheet "{taken.name}" left out: no part of the table.')
    return taken, notes


def _known(path: Path, wanted: str, names: list[str]) -> str:
    """The sheet of that name, capitals and blanks around it aside."""
    for name in names:
        if name.strip().casefold() == wanted.strip().casefold():
            return name
    message = (
        f'{path.name} has no sheet "{wanted}".{nearest(wanted, names)} It has: {", ".join(names)}. '
        "Write one of these names behind sheet = under [tables.…] in umbrella.toml, or remove that "
        "line: then the sheet with the most cells is read."
    )
    raise DataError(message, reason="missing_sheet")


def _sheet(workbook: CalamineWorkbook, name: str) -> _Sheet:
    """A sheet and the table in it."""
    found = workbook.get_sheet_by_name(name)
    if found.start is None and not found.height:
        return _Sheet(name, [], 0, 0, 0)
    rows = found.to_python(skip_empty_area=False)
    beginning = [[_header_text(cell) for cell in row] for row in rows[:HEADER_WITHIN]]
    header = find_header(beginning) or 0
    last = [[_header_text(cell) for cell in row] for row in rows[header + 1 :][-_LAST_ROWS:]]
    below = footer_length(last, beginning[header] if beginning else [])
    table = rows[header : len(rows) - below]
    return _Sheet(
        name=name,
        rows=_without_empty_columns(table),
        first=header + 1,
        above=sum(any(cell != "" for cell in row) for row in rows[:header]),
        below=sum(any(cell != "" for cell in row) for row in rows[len(rows) - below :]),
    )


def _without_empty_columns(table: list[Row]) -> list[Row]:
    """The table without columns that have neither a name nor a value, such as a margin."""
    width = len(table[0]) if table else 0
    kept = [
        column
        for column in range(width)
        if table[0][column] != "" or any(row[column] != "" for row in table)
    ]
    if len(kept) == width or not kept:
        return table if kept else []
    return [[row[column] for column in kept] for row in table]


def _header_text(cell: Any) -> str:
    return _text(cell) or ""


def _text(cell: Any) -> str | None:
    """A cell as the text that an export holds; empty ones are none."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _EXACT:
        return str(int(cell))
    if isinstance(cell, timedelta):
        return as_text(cell.total_seconds())
    return None if cell == "" else as_text(cell)


def _chunks(sheet: _Sheet, names: Sequence[str]) -> Iterator[Chunk]:
    import numpy as np
    import pyarrow as pa

    body = sheet.rows[1:]
    kinds = [_kind(row[position] for row in body) for position in range(len(names))]
    for begin in range(0, len(body), _BATCH_ROWS):
        rows = body[begin : begin + _BATCH_ROWS]
        arrays = [
            _array([row[position] for row in rows], kind) for position, kind in enumerate(kinds)
        ]
        first = sheet.first + 1 + begin
        numbers = np.arange(first, first + len(rows), dtype=np.int64)
        yield Chunk(pa.table(arrays, names=list(names)), numbers)


def _kind(cells: Iterator[Any]) -> str:
    """Whether all cells are days ("date"), times ("time"), or something else ("text")."""
    counts: Counter[type] = Counter(type(cell) for cell in cells if cell != "")
    days, times = counts.pop(date, 0), counts.pop(datetime, 0)
    if counts or not days + times:
        return "text"
    if not times:
        return "date"
    return "time" if times >= _NEARLY_ALL * (days + times) else "text"


def _array(cells: list[Any], kind: str) -> pa.Array:
    import pyarrow as pa

    if kind == "date":
        return pa.array([cell or None for cell in cells], pa.date32())
    if kind == "time":
        return pa.array([_moment(cell) for cell in cells], pa.timestamp("us"))
    return pa.array([_text(cell) for cell in cells], pa.string())


def _moment(cell: Any) -> datetime | None:
    if cell == "":
        return None
    return cell if isinstance(cell, datetime) else datetime.combine(cell, time())
