"""Workspaces with purchases: simulated customers with a known truth, or rows given by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from purchase_worlds import World

from redumbrella.workspace import Workspace, open_workspace

START = datetime(2024, 1, 1, tzinfo=UTC)
SETTINGS = """\
[workspace]
name = "Shop"
currency = "EUR"
timezone = "Europe/Lisbon"
[customers]
{customers}
[tables.purchases]
path = "purchases.csv"
[tables.purchases.columns]
purchase_id = "number"
person_id = "person"
at = "at"
amount = "amount"
{more}
"""
PEOPLE = """\
[tables.people]
path = "people.csv"
[tables.people.columns]
person_id = "person"
name = "name"
country = "country"
"""
Row = tuple[str, float, float]  # person, days since START, amount


def simulated(customers: int, weeks: float, seed: int = 0) -> list[Row]:
    """Purchases of customers who join in the first 26 weeks."""
    person, at, amount = World().purchases(customers, weeks, seed, join=26.0)
    return [
        (f"C{who:04d}", 7.0 * week, round(money, 2))
        for who, week, money in zip(person.tolist(), at.tolist(), amount.tolist(), strict=True)
    ]


def make_shop(folder: Path, rows: list[Row], *, customers: str = "", more: str = "") -> Workspace:
    """A workspace with these purchases in its file; nothing is ingested yet."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["number,person,at,amount"]
    for number, (person, day, amount) in enumerate(rows):
        at = (START + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        lines.append(f"{number},{person},{at},{amount}")
    (folder / "purchases.csv").write_text("\n".join(lines) + "\n", "utf-8")
    text = SETTINGS.format(customers=customers, more=more)
    (folder / "umbrella.toml").write_text(text, "utf-8")
    return open_workspace(folder)


def with_people(folder: Path, rows: list[Row]) -> None:
    """Writes people.csv: a name and a country for every person."""
    people = sorted({person for person, _, _ in rows})
    lines = ["person,name,country"]
    lines += [f"{p},Name of {p},{('Portugal', 'France')[n % 2]}" for n, p in enumerate(people)]
    (folder / "people.csv").write_text("\n".join(lines) + "\n", "utf-8")
