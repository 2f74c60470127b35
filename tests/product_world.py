"""A shop whose customers have tastes: each buys mostly from one of three ranges of products."""

from datetime import timedelta
from pathlib import Path

import numpy as np
from history_world import START, stamp

from redumbrella.workspace import Workspace, open_workspace

PRODUCTS, RANGES, DAYS = 12, 3, 300
SETTINGS = """\
[workspace]
name = "Shop"
currency = "EUR"
timezone = "UTC"
[tables.purchases]
path = "purchases.csv"
[tables.purchases.columns]
person_id = "person"
at = "at"
amount = "amount"
product_id = "product"
[tables.people]
path = "people.csv"
[tables.people.columns]
person_id = "person"
name = "name"
[[targets]]
name = "products"
purchase = true
per = "product"
horizon_days = 30
active_days = 120
"""


def product(number: int) -> str:
    """The id of a product; one of them could break a page that does not escape it."""
    return "<b>Tea & Co</b>" if number == 0 else f"product {number:02d}"


def range_of(person: int) -> int:
    """Which range a person likes."""
    return person % RANGES


def write_shop(folder: Path, *, people: int = 240, settings: str = SETTINGS) -> Workspace:
    """Purchases over 300 days; a product sold three times; one sale taken back."""
    rng = np.random.default_rng(5)
    lines = []
    each = PRODUCTS // RANGES
    for person in range(people):
        rate = rng.gamma(1.5, 4.0)
        for _ in range(rng.poisson(rate)):
            liked = rng.random() < 0.85
            group = range_of(person) if liked else int(rng.integers(RANGES))
            number = group * each + int(rng.choice(each, p=[0.4, 0.3, 0.2, 0.1]))
            at = START + timedelta(days=DAYS * float(rng.random()))
            amount = (number + 1) * 10.0 * rng.lognormal(0, 0.2)
            lines.append(f"P{person:03d},{stamp(at)},{product(number)},{amount:.2f}")
    early = stamp(START + timedelta(days=50))
    lines += [f"P{person:03d},{early},curiosity,99.00" for person in range(3)]
    lines.append(f"P001,{stamp(START + timedelta(days=60))},{product(1)},-20.00")
    _write(folder / "purchases.csv", "person,at,product,amount", lines)
    names = [f"P{person:03d},Customer {person}" for person in range(people)]
    _write(folder / "people.csv", "person,name", names)
    (folder / "umbrella.toml").write_text(settings, encoding="utf-8")
    return open_workspace(folder)


def _write(path: Path, header: str, lines: list[str]) -> None:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
