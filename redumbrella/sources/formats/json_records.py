"""JSON as records: lines, an array, or an object around an array, packed or not.

A path comes in; records of text go out in batches. Objects inside objects become columns such as
company.size; a list of {key, value} becomes one column per key; the extended JSON of MongoDB and
the typed values of Google's exports are read as the values they stand for. Memory does not grow
with the file. A line or an element that is no object is set aside.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import orjson

from redumbrella.errors import DataError
from redumbrella.sources.formats.json_walk import TOP, BrokenJsonError, Place, walk_list, walk_lists
from redumbrella.sources.formats.packed import open_bytes, unpacking
from redumbrella.sources.formats.records import (
    SHOWN,
    BadLine,
    Chunk,
    Records,
    as_text,
    same_lines,
    unique_names,
)
from redumbrella.sources.formats.text_facts import text_facts

Flat = dict[str, Any]  # of simple values, which become text at the end
Batch = tuple[list[int], list[Flat]]

_BATCH_ROWS = 50_000
_BATCH_CELLS = 2_000_000
_MOST_COLUMNS = 5_000
_DEEPEST = 12  # objects inside objects that become columns; what is deeper stays text
_LONG_NUMBER = re.compile(r"\d{19}")  # more digits than orjson keeps
_STARTS = re.compile(rb"\s*(\{\s*[\"}]|\[\s*[\[{\"\]])")
_KEYS = ("key", "name", "field", "property")
# Objects that stand for one value: of MongoDB, of BigQuery (GA4), of Firestore.
_TYPED = {
    *("$oid", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal", "$date", "$uuid"),
    *("$symbol", "string_value", "int_value", "float_value", "double_value", "bool_value"),
    *("stringValue", "integerValue", "doubleValue", "booleanValue", "timestampValue"),
    *("nullValue", "set_timestamp_micros"),
}
_SIMPLE = {str, int, float, bool, type(None)}
_NO_VALUE = {"set_timestamp_micros", "nullValue"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Form:
    """A JSON file: its encoding, and where its records stand; None for one on each line."""

    path: Path
    encoding: str
    place: Place | None


def looks_like_json(first: bytes) -> bool:
    """Whether the first bytes of a text begin an object or an array of JSON."""
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        first = first.removeprefix(mark)
    return _STARTS.match(first.replace(b"\0", b"")) is not None


def read_json(path: Path) -> Records:
    """The records of a JSON file. Raises DataError when it is no text, or an array breaks off."""
    form = _form(path, text_facts(path).encoding)
    found: list[BadLine] = []
    columns = _columns(form, found)
    names, notes = unique_names(columns)
    bad: list[BadLine] = []

    def chunks() -> Iterator[Chunk]:
        for numbers, records in _batches(form, bad):
            yield _text_chunk(columns, names, numbers, records)

    def lines(records: Sequence[int]) -> dict[int, int]:
        return same_lines(records) if form.place is None else _lines(form, records)

    if form.place and form.place != TOP:
        notes.insert(0, f'The records are the list "{".".join(form.place)}" of the file.')
    if not columns and not found:
        notes.append("The file is empty.")
    return Records(names, chunks(), bad, notes, lines)


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[TextIO]:
    with (
        unpacking(path),
        open_bytes(path) as raw,
        io.TextIOWrapper(raw, encoding, errors="replace") as text,
    ):
        try:
            yield text
        except BrokenJsonError as problem:
            message = (
                f"{path.name}, line {problem.line}: this is no JSON: {problem.said}. "
                "Export it again, or write one object on each line."
            )
            raise DataError(message, reason="bad_json") from None


def _form(path: Path, encoding: str) -> _Form:
    """Where the records stand: of several lists of objects, in the longest."""
    with _text(path, encoding) as text:
        start = text.read(1 << 16).removeprefix("\ufeff").strip()
    if start.startswith("["):
        return _Form(path, encoding, ())
    whole = [line for line in start.splitlines() if line.startswith("{")]
    is_lines = sum(_parsed(line) is not None for line in whole) > len(whole) / 2
    if not start.startswith("{") or (is_lines and "\n" in start):
        return _Form(path, encoding, None)
    counts: Counter[Place] = Counter()
    with _text(path, encoding) as text:
        for one in walk_lists(text):
            if one.place == TOP:
                return _Form(path, encoding, TOP)
            counts[one.place] += isinstance(one.value, dict | list)
    place, most = max(counts.items(), key=lambda item: item[1], default=(TOP, 0))
    return _Form(path, encoding, place if most else TOP)


def _columns(form: _Form, bad: list[BadLine]) -> list[str]:
    """The names that occur anywhere in the file, in order of first appearance."""
    columns: dict[str, None] = {}
    for _, records in _batches(form, bad):
        for names in {tuple(record): None for record in records}:
            columns.update(dict.fromkeys(names))
        if len(columns) > _MOST_COLUMNS:
            message = (
                f"{form.path.name} has more than {_MOST_COLUMNS:,} different names in its objects. "
                "Expected one object for each lead (or event, …), all with the same names."
            )
            raise DataError(message, reason="too_many_columns")
    return list(columns)


def _batches(form: _Form, bad: list[BadLine]) -> Iterator[Batch]:
    numbers: list[int] = []
    records: list[Flat] = []
    cells = 0
    for number, record in _line_records(form, bad) if form.place is None else _elements(form, bad):
        numbers.append(number)
        records.append(record)
        cells += len(record)
        if len(records) == _BATCH_ROWS or cells > _BATCH_CELLS:
            yield numbers, records
            numbers, records, cells = [], [], 0
    if records:
        yield numbers, records


def _line_records(form: _Form, bad: list[BadLine]) -> Iterator[tuple[int, Flat]]:
    with _text(form.path, form.encoding) as text:
        for number, line in enumerate(text, start=1):
            content = line.strip(" \t\r\n\ufeff\x1e\0")
            if not content:
                continue
            parsed = _parsed(content)
            if parsed is None:
                bad.append(_no_object(number, "on this line", content))
            else:
                yield number, _record(parsed)


def _elements(form: _Form, bad: list[BadLine]) -> Iterator[tuple[int, Flat]]:
    """Records of a list, by their position; rows that are lists have their names in the first."""
    assert form.place is not None
    header: list[str] | None = None
    with _text(form.path, form.encoding) as text:
        for number, one in enumerate(walk_list(text, form.place), start=1):
            value = one.value
            if isinstance(value, list) and header is None and number == 1:
                header = [str(name) for name in value]
                continue
            if isinstance(value, list) and header is not None and len(value) <= len(header):
                value = dict(zip(header, value, strict=False))
            if isinstance(value, dict):
                yield number, _record(value)
            else:
                bad.append(_no_object(number, "in this place of the list", value))


def _lines(form: _Form, records: Sequence[int]) -> dict[int, int]:
    """The lines on which elements of a list begin."""
    wanted, lines = set(records), {}
    assert form.place is not None
    if wanted:
        with _text(form.path, form.encoding) as text:
            for number, one in enumerate(walk_list(text, form.place), start=1):
                if number in wanted:
                    lines[number] = one.line
    return lines


def _no_object(number: int, where: str, value: object) -> BadLine:
    raw = value if isinstance(value, str) else json.dumps(value)
    return BadLine(number, "bad_json", f"no JSON object {where}", raw[:SHOWN])


def _parsed(content: str) -> dict[str, Any] | None:
    """The object that a text is, if it is one."""
    try:
        parsed = json.loads(content) if _LONG_NUMBER.search(content) else orjson.loads(content)
    except (ValueError, RecursionError):
        # What orjson refuses and others write: NaN, halves of pairs of surrogates.
        try:
            parsed = json.loads(content)
        except (ValueError, RecursionError):
            return None
    return parsed if isinstance(parsed, dict) else None


def _record(parsed: dict[str, Any]) -> Flat:
    flat: Flat = {}
    _flatten("", parsed, flat, 1)
    return flat


def _flatten(prefix: str, value: dict[str, Any], flat: Flat, depth: int) -> None:
    for key, inner in value.items():
        kind = type(inner)
        if kind in _SIMPLE:
            flat[prefix + key] = inner
            continue
        one = inner
        if kind is list and one and type(one[0]) is dict:
            one = _keyed(one)
        if type(one) is dict:
            one = _typed(one)
        if type(one) is dict and depth < _DEEPEST:
            _flatten(f"{prefix}{key}.", one, flat, depth + 1)
        else:
            flat[prefix + key] = one if type(one) in _SIMPLE else as_text(one)


def _keyed(value: list[Any]) -> Any:
    """A list of {key, value} as an object, unless a key comes twice; any other list as it is."""
    found = {}
    for one in value:
        if not isinstance(one, dict) or len(one) > 3 or "value" not in one:
            return value
        name = next((one[key] for key in _KEYS if isinstance(one.get(key), str)), None)
        if not name or name in found:
            return value
        found[name] = one["value"]
    return found


def _typed(value: dict[str, Any]) -> Any:
    """The value that an object with a type stands for; any other object as it is."""
    if next(iter(value), None) not in _TYPED or not value.keys() <= _TYPED:
        return value
    for kind, inner in value.items():
        if inner is not None and kind not in _NO_VALUE:
            return _instant(inner) if kind == "$date" else inner
    return None


def _instant(value: Any) -> Any:
    """The $date of MongoDB: text, or milliseconds as a number of either kind."""
    if isinstance(value, dict):
        value = value.get("$numberLong")
    try:
        milliseconds = int(value)
        return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat()
    except (TypeError, ValueError, OverflowError):
        return value


def _text_chunk(
    columns: Sequence[str], names: Sequence[str], numbers: Sequence[int], records: Sequence[Flat]
) -> Chunk:
    import numpy as np
    import pyarrow as pa

    arrays = []
    for column in columns:
        values = [record.get(column) for record in records]
        texts = [one if type(one) is str or one is None else as_text(one) for one in values]
        try:
            arrays.append(pa.array(texts, pa.string()))
        except UnicodeEncodeError:  # half a pair of surrogates is no character
            clean = [text and text.encode("utf-8", "replace").decode() for text in texts]
            arrays.append(pa.array(clean, pa.string()))
    return Chunk(pa.table(arrays, names=list(names)), np.array(numbers, dtype=np.int64))
