"""Files of the tests opened as the product opens them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redumbrella.sources.formats.files import find_files, read_file


@dataclass(frozen=True)
class Opened:
    """All of a file: its columns, its rows with their numbers, what was said and set aside."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    numbers: list[int]
    notes: list[str]
    bad: list[tuple[int, str]]
    types: dict[str, str]


def opened(path: Path, *, delimiter: str | None = None, sheet: str | None = None) -> Opened:
    """Reads all of a file."""
    files, problems = find_files([path.name], path.parent)
    assert problems == []
    records = read_file(files[0], delimiter, sheet)
    chunks = list(records.chunks)
    rows = [row for chunk in chunks for row in chunk.rows.to_pylist()]
    numbers = [int(number) for chunk in chunks for number in chunk.numbers]
    types = {field.name: str(field.type) for chunk in chunks for field in chunk.rows.schema}
    lines = records.lines([line.line for line in records.bad])
    bad = [(lines.get(line.line, line.line), line.reason) for line in records.bad]
    return Opened(records.columns, rows, numbers, list(records.notes), bad, types)
