"""Scores as files: matching leads come in, CSV, Parquet or JSON lines go out.

Promise: a file appears complete or not at all, and text cells of a CSV are never run as formulas
by a spreadsheet. Rows are written in batches, so that memory stays small however many there are.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import RowMapping

from redumbrella.clock import to_datetime, to_iso
from redumbrella.destinations.files import Counted, ExportResult, Format, safe_cell, write_whole
from redumbrella.errors import NotFoundError
from redumbrella.views.leads import (
    LeadQuery,
    every_lead,
    nothing_scored,
    read_reasons,
    reasons_of,
)
from redumbrella.views.models import checked_target
from redumbrella.workspace import Workspace

# The first sixteen are a contract with the outside, in this order.
COLUMNS = (
    "lead_id",
    "person_id",
    "product_id",
    "target",
    "as_of",
    "probability",
    "low",
    "high",
    "percentile",
    "grade",
    "amount",
    "ltv",
    "expected_value",
    "regime",
    "model_version",
    "reasons",
    "reliable",
    "label",
    "created_at",
    "source",
    "campaign_id",
    "rep_id",
    "ltv_low",
    "ltv_high",
    "qualification",
)
_NUMBERS = frozenset(
    {"probability", "low", "high", "percentile", "amount", "ltv", "expected_value"}
    | {"ltv_low", "ltv_high", "qualification"}
)
_TIMES = frozenset({"as_of", "created_at"})
_BATCH_ROWS = 5_000

Record = dict[str, Any]
Row = RowMapping | Record


def export_scores(
    workspace: Workspace,
    query: LeadQuery,
    form: Format = "csv",
    path: Path | None = None,
) -> ExportResult:
    """Writes all matching scores to `path`, by default into the folder exports/.

    Raises NotFoundError when nothing is scored yet, SettingsError when the file cannot be written.
    """
    target = checked_target(workspace, query.target)
    rows = every_lead(workspace, query)
    first = next(rows, None)
    if first is None:
        if query.filtered:
            message = "No lead matches. Ask for less, or run `umbrella run` first."
            raise NotFoundError(message, reason="no_scores")
        raise nothing_scored(workspace, target)
    place = path or _default_path(workspace, target, first["as_of"], form)
    counted = Counted(_from_first(first, rows))
    write_whole(place, lambda temporary: _WRITERS[form](temporary, counted))
    return ExportResult(place, form, counted.rows)


def csv_lines(rows: Iterable[RowMapping]) -> Iterator[str]:
    """Scores as CSV text: a header, then one line per score."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        full = _with_interval(row)
        writer.writerow([_cell(full, name) for name in COLUMNS])
        if buffer.tell() > 65_536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def json_array(rows: Iterable[RowMapping]) -> Iterator[bytes]:
    """Scores as one JSON array of records, piece by piece."""
    start = b"["
    for row in rows:
        yield start + orjson.dumps(record(row))
        start = b",\n"
    yield b"]\n" if start != b"[" else b"[]\n"


def record(row: RowMapping) -> Record:
    """One score as a JSON record: instants as ISO 8601, reasons as a list, strongest first."""
    full = _with_interval(row)
    found: Record = {name: full[name] for name in COLUMNS}
    for name in _TIMES:
        found[name] = None if row[name] is None else to_iso(row[name])
    document = read_reasons(row["reasons"])
    both = reasons_of(document, "raises") + reasons_of(document, "lowers")
    found["reasons"] = [
        {
            "feature": reason.feature,
            "text": reason.text,
            "value": reason.value,
            "usual": reason.usual,
            "contribution": reason.contribution,
        }
        for reason in sorted(both, key=lambda reason: -abs(reason.contribution))
    ]
    return found


def _with_interval(row: Row) -> Record:
    """The row with the interval of the lifetime value, which stands in its details."""
    ltv = orjson.loads(row["details"]).get("ltv") or {}
    return {**row, "ltv_low": ltv.get("low"), "ltv_high": ltv.get("high")}


def readable_reasons(row: Row) -> str:
    """'raises: a; b | lowers: c' for one cell."""
    document = read_reasons(row["reasons"])
    parts = [
        f"{direction}: " + "; ".join(reason.text for reason in reasons)
        for direction in ("raises", "lowers")
        if (reasons := reasons_of(document, direction))
    ]
    return " | ".join(parts)


def _cell(row: Row, name: str) -> Any:
    value = row[name]
    if name == "reasons":
        return safe_cell(readable_reasons(row))
    if value is None:
        return ""
    if name in _TIMES:
        return to_iso(value)
    if name == "reliable":
        return "true" if value else "false"
    return value if name in _NUMBERS else safe_cell(str(value))


def _from_first(first: RowMapping, rest: Iterator[RowMapping]) -> Iterator[RowMapping]:
    yield first
    yield from rest


def _default_path(workspace: Workspace, target: str, as_of: int, form: Format) -> Path:
    name = re.sub(r"[^\w-]+", "_", target)
    folder = workspace.root / "exports"
    return folder / f"scores-{name}-{to_datetime(as_of):%Y-%m-%d}.{form}"


def _write_csv(path: Path, rows: Iterable[RowMapping]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(csv_lines(rows))


def _write_jsonl(path: Path, rows: Iterable[RowMapping]) -> None:
    with path.open("wb") as file:
        file.writelines(orjson.dumps(record(row)) + b"\n" for row in rows)


def _write_parquet(path: Path, rows: Iterable[RowMapping]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _arrow_schema()
    with pq.ParquetWriter(path, schema) as writer:
        batch: list[Record] = []
        for row in rows:
            batch.append({**record(row), **{name: _instant(row[name]) for name in _TIMES}})
            if len(batch) == _BATCH_ROWS:
                writer.write_table(pa.Table.from_pylist(batch, schema=schema))
                batch = []
        if batch:
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _instant(microseconds: int | None) -> Any:
    return None if microseconds is None else to_datetime(microseconds)


def _arrow_schema() -> Any:
    import pyarrow as pa

    reason = pa.struct(
        [("feature", pa.string()), ("text", pa.string()), ("contribution", pa.float64())]
    )
    kinds = {"reasons": pa.list_(reason), "reliable": pa.bool_()}
    kinds |= dict.fromkeys(_NUMBERS, pa.float64())
    kinds |= dict.fromkeys(_TIMES, pa.timestamp("us", tz="UTC"))
    return pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])


_WRITERS: dict[Format, Callable[[Path, Iterable[RowMapping]], None]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "jsonl": _write_jsonl,
}
