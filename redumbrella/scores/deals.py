"""What is known of open deals without any model: the stage, and the month of the close.

In: the records of open leads and their scores. Out: `stage` and `month` of each row.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pyarrow as pa

from redumbrella.clock import to_datetime
from redumbrella.columns import STAGE

# Fields that say the stage where the outcome is a column of its own; first come first served.
STAGE_FIELDS = (
    "stage", "dealstage", "leadstage", "opportunitystage", "salesstage", "stagename",
    "pipelinestage", "phase", "status", "leadstatus", "dealstatus", "opportunitystatus",
)  # fmt: skip
LEAST_KNOWN = 0.5  # of the list, for a month that is not that of the creation
OVERDUE = "overdue"
MonthOf = Literal["planned", "expected", "created", ""]
Row = dict[str, Any]


def add_stages(rows: Sequence[Row], leads: pa.Table, name: str | None) -> None:
    """Gives each row the stage of its lead, as the source calls it. leads: the same n leads.

    name: the column of the stages, as `stage_column` finds it in the whole list. A closed lead has
    none: its stage is the outcome, and it may be on the list only because it was held out, or
    because the list is of the past.
    """
    if name is None or name not in leads.column_names:
        return
    is_open = leads["won"].is_null().to_pylist()
    for row, stage, opened in zip(rows, leads[name].to_pylist(), is_open, strict=True):
        row["stage"] = stage if opened else None


def stage_column(leads: pa.Table) -> str | None:
    """The column of the stages of all open leads, None where nobody wrote any down."""
    named = {
        "".join(c for c in field.name.casefold() if c.isalnum()): field.name
        for field in leads.schema
        if pa.types.is_string(field.type) and field.name != STAGE
    }
    found = [STAGE] if STAGE in leads.column_names else []
    found += [named[name] for name in STAGE_FIELDS if name in named]
    return next((name for name in found if leads[name].null_count < leads.num_rows), None)


def add_months(rows: Sequence[Row], leads: pa.Table, as_of: int, timezone: str) -> MonthOf:
    """Gives each row a month, such as 2026-11, and says of what it is, for the whole list alike.

    Of the planned close where most leads have one, OVERDUE where that is past; else of the close
    that the model expects; else of the creation. leads: the same n leads, times in that zone.
    """
    kinds: tuple[MonthOf, ...] = ("planned", "expected", "created")
    for kind in kinds:
        known = add_months_of(kind, rows, leads, as_of, timezone)
        if known and (kind == "created" or known >= LEAST_KNOWN * len(rows)):
            return kind
    for row in rows:
        row["month"] = None
    return ""


def add_months_of(
    kind: MonthOf, rows: Sequence[Row], leads: pa.Table, as_of: int, timezone: str
) -> int:
    """Gives each row its month of that kind, as `add_months` says; returns how many have one."""
    now = to_datetime(as_of).astimezone(ZoneInfo(timezone))
    instants: list[datetime | None] = [None] * len(rows)
    if kind == "expected":
        instants = _expected(rows, now)
    elif kind:
        instants = _instants(leads, "closed_at" if kind == "planned" else "created_at")
    for row, instant in zip(rows, instants, strict=True):
        row["month"] = None if instant is None else f"{instant:%Y-%m}"
        if kind == "planned" and instant is not None and instant < now:
            row["month"] = OVERDUE
    return sum(instant is not None for instant in instants)


def _instants(leads: pa.Table, name: str) -> list[datetime | None]:
    if name not in leads.column_names:
        return [None] * leads.num_rows
    found: list[datetime | None] = leads[name].to_pylist()
    if name == "closed_at":  # of a lead with an outcome it is no plan
        pairs = zip(found, leads["won"].to_pylist(), strict=True)
        return [instant if won is None else None for instant, won in pairs]
    return found


def _expected(rows: Sequence[Row], now: datetime) -> list[datetime | None]:
    """When half of the leads like it that are won have been won."""
    found: list[datetime | None] = []
    for row in rows:
        timing = row.get("details", {}).get("timing")
        found.append(None if timing is None else now + timedelta(days=timing["days"]["value"]))
    return found
