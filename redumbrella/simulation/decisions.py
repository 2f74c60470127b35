"""What was decided for a day: by a policy of the company, or in files that anybody can write.

Files lie in the folder `decisions` beside umbrella.toml; each has a column `date`, and the rows of
a day count on that day. What no file says, the company decides by its own policy.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from redumbrella.errors import DataError, nearest
from redumbrella.simulation.chance import Floats
from redumbrella.simulation.mails import Mailing
from redumbrella.simulation.market import Offered
from redumbrella.simulation.world import World

FOLDER = "decisions"
FILES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # file: (needed columns, further ones)
    "contacts": (("date", "lead_id"), ("rep_id",)),
    "mails": (("date", "person_id"), ("product_id",)),
    "budgets": (("date", "campaign_id", "cost"), ()),
    "sales": (("date", "lead_id", "partner", "price"), ()),
}


@dataclass(frozen=True)
class _Row:
    """One row of a file, and where it stands."""

    place: str
    values: Mapping[str, str]

    def bad(self, column: str, expected: str) -> DataError:
        """What is wrong with one value."""
        return DataError(
            f'{self.place}: {column} "{self.values[column]}": expected {expected}. Mend the row or '
            "take it out.",
            reason="bad_decisions",
        )


@dataclass(frozen=True)
class Decisions:
    """order: leads (positions) to call, first the first; reps: who shall call each, -1 for whoever
    is free; budgets: of each campaign; mailing; offered: leads to sell. None: the company decides
    by its own policy.
    """

    order: NDArray[np.int64]
    reps: NDArray[np.int64]
    budgets: Floats | None = None
    mailing: Mailing | None = None
    offered: Offered | None = None


def calls_in_order(order: NDArray[np.int64]) -> Decisions:
    """Only an order in which to call."""
    return Decisions(order, np.full(order.size, -1, np.int64))


def has_contacts(folder: Path, day: date) -> bool:
    """Whether a file says who is to be called on a day."""
    return bool(_rows_of(folder, "contacts", day))


def read_decisions(folder: Path, world: World, otherwise: NDArray[np.int64]) -> Decisions:
    """What the files in the workspace `folder` say of the world's next day.

    otherwise: in which order to call where no file says it. Raises DataError for a file that cannot
    be used, with the line.
    """
    decided = calls_in_order(otherwise)
    _no_other_file(folder)
    contacts = _rows_of(folder, "contacts", world.today)
    if contacts:
        leads = _positions(contacts, "lead_id", "L-", len(world.leads))
        reps = np.full(leads.size, -1, np.int64)
        named = [n for n, row in enumerate(contacts) if row.values.get("rep_id")]
        reps[named] = _positions([contacts[n] for n in named], "rep_id", "R-",
                                 world.staff.skill.size, first=1)  # fmt: skip
        _each_once(contacts, "lead_id", leads)
        decided = Decisions(leads, reps)
    return replace(
        decided,
        budgets=_budgets(folder, world),
        mailing=_mailing(folder, world),
        offered=_offered(folder, world),
    )


def _no_other_file(folder: Path) -> None:
    """A misspelt file must not be passed over in silence."""
    for path in sorted((folder / FOLDER).glob("*.csv")):
        if path.stem not in FILES:
            known = [f"{name}.csv" for name in FILES]
            raise DataError(
                f"{path}: nothing reads a file of this name.{nearest(path.name, known)} Expected: "
                f"{', '.join(known)}.",
                reason="bad_decisions",
            )


def _budgets(folder: Path, world: World) -> Floats | None:
    rows = _rows_of(folder, "budgets", world.today)
    if not rows:
        return None
    which = _positions(rows, "campaign_id", "C-", len(world.company.campaigns), first=1)
    _each_once(rows, "campaign_id", which)
    budgets = world.budgets
    budgets[which] = _amounts(rows, "cost")
    return budgets


def _mailing(folder: Path, world: World) -> Mailing | None:
    rows = _rows_of(folder, "mails", world.today)
    if not rows:
        return None
    who = _positions(rows, "person_id", "P-", len(world.people))
    _each_once(rows, "person_id", who)
    product = np.full(who.size, -1, np.int64)
    named = [n for n, row in enumerate(rows) if row.values.get("product_id")]
    product[named] = _named([rows[n] for n in named], "product_id", world.product_names)
    first = np.argsort(who)
    may = (world.people.signed_up[who[first]] >= 0) & (world.people.unsubscribed[who[first]] < 0)
    return Mailing(who[first][may], product[first][may], np.zeros(0, np.int64), np.nan,
                   int((~may).sum()))  # fmt: skip


def _offered(folder: Path, world: World) -> Offered | None:
    rows = _rows_of(folder, "sales", world.today)
    if not rows:
        return None
    leads = _positions(rows, "lead_id", "L-", len(world.leads))
    partners = _named(rows, "partner", [one.name for one in world.company.partners])
    return Offered(leads, partners, _amounts(rows, "price"))


def _rows_of(folder: Path, name: str, day: date) -> list[_Row]:
    """The rows of a file that are of a day; none where there is no such file."""
    path = folder / FOLDER / f"{name}.csv"
    if not path.is_file():
        return []
    needed, more = FILES[name]
    found = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text, strict=True)
            columns = reader.fieldnames or ()
            missing = [column for column in needed if column not in columns]
            if missing:
                raise DataError(
                    f"{path}, line 1: no column {', '.join(missing)}. "
                    f"Expected: {', '.join((*needed, *more))}.",
                    reason="bad_decisions",
                )
            for values in reader:
                row = _Row(f"{path}, line {reader.line_num}", values)
                if None in values or None in values.values():
                    raise DataError(
                        f"{row.place}: expected {len(columns)} values, one for each column of "
                        "line 1.",
                        reason="bad_decisions",
                    )
                if not _is_date(values["date"]):
                    raise row.bad("date", f"a date such as {day}")
                if values["date"] == day.isoformat():
                    found.append(row)
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        raise DataError(
            f"{path} cannot be read: {problem}. Expected: a CSV file in UTF-8.",
            reason="bad_decisions",
        ) from None
    return found


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _positions(
    rows: Sequence[_Row], column: str, prefix: str, count: int, first: int = 0
) -> NDArray[np.int64]:
    """Ids as positions."""
    found = []
    for row in rows:
        number = re.fullmatch(f"{prefix}([0-9]{{1,12}})", row.values[column])
        if number is None or not first <= int(number[1]) < count + first:
            raise row.bad(column, f"one of the {count:,} ids that begin with {prefix} in this "
                          "company's files")  # fmt: skip
        found.append(int(number[1]) - first)
    return np.array(found, np.int64)


def _named(rows: Sequence[_Row], column: str, known: Sequence[str]) -> NDArray[np.int64]:
    """Names as positions."""
    number = {name: n for n, name in enumerate(known)}
    for row in rows:
        if row.values[column] not in number:
            close = nearest(row.values[column], known).strip()
            raise row.bad(
                column, f"one of {', '.join(known) or 'none'}" + (close and f" ({close})")
            )
    return np.array([number[row.values[column]] for row in rows], np.int64)


def _amounts(rows: Sequence[_Row], column: str) -> Floats:
    """Money: numbers from 0 on."""
    found = []
    for row in rows:
        try:
            amount = float(row.values[column])
        except ValueError:
            amount = np.nan
        if not 0.0 <= amount < 1e9:
            raise row.bad(column, "a number from 0 on, such as 12.50")
        found.append(amount)
    return np.array(found)


def _each_once(rows: Sequence[_Row], column: str, positions: NDArray[np.int64]) -> None:
    """Raises DataError for the second row about the same thing on the same day."""
    seen: dict[int, _Row] = {}
    for row, position in zip(rows, positions.tolist(), strict=True):
        if position in seen:
            raise row.bad(column, f"each once a day; twice, as in {seen[position].place}")
        seen[position] = row
