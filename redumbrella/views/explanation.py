"""Reasons of a score as people read them: the stored document in, `Reason` objects out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from redumbrella.reports.reasons import last_places


@dataclass(frozen=True)
class Reason:
    """One reason of a score. The contribution is in log-odds; above zero it raises the score."""

    feature: str
    text: str
    value: Any
    usual: Any
    contribution: float


def reasons_of(document: Mapping[str, Any], direction: str) -> tuple[Reason, ...]:
    """The reasons under 'raises' or 'lowers', strongest first, groups of fields last."""
    return ordered(_reason(item) for item in document.get(direction, ()))


def all_reasons(stored: str) -> tuple[Reason, ...]:
    """The reasons of `scores.reasons` in either direction, strongest first, groups last."""
    document = orjson.loads(stored)
    return ordered((*reasons_of(document, "raises"), *reasons_of(document, "lowers")))


def strongest(stored: str) -> Reason | None:
    """The strongest reason of `scores.reasons` in either direction; a group where all are."""
    document = orjson.loads(stored)
    both = [*document.get("raises", ()), *document.get("lowers", ())]
    return _reason(min(both, key=_place)) if both else None


def ordered(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons strongest first, groups of fields last."""
    return tuple(sorted(reasons, key=lambda reason: _place(vars(reason))))


def _place(item: Mapping[str, Any]) -> tuple[int, float]:
    """Fields before themes before the times, each by size."""
    return last_places(item["feature"]), -abs(float(item["contribution"]))


def _reason(item: Mapping[str, Any]) -> Reason:
    return Reason(
        feature=str(item["feature"]),
        text=str(item["text"]),
        value=item.get("value"),
        usual=item.get("usual"),
        contribution=float(item["contribution"]),
    )


def in_one_cell(reasons: tuple[Reason, ...]) -> str:
    """'raises: a; b | lowers: c' for one cell of a table."""
    parts = []
    for direction, sign in (("raises", 1), ("lowers", -1)):
        texts = [reason.text for reason in reasons if (reason.contribution >= 0) == (sign > 0)]
        if texts:
            parts.append(f"{direction}: " + "; ".join(texts))
    return " | ".join(parts)
