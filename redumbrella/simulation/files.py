"""The company's files: what its systems export, a folder for each table, a file for each day."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from redumbrella.errors import DataError, EngineError, SettingsError
from redumbrella.simulation.days import live
from redumbrella.simulation.decisions import FOLDER as DECISIONS
from redumbrella.simulation.decisions import calls_in_order
from redumbrella.simulation.policies import arrival
from redumbrella.simulation.rows import day_rows, fixed_rows, lead_rows
from redumbrella.simulation.world import FOLDER, World

GROWING = ("people", "identities", "events", "activities", "purchases", "leads", "spend",
           "treatments", "feedback")  # fmt: skip
FIXED = ("products", "campaigns", "reps", "accounts", "clients", "partners")
_HEAD = """\
# {name}: a SIMULATED company. Nobody in it exists. Made by `umbrella simulate new`,
# seed {seed}, size {size}; its days are lived by `umbrella simulate day`.
# What is true in it lies in the folder "{folder}", which Red Umbrella never reads.
[workspace]
name = "{name} (simulated)"
currency = "{currency}"
timezone = "UTC"

[tables.leads]
path = "leads/*"

[tables.leads.columns]
lead_id = "lead_id"
person_id = "person_id"
created_at = "created_at"
updated_at = "updated_at"
closed_at = "closed_at"
product_id = "product_id"
campaign_id = "campaign_id"
source = "source"
rep_id = "rep_id"
amount = "amount"
won = {{ column = "stage", won = ["Won"], lost = ["Lost", "Sold to a partner"] }}

[tables.events]
path = "events/*"
ignore = ["ip"]    # for research of visitors' companies, no property of a person

"""
_TABLE = """\
[tables.{table}]
path = "{path}"

"""
_TAIL = """\
[costs]
per_hour = {hour:g}
margin = {margin:.2f}

[customers]
margin = {shop_margin:.2f}

[[targets]]
name = "conversion"
from = "leads.won"

[[targets]]
name = "purchase"
purchase = true
per = "product"
horizon_days = 30
active_days = 60

[labels.fields]
campaign_id = "campaign"
rep_id = "rep"
product_id = "product"
enquiry = "enquiry"
message = "message of the campaign"
prefers = "wishes to be contacted by"
{names}"""


def write_company(world: World, folder: Path, days: int) -> Iterator[int]:
    """Lives the past of a company that has not begun, and writes everything that a company has.

    Yields the number of each day that is over. Calls are made in the order of arrival. Raises
    DataError where the folder is there already and has something in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            f"{folder} is there already. Name a folder that does not exist yet, or empty this one.",
            reason="folder_exists",
        )
    folder.mkdir(parents=True, exist_ok=True)
    ending = "parquet" if world.size == "large" else "csv"
    held: dict[str, list[pa.Table]] = {}
    for number in range(days):
        today = world.today
        rows = day_rows(world, live(world, calls_in_order(arrival(world))))
        for table, new in rows.items():
            if table != "leads":
                held.setdefault(table, []).append(new)
        if number + 1 == days or world.today.month != today.month:
            for table, parts in held.items():
                _write(folder / table / f"{today:%Y-%m}.{ending}", _together(parts))
            held = {}
        yield number
    everybody = lead_rows(world, np.arange(len(world.leads)))
    _write(folder / "leads" / f"until-{world.date_of(world.day - 1)}.{ending}", everybody)
    for table, fixed in fixed_rows(world).items():
        if fixed.num_rows:
            _write(folder / f"{table}.csv", fixed)
    (folder / "umbrella.toml").write_text(company_settings(world, folder), "utf-8")
    world.keep(folder / FOLDER)


def write_day(folder: Path, world: World, rows: Mapping[str, pa.Table]) -> None:
    """Writes the rows of the day that was just lived, a file for each table, and the new state.

    The state is written last: a day that was cut off is lived again, to the same files.
    """
    day = world.date_of(world.day - 1)
    for table in GROWING:
        path = folder / table / f"{day}.csv"
        if table in rows:
            _write(path, rows[table])
        else:
            path.unlink(missing_ok=True)
    world.keep(folder / FOLDER)


def company_settings(world: World, folder: Path) -> str:
    """The umbrella.toml of a simulated company: only tables that have rows are named."""
    company = world.company
    margins = [one.margin for one in company.products]
    asked = [one.lead for one in company.products]
    shop = [one.margin for one in company.products if one.shop]
    text = _HEAD.format(name=company.name, seed=world.seed, size=world.size, folder=FOLDER,
                        currency=company.currency)  # fmt: skip
    for table in GROWING:
        if table not in ("leads", "events") and (folder / table).is_dir():
            text += _TABLE.format(table=table, path=f"{table}/*")
    for table in ("products", "campaigns", "reps", "accounts"):
        text += _TABLE.format(table=table, path=f"{table}.csv")
    campaigns = [(f"C-{n}", one.name) for n, one in enumerate(company.campaigns, 1)]
    named = "\n[labels.values.campaign_id]\n"
    named += "".join(f'{one} = "{name}"\n' for one, name in campaigns)
    return text + _TAIL.format(
        names=named,
        hour=company.reps.cost_per_hour,
        margin=float(np.average(margins, weights=asked)) if sum(asked) else 1.0,
        shop_margin=float(np.mean(shop or margins)),
    )


def write_truth(rows: pa.Table, path: Path, workspace: Path) -> None:
    """Writes rows of truth by the ending of the path: .csv, .parquet, .json.

    Raises SettingsError for another ending, and for a place among the company's own files, where
    the product would read it.
    """
    place, home = path.resolve(), workspace.resolve()
    folders = [home / name for name in (*GROWING, DECISIONS, FOLDER)]
    if any(place.is_relative_to(one) for one in folders) or place in {
        home / f"{table}.csv" for table in FIXED
    }:
        raise SettingsError(
            f"{path} lies among the files of the company. Write the truth elsewhere.",
            reason="truth_among_facts",
        )
    if path.suffix not in (".csv", ".parquet", ".json"):
        raise SettingsError(
            f'{path}: the ending must be .csv, .parquet or .json, not "{path.suffix}".',
            reason="bad_format",
        )
    try:
        if path.suffix == ".json":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(rows.to_pylist(), indent=1), "utf-8")
        else:
            _write(path, rows)
    except OSError as problem:
        message = f"{path} cannot be written: {problem.strerror}. Name another place."
        raise EngineError(message, reason="cannot_write") from None


def _together(parts: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()


def _write(path: Path, table: pa.Table) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hidden = path.with_name(f".{path.name}")
    if path.suffix == ".parquet":
        pq.write_table(table, hidden, compression="zstd", compression_level=1)
    else:
        pa_csv.write_csv(table, hidden, pa_csv.WriteOptions(quoting_style="needed"))
    hidden.replace(path)
