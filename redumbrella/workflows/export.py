"""Lists as files: a list and a query come in, a file goes out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redumbrella.clock import now, to_datetime
from redumbrella.destinations.files import Format, write_rows
from redumbrella.errors import NotFoundError
from redumbrella.views.listing import every_row, is_empty
from redumbrella.views.table import Query, View
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class ExportResult:
    """What was written and where."""

    path: Path
    format: Format
    rows: int


def export(
    workspace: Workspace,
    view: View,
    query: Query,
    form: Format = "csv",
    path: Path | None = None,
    *,
    raw: bool = False,
) -> ExportResult:
    """Writes all matching rows of a list to `path`, by default into the folder exports/.

    raw: a CSV with texts as they are, also those that a spreadsheet would run as formulas.
    Raises NotFoundError where there is nothing to write, SettingsError when the file cannot be
    written.
    """
    rows = every_row(workspace, view, query)
    first = next(rows, None)
    if first is None:
        if is_empty(workspace, view, query):
            message = view.nothing(workspace, query.target)
            raise NotFoundError(message, reason=f"no_{view.file_name}")
        message = f"No {view.noun[0]} matches. Ask for less."
        raise NotFoundError(message, reason="no_match")
    place = path or workspace.root / "exports" / _name(view, first, form)
    written = write_rows(place, form, view.fields, _from_first(first, rows), raw=raw)
    return ExportResult(place, form, written)


def _from_first(first: dict[str, Any], rest: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rest


def _name(view: View, first: dict[str, Any], form: Format) -> str:
    """The list, its target where it is of one, and the day that it is of."""
    parts = [view.file_name]
    if view.target is not None and first.get("target"):
        parts.append(re.sub(r"[^\w-]+", "_", first["target"]))
    day = first.get("as_of") or to_datetime(now())
    return f"{'-'.join(parts)}-{day:%Y-%m-%d}.{form}"
