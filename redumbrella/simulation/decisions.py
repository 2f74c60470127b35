"""What was decided for a day: by a policy of the company, or in files that anybody can write.

Files lie in the folder `decisions` beside umbrella.toml; each has a column `date`, and the rows of
a day count on that day. What no file says, the company decides by its own policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from redumbrella.errors import DataError
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
    rows = _rows_of(folder, "contacts", day)
    return rows is not None and rows.num_rows > 0


def read_decisions(folder: Path, world: World, otherwise: NDArray[np.int64]) -> Decisions:
    """What the files in the workspace `folder` say of the world's next day.

    otherwise: in which order to call where no file says it. Raises DataError for a file that cannot
    be used, with the line.
    """
    today = world.today
    decided = calls_in_order(otherwise)
    contacts = _rows_of(folder, "contacts", today)
    if contacts is not None and contacts.num_rows:
        leads = _positions(contacts, "lead_id", "L-", len(world.leads), "contacts")
        reps = np.full(leads.size, -1, np.int64)
        if "rep_id" in contacts.column_names:
            reps = _positions(contacts, "rep_id", "R-", world.staff.skill.size, "contacts", first=1)
        decided = Decisions(leads, reps)
    return replace(
        decided,
        budgets=_budgets(folder, world),
        mailing=_mailing(folder, world),
        offered=_offered(folder, world),
    )


def _budgets(folder: Path, world: World) -> Floats | None:
    rows = _rows_of(folder, "budgets", world.today)
    if rows is None or not rows.num_rows:
        return None
    campaigns = len(world.company.campaigns)
    which = _positions(rows, "campaign_id", "C-", campaigns, "budgets", first=1)
    budgets = world.budgets
    budgets[which] = _numbers(rows, "cost", "budgets")
    return budgets


def _mailing(folder: Path, world: World) -> Mailing | None:
    rows = _rows_of(folder, "mails", world.today)
    if rows is None or not rows.num_rows:
        return None
    who = _positions(rows, "person_id", "P-", len(world.people), "mails")
    product = np.full(who.size, -1, np.int64)
    if "product_id" in rows.column_names:
        known = {name: n for n, name in enumerate(world.product_names)}
        for place, name in enumerate(rows["product_id"].to_pylist()):
            if name:
                if name not in known:
                    raise _unusable("mails", "product_id", name)
                product[place] = known[name]
    _, first = np.unique(who, return_index=True)
    may = (world.people.signed_up[who[first]] >= 0) & (world.people.unsubscribed[who[first]] < 0)
    return Mailing(who[first][may], product[first][may], np.zeros(0, np.int64), np.nan)


def _offered(folder: Path, world: World) -> Offered | None:
    rows = _rows_of(folder, "sales", world.today)
    if rows is None or not rows.num_rows:
        return None
    leads = _positions(rows, "lead_id", "L-", len(world.leads), "sales")
    known = {one.name: number for number, one in enumerate(world.company.partners)}
    partners = []
    for name in rows["partner"].to_pylist():
        if name not in known:
            raise _unusable("sales", "partner", name)
        partners.append(known[name])
    return Offered(leads, np.array(partners, np.int64), _numbers(rows, "price", "sales"))


def _rows_of(folder: Path, name: str, day: date) -> pa.Table | None:
    """The rows of a file that are of a day; None where there is no such file."""
    path = folder / FOLDER / f"{name}.csv"
    if not path.is_file():
        return None
    needed, more = FILES[name]
    try:
        options = pa_csv.ConvertOptions(
            column_types=dict.fromkeys((*needed, *more), pa.string()), strings_can_be_null=True
        )
        table = pa_csv.read_csv(path, convert_options=options)
    except (OSError, pa.ArrowException) as problem:
        raise DataError(f"{path} cannot be read: {problem}.", reason="bad_decisions") from None
    missing = [column for column in needed if column not in table.column_names]
    if missing:
        raise DataError(
            f"{path} has no column {', '.join(missing)}. Expected: {', '.join((*needed, *more))}.",
            reason="bad_decisions",
        )
    return table.filter(pa.array([value == day.isoformat() for value in table["date"].to_pylist()]))


def _positions(
    rows: pa.Table, column: str, prefix: str, count: int, name: str, first: int = 0
) -> NDArray[np.int64]:
    """Ids as positions; an empty one is -1."""
    found = []
    for value in rows[column].to_pylist():
        number = (value or "").removeprefix(prefix)
        if value and not (number.isdigit() and first <= int(number) < count + first):
            raise _unusable(name, column, value)
        if not value and column != "rep_id":
            raise _unusable(name, column, "")
        found.append(int(number) - first if value else -1)
    return np.array(found, np.int64)


def _numbers(rows: pa.Table, column: str, name: str) -> Floats:
    found = []
    for value in rows[column].to_pylist():
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise _unusable(name, column, value) from None
        if not 0.0 <= number < 1e12:
            raise _unusable(name, column, value)
        found.append(number)
    return np.array(found)


def _unusable(name: str, column: str, value: object) -> DataError:
    return DataError(
        f'{FOLDER}/{name}.csv: {column} "{value}" is nothing that this company has. Ids are '
        "those of its files, prices and budgets are numbers from 0 on.",
        reason="bad_decisions",
    )
