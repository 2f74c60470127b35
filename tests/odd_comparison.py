"""An odd table, read by the product, against its truth: every difference has to be said.

A table comes in; what differs goes out, each with its kind and whether the product said it: by a
question or note of `init`, a note, an error, or rows set aside, that names the column.
"""

import math
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from redumbrella.errors import UmbrellaError
from redumbrella.settings.settings import load_settings
from redumbrella.sources.guessing.guess import guess_files
from redumbrella.sources.guessing.questions import questions
from redumbrella.sources.guessing.template import settings_text
from redumbrella.sources.result import SourceResult
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import open_workspace
from tests.independent_reader import AMBIGUOUS, READERS, read_times
from tests.odd_files import Column
from tests.odd_tables import NAMES, OddTable

KEYS = {"leads": "lead_id", "purchases": "purchase_id"}
# Such a note explains that cells are empty, not that they have another value.
_ABOUT_EMPTY = re.compile(r"\bempty\b|\bmissing\b", re.IGNORECASE)

_ABOUT_ROWS = re.compile(r"^(?!Older rows).*(?:\brows? |\blines? |set aside)", re.IGNORECASE)


@dataclass(frozen=True)
class Difference:
    """One kind of difference in one column: how many cells, an example, and what was said."""

    kind: str
    column: str
    cells: int
    example: str
    said: tuple[str, ...]

    @property
    def is_silent(self) -> bool:
        """Whether nothing was said about it."""
        return not self.said


@dataclass
class Reading:
    """What the product said and read: rows of the lake by canonical name or header."""

    said: list[tuple[str, str]]
    rows: list[dict[str, Any]]
    error: str = ""


def differences(
    table: OddTable, folder: Path, *, by_init: bool, prepared: Path | None = None
) -> list[Difference]:
    """Reads a table with the settings that `init` proposes, or with the right ones.

    Where `init` asks or proposes other columns, this is a difference and the right settings are
    taken, as its user would correct them. prepared: a folder with the state database of a new
    workspace, so that it need not be made for each table.
    """
    paths = table.write(folder)
    if prepared is not None:
        shutil.copy(prepared / "state.db", folder / "state.db")
    found: list[Difference] = []
    settings, said = _right_settings(table, paths), []
    if by_init:
        try:
            proposed, said, found = _proposed(table, paths, folder)
        except UmbrellaError as problem:
            return [Difference("init refuses", "", 1, problem.message, (problem.message,))]
        settings = proposed if not found else settings
    (folder / "umbrella.toml").write_text(settings, encoding="utf-8")
    reading = _read(table, folder, said)
    if reading.error:
        return [*found, *_refusal(table, reading.error)]
    return [*found, *_compared(table, reading)]


def _refusal(table: OddTable, message: str) -> list[Difference]:
    """An error is right where the rules ask for one, and a difference that was said elsewhere."""
    if "several currencies" in message and table.choices["currency"] == "several":
        return []
    undecided = [column for column in table.columns if AMBIGUOUS in _second_reading(table, column)]
    if any(f'"{column.header}"' in message for column in undecided):
        return []
    return [Difference("refused", "", 1, message, (message,))]


def _right_settings(table: OddTable, paths: Sequence[str]) -> str:
    lines = [
        "[workspace]",
        'name = "odd"',
        f'timezone = "{table.zone.key}"',
        f"[tables.{table.table}]",
        f"path = {list(paths)}",
        f"[tables.{table.table}.columns]",
    ]
    for column in table.columns:
        if column.name == "won":
            lines.append(
                f'won = {{ column = "{column.header}", won = {list(table.won)}, '
                f"lost = {list(table.lost)} }}"
            )
        elif column.name:
            lines.append(f"{column.name} = {_origin(table, column.name, column.header)}")
    return "\n".join(lines).replace("'", '"') + "\n"


def _origin(table: OddTable, name: str, header: str) -> str:
    names = NAMES[table.choices["names"]]
    parts = [f'column = "{header}"']
    if name == "amount" and table.table == "purchases":
        for option, other in (("times", "quantity"), ("less", "refund"), ("currency", "currency")):
            if any(column.header == names[other] for column in table.columns):
                parts.append(f'{option} = "{names[other]}"')
    return f"{{ {', '.join(parts)} }}"


def _proposed(
    table: OddTable, paths: Sequence[str], folder: Path
) -> tuple[str, list[tuple[str, str]], list[Difference]]:
    guesses = guess_files(list(paths), folder)
    text = settings_text("odd", folder, guesses)
    text = re.sub('(?m)^timezone = "[^"]*"', f'timezone = "{table.zone.key}"', text)
    asked = questions(guesses)
    said = [("", note) for guess in guesses for note in guess.notes]
    said += [("", question) for question in asked]
    found = []
    if [guess.table for guess in guesses] != [table.table]:
        tables = ", ".join(guess.table for guess in guesses)
        found.append(Difference("init: other table", "", 1, tables, tuple(asked)))
        return text, said, found
    mapped = {choice.name: choice for choice in guesses[0].choices}
    for column in table.columns:
        if not column.name:
            continue
        choice = mapped.get(column.name)
        origin = choice.origin.column if choice and choice.origin else None
        if origin != column.header:
            asks = tuple(one for one in asked if column.header in one or column.name in one)
            what = "init: asks" if asks else "init: other column"
            found.append(Difference(what, column.name, 1, f"{origin} for {column.header}", asks))
        elif column.name == "won" and choice and choice.origin:
            lists = (choice.origin.won, choice.origin.lost)
            if any(lists) and lists != (table.won, table.lost):
                example = f"{lists} for {(table.won, table.lost)}"
                found.append(Difference("init: other outcome", "won", 1, example, ()))
    return text, said, found


def _read(table: OddTable, folder: Path, said: list[tuple[str, str]]) -> Reading:
    try:
        load_settings(folder)
        workspace = open_workspace(folder)
    except UmbrellaError as problem:
        return Reading([], [], problem.message)
    try:
        result = ingest(workspace).sources[0]
        rows = workspace.lake.current(table.table).to_pylist()
    except UmbrellaError as problem:
        return Reading([], [], problem.message)
    finally:
        workspace.state.close()
    return Reading([*said, *_remarks(result)], rows)


def _remarks(result: SourceResult) -> Iterator[tuple[str, str]]:
    """What was said, with the column it was said of (empty: of the whole)."""
    for column in result.columns:
        for note in column.notes:
            yield column.column, f'Column "{column.column}": {note}'
    for file in result.files:
        yield from (("", note) for note in file.notes)
    yield from (("", note) for note in result.notes)
    for example in result.examples:
        yield "", f"set aside, {example.reason}: {example.message}"


def _compared(table: OddTable, reading: Reading) -> list[Difference]:
    key = KEYS[table.table]
    read: dict[str, dict[str, Any]] = {}
    for row in reading.rows:
        read[_key(table, row[key])] = row
    found = []
    general = tuple(note for _, note in reading.said if _ABOUT_ROWS.search(note))
    extra = sorted(set(read) - set(table.records))
    lost = sorted(set(table.records) - set(read))
    if extra:
        found.append(Difference("rows too many", key, len(extra), repr(extra[0]), general))
    if len(reading.rows) != len(read):
        more = len(reading.rows) - len(read)
        found.append(Difference("rows twice", key, more, "", general))
    if lost:
        found.append(Difference("rows lost", key, len(lost), repr(lost[0]), general))
    both = [one for one in table.records if one in read]
    names = list(next(iter(table.records.values())))
    for name in names:
        truth = [table.records[one][name] for one in both]
        if both and name not in read[both[0]]:
            found.append(
                Difference("column gone", name, len(both), "", _about(table, reading, name))
            )
            continue
        here = [read[one][name] for one in both]
        found += _column_differences(table, reading, name, both, truth, here)
    return found


def _key(table: OddTable, text: str) -> str:
    """The id of a record: an order's as it stands, a lead's without its spelling."""
    return text if table.table == "purchases" else _plain(text)


def _plain(text: str) -> str:
    text = text.strip().removeprefix("=").strip('"').removeprefix("'")
    text = text.lower() if "@" in text else text
    return re.sub(r"^(\d+)\.0$", r"\1", text)


def _about(table: OddTable, reading: Reading, name: str) -> tuple[str, ...]:
    header = table.column(name).header
    # "Besides empty cells, these count as missing" lists its columns in brackets.
    named = re.compile(rf'"{re.escape(header)}"|\(\d+ in [^)]*\b{re.escape(header)}\b')
    return tuple(note for column, note in reading.said if column == header or named.search(note))


def _column_differences(
    table: OddTable,
    reading: Reading,
    name: str,
    keys: Sequence[str],
    truth: Sequence[Any],
    here: Sequence[Any],
) -> list[Difference]:
    column = table.column(name)
    notes = _about(table, reading, name)
    if column.kind == "id":
        pairs = {(_plain(str(one)), right) for one, right in zip(here, truth, strict=True)}
        firsts, seconds = {a for a, _ in pairs}, {b for _, b in pairs}
        if len(pairs) == len(firsts) == len(seconds):
            return []
        return [Difference("ids differ", name, len(pairs), repr(sorted(pairs)[:2]), notes)]
    wrong: dict[str, list[str]] = {}
    for key, right, one in zip(keys, truth, here, strict=True):
        kind = _kind(column.kind, right, one)
        if kind:
            wrong.setdefault(kind, []).append(f"{key}: {one!r} for {right!r}")
    if column.kind == "number" and wrong and _is_scaled(truth, here):
        return []
    if column.kind == "flag" and wrong and _is_renamed(truth, here):
        return []
    unsure = AMBIGUOUS in _second_reading(table, column)
    found = []
    for kind, examples in wrong.items():
        said = notes
        if kind != "nothing for a value":
            said = tuple(note for note in notes if not _ABOUT_EMPTY.search(note))
        if column.kind == "time" and kind == "other value":
            said = tuple(note for note in said if " first" in note)
        what = f"{column.kind}: {kind}" + (", undecidable" if unsure else "")
        found.append(Difference(what, name, len(examples), examples[0], said))
    return found


def _kind(kind: str, right: Any, one: Any) -> str:
    if right is None or one is None:
        if right is one:
            return ""
        return "a value for nothing" if right is None else "nothing for a value"
    if kind == "number":
        if isinstance(one, str):
            return "left as text"
        return "" if math.isclose(float(one), right, rel_tol=1e-9, abs_tol=1e-6) else "other value"
    if kind == "time" and not isinstance(one, datetime):
        return "left as text"
    return "" if one == right else "other value"


def _is_scaled(truth: Sequence[Any], here: Sequence[Any]) -> bool:
    """Whether a column of per cent is read as shares: the rules leave that open."""
    return all(
        (a is None) == (b is None)
        and (a is None or (not isinstance(b, str) and math.isclose(a / 100, b, abs_tol=1e-9)))
        for a, b in zip(truth, here, strict=True)
    )


def _is_renamed(truth: Sequence[Any], here: Sequence[Any]) -> bool:
    """Whether yes and no stayed two words: nothing is lost so."""
    pairs = set(zip(truth, here, strict=True))
    return len(pairs) == len({b for _, b in pairs}) and None not in {b for _, b in pairs}


def _second_reading(table: OddTable, column: Column) -> Sequence[Any]:
    """What the independent reader says of a column, refused if it is not the truth."""
    if column.kind == "time":
        read: Sequence[Any] = read_times(column.cells, table.zone)
    elif column.kind in READERS:
        read = READERS[column.kind](column.cells)
    else:
        return ()
    for cell, one, right in zip(column.cells, read, column.truth, strict=True):
        if one is not AMBIGUOUS and one != right:
            message = f"the two truths differ: {cell!r} of {column.header} is {one!r} or {right!r}"
            raise AssertionError(message)
    return read


def prepare(folder: Path) -> Path:
    """Makes a new workspace's state database in a folder, for `differences`; the folder."""
    (folder / "umbrella.toml").write_text('[workspace]\nname = "odd"\n', encoding="utf-8")
    workspace = open_workspace(folder)
    with suppress(UmbrellaError):
        ingest(workspace)
    workspace.state.close()
    return folder


def counts(found: Mapping[int, Sequence[Difference]]) -> dict[str, tuple[int, int]]:
    """For each kind of difference the number of tables where it was silent, and where said."""
    silent: dict[str, set[int]] = {}
    told: dict[str, set[int]] = {}
    for number, many in found.items():
        for one in many:
            (silent if one.is_silent else told).setdefault(one.kind, set()).add(number)
    return {
        kind: (len(silent.get(kind, ())), len(told.get(kind, ())))
        for kind in sorted({*silent, *told})
    }
