"""Small simulated companies for tests: parameters changed, days as rows and as files."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from numpy.typing import NDArray

from redumbrella.simulation.beginning import begin
from redumbrella.simulation.days import Day, live
from redumbrella.simulation.decisions import Decisions, calls_in_order
from redumbrella.simulation.files import write_company
from redumbrella.simulation.parameters import company_text
from redumbrella.simulation.policies import arrival
from redumbrella.simulation.rows import day_rows
from redumbrella.simulation.world import World
from redumbrella.sources.formats.file_order import sorted_as_meant

WEDNESDAY = date(2025, 1, 1)
NUMBERS = pa_csv.ConvertOptions(
    column_types=dict.fromkeys(("amount", "margin", "cost"), pa.float64())
)


def changed(changes: Mapping[str, object]) -> str:
    """The parameters of Valiant with some lines changed: {"section.key": value as in TOML}."""
    text = company_text("valiant")
    for name, value in changes.items():
        section, key = name.rsplit(".", 1)
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        line = re.compile(
            rf"(^\[{section}\][^\n]*\n(?:(?!\[)[^\n]*\n)*?{key} = )[^\n#]*", re.MULTILINE
        )
        text, count = line.subn(lambda found, shown=shown: found[1] + shown + " ", text)  # type: ignore[misc]
        assert count == 1, f"{name} is no parameter"
    return text


def small_company(seed: int, changes: Mapping[str, object] | None = None) -> World:
    """A company before its first day; without a sudden change where `changes` names none."""
    text = changed({"change.day": 0, **(changes or {})})
    return begin(text, seed, "small", WEDNESDAY, None)


def live_days(world: World, days: int) -> Iterator[tuple[Day, dict[str, pa.Table]]]:
    """Days with calls in the order of arrival, and the rows that each writes."""
    for _ in range(days):
        day = live(world, calls_in_order(arrival(world)))
        yield day, day_rows(world, day)


def live_quietly(world: World, days: int, *, calls: bool = True) -> World:
    """The world after some days of which nothing is written."""
    for _ in range(days):
        order = arrival(world) if calls else np.zeros(0, np.int64)
        live(world, calls_in_order(order))
    return world


def live_with(world: World, **decided: Any) -> Day:
    """One day with these decisions; calls in the order of arrival where none are named."""
    order = decided.pop("order", arrival(world))
    reps = decided.pop("reps", np.full(order.size, -1, np.int64))
    return live(world, Decisions(order, reps, **decided))


def new_company(folder: Path, days: int, seed: int = 1, changes: Mapping[str, object] | None = None
                ) -> World:  # fmt: skip
    """A company with a past in a folder, as `umbrella simulate new` writes it."""
    world = small_company(seed, changes)
    for _ in write_company(world, folder, days):
        pass
    return world


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path from there."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def rows_of(folder: Path, table: str) -> list[dict[str, Any]]:
    """All rows that a company has written into a table, the oldest file first."""
    found: list[dict[str, Any]] = []
    for path in sorted_as_meant((folder / table).glob("*.csv")):
        found += pa_csv.read_csv(path, convert_options=NUMBERS).to_pylist()
    return found


def ages(rows: pa.Table, world: World, day: int) -> dict[str, NDArray[np.int64]]:
    """Of every column that holds instants: how many days before `day` each lies; 0 on the day."""
    midnight = np.datetime64(world.date_of(day + 1), "s")
    found = {}
    for one in rows.schema:
        if pa.types.is_timestamp(one.type):
            known = rows[one.name].drop_null().cast(pa.timestamp("s", "UTC")).to_numpy()
            # The last second of a day is 0 days old, the first one of tomorrow -1.
            found[one.name] = (midnight - known - 1).astype(np.int64) // 86_400
    return found


def morning(world: World, day: int) -> datetime:
    """The beginning of a day."""
    return datetime.combine(world.date_of(day), datetime.min.time(), UTC)


def latest(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """One row for each key, the last that was written: late and repeated facts count once."""
    return list({row[key]: row for row in rows}.values())


def total(rows: pa.Table, column: str) -> float:
    """The sum of a column."""
    return float(pc.sum(rows[column]).as_py() or 0.0)
