"""Files that appear complete or not at all, and that no spreadsheet runs."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import RowMapping

from redumbrella.errors import SettingsError

Format = Literal["csv", "parquet", "jsonl"]


FORMATS: tuple[Format, ...] = ("csv", "parquet", "jsonl")


_FORMULA = re.compile(r"[=+\-@\t\r]")


_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


@dataclass(frozen=True)
class ExportResult:
    """What was written and where."""

    path: Path
    format: Format
    rows: int


def safe_cell(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    if _FORMULA.match(text) and not _PLAIN_NUMBER.fullmatch(text):
        return "'" + text
    return text


class Counted:
    """Rows that count themselves while they are read once."""

    def __init__(self, rows: Iterable[RowMapping]) -> None:
        self._rows = rows
        self.rows = 0

    def __iter__(self) -> Iterator[RowMapping]:
        for row in self._rows:
            self.rows += 1
            yield row


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Writes to a temporary name beside the file and renames it at the end.

    Raises SettingsError when the place cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        temporary.replace(path)
    except OSError as problem:
        message = f"{path} could not be written: {problem.strerror}. Name another place with -o."
        raise SettingsError(message, reason="not_writable") from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
