"""What kinds of values lists hold: how each is read from the database, shown, and exported.

One object per kind is all that pages, the terminal, CSV, Parquet and OpenAPI need to know of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redumbrella.clock import to_datetime
from redumbrella.figures import count, decimal, moment, money, money_interval, percent, plain
from redumbrella.visible import visible_line

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Frame:
    """What words need besides the value: the workspace's currency and time zone."""

    currency: str
    timezone: str


@dataclass(frozen=True)
class CellType:
    """One kind of value.

    words: the value as a person reads it. python: its type in rows. arrow: the name of its Arrow
    type, see `destinations.files`. example: for the documentation of REST. read: from the
    database's form. cell: for CSV, without quoting.
    """

    name: str
    words: Callable[[Any, Frame], str]
    python: Any
    arrow: str
    example: Any
    read: Callable[[Any], Any] = lambda value: value
    cell: Callable[[Any], Any] = lambda value: value
    is_number: bool = False


def _instant(stored: int | None) -> datetime | None:
    return None if stored is None else to_datetime(stored)


def _iso(value: datetime) -> str:
    return value.isoformat()


TEXT = CellType("text", lambda value, _: visible_line(plain(value or None)), str, "string", "web")
COUNT = CellType("count", lambda value, _: count(value), int, "int64", 12, is_number=True)
SHARE = CellType("share", lambda value, _: percent(value), float, "float64", 0.31, is_number=True)
MONEY = CellType(
    "money",
    lambda value, frame: money(value, frame.currency),
    float,
    "float64",
    1_200.0,
    is_number=True,
)
INSTANT = CellType(
    "instant",
    lambda value, frame: moment(value, frame.timezone),
    datetime,
    "timestamp",
    "2026-11-01T08:00:00+00:00",
    read=_instant,
    cell=_iso,
)
DAY = CellType(
    "day",
    lambda value, frame: moment(value, frame.timezone)[:10],
    datetime,
    "timestamp",
    INSTANT.example,
    read=_instant,
    cell=_iso,
)
FLAG = CellType(
    "flag",
    lambda value, _: plain(value),
    bool,
    "bool",
    True,
    read=lambda value: None if value is None else bool(value),
    cell=lambda value: "true" if value else "false",
)

MONEY_RANGE = CellType(
    "range",
    lambda value, frame: money_interval(value[0], value[1], frame.currency),
    tuple[float, float],
    "string",
    None,
    is_number=True,
)


def decimals(digits: int) -> CellType:
    """A measure with a fixed number of decimals."""
    return CellType(
        "number",
        lambda value, _: decimal(value, digits),
        float,
        "float64",
        round(12.3456, digits),
        is_number=True,
    )
