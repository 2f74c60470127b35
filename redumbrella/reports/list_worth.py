"""What a list was worth against another order: the shape that pages, REST and commands show."""

from dataclasses import dataclass

WITHIN_DAYS = 30  # in which what came of a lead counts


@dataclass(frozen=True)
class ListWorth:
    """One comparison: the other order, the estimate in `unit` a day, and a sentence about it."""

    against: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    days: int
    effective: float
    is_clear: bool
    text: str
