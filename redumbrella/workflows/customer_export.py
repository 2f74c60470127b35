"""Customers as files: matching customers come in, CSV, Parquet or JSON lines go out.

The same promises as for scores: a file appears complete or not at all, text cells of a CSV are
never run as formulas, and memory stays small.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import RowMapping

from redumbrella.clock import to_datetime, to_iso
from redumbrella.destinations.files import ExportResult, Format, safe_cell, write_whole
from redumbrella.errors import NotFoundError
from redumbrella.views.customers import CustomerQuery, customer_segments, every_customer
from redumbrella.workspace import Workspace

CUSTOMER_COLUMNS = (
    "person_id",
    "label",
    "as_of",
    "segment",
    "purchases",
    "spent",
    "last_purchase",
    "alive",
    "expected_purchases",
    "value",
    "value_low",
    "value_high",
    "churn",
    "mean_repeat_amount",
    "by_purchase_models",
    "by_learned_shares",
    "value_group",
    "first_purchase_group",
    "country",
)
_TIMES = ("as_of", "last_purchase")
_TEXTS = ("person_id", "label", "segment", "value_group", "first_purchase_group", "country")
_DETAILS = ("mean_repeat_amount", "by_purchase_models", "by_learned_shares")
_GROUPS = {"value_group": "value", "first_purchase_group": "first purchase", "country": "country"}
_BATCH_ROWS = 5_000


def export_customers(
    workspace: Workspace, query: CustomerQuery, form: Format = "csv", path: Path | None = None
) -> ExportResult:
    """Writes all matching customers to `path`, by default into the folder exports/.

    Raises NotFoundError when nobody is valued yet, SettingsError when the file cannot be written.
    """
    rows = every_customer(workspace, query)
    first = next(rows, None)
    if first is None:
        what = "No customer matches." if query.filtered else "No customer is valued yet."
        message = f"{what} Run `umbrella run` first, or ask for less."
        raise NotFoundError(message, reason="no_customers")
    day = f"{to_datetime(first['as_of']):%Y-%m-%d}"
    place = path or workspace.root / "exports" / f"customers-{day}.{form}"
    count = 0

    def write(temporary: Path) -> None:
        nonlocal count
        count = _WRITERS[form](temporary, chain([first], rows))

    write_whole(place, write)
    return ExportResult(place, form, count)


def customer_csv_lines(rows: Iterable[RowMapping]) -> Iterator[str]:
    """Customers as CSV text: a header, then one line each."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(CUSTOMER_COLUMNS)
    for row in rows:
        writer.writerow([_cell(name, value) for name, value in customer_record(row).items()])
        if buffer.tell() > 65_536:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def customer_record(row: RowMapping) -> dict[str, Any]:
    """One customer as a JSON record: instants as ISO 8601, money in the workspace's currency."""
    details, groups = orjson.loads(row["details"]), customer_segments(row)
    found: dict[str, Any] = {}
    for name in CUSTOMER_COLUMNS:
        if name in _DETAILS:
            found[name] = details.get(name)
        elif name in _GROUPS:
            found[name] = groups.get(_GROUPS[name])
        elif name in _TIMES:
            found[name] = None if row[name] is None else to_iso(row[name])
        else:
            found[name] = row[name]
    return found


def _cell(name: str, value: Any) -> Any:
    if value is None:
        return ""
    return safe_cell(str(value)) if name in _TEXTS else value


def _write_csv(path: Path, rows: Iterable[RowMapping]) -> int:
    counted = Counted(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(customer_csv_lines(counted))
    return counted.rows


def _write_jsonl(path: Path, rows: Iterable[RowMapping]) -> int:
    counted = Counted(rows)
    with path.open("wb") as file:
        file.writelines(orjson.dumps(customer_record(row)) + b"\n" for row in counted)
    return counted.rows


def _write_parquet(path: Path, rows: Iterable[RowMapping]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = dict.fromkeys(CUSTOMER_COLUMNS, pa.float64()) | dict.fromkeys(_TEXTS, pa.string())
    kinds |= dict.fromkeys(_TIMES, pa.timestamp("us", tz="UTC")) | {"purchases": pa.int64()}
    schema, count = pa.schema(list(kinds.items())), 0
    remaining = iter(rows)
    with pq.ParquetWriter(path, schema) as writer:
        while batch := list(islice(remaining, _BATCH_ROWS)):
            records = [
                customer_record(row) | {name: _instant(row[name]) for name in _TIMES}
                for row in batch
            ]
            writer.write_table(pa.Table.from_pylist(records, schema=schema))
            count += len(batch)
    return count


def _instant(microseconds: int | None) -> Any:
    return None if microseconds is None else to_datetime(microseconds)


class Counted:
    """Rows that count themselves while they are read once."""

    def __init__(self, rows: Iterable[RowMapping]) -> None:
        self._rows = rows
        self.rows = 0

    def __iter__(self) -> Iterator[RowMapping]:
        for row in self._rows:
            self.rows += 1
            yield row


_WRITERS: dict[Format, Callable[[Path, Iterable[RowMapping]], int]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "jsonl": _write_jsonl,
}
