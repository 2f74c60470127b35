"""A small shop in a folder: people of two tastes who buy again and again, as CSV files."""

from pathlib import Path

import numpy as np

from redumbrella.progress import silent
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import Workspace, open_workspace

DAYS, PEOPLE, PRODUCTS = 120, 160, 24
SETTINGS = """\
[workspace]
name = "shop"
timezone = "UTC"
[tables.purchases]
path = "purchases.csv"
[tables.purchases.columns]
person_id = "person_id"
at = "at"
amount = "amount"
product_id = "product_id"
[tables.products]
path = "products.csv"
[tables.products.columns]
product_id = "product_id"
name = "name"
product_type = "product_type"
price = "price"
margin = "margin"
listed_at = "listed_at"
withdrawn_at = "withdrawn_at"
available = "available"
[tables.people]
path = "people.csv"
[tables.people.columns]
person_id = "person_id"
name = "name"
email = "email"
[[recommenders]]
name = "next"
horizon_days = 20
kept = 20
"""


def product_line(number: int, **change: str) -> str:
    """A product of the file; change: columns that are other than usual."""
    usual = {
        "product_id": f"a{number:02d}", "name": f"Article {number}",
        "product_type": "wine" if number % 2 else "tea", "price": "10", "margin": "",
        "listed_at": "2024-01-01", "withdrawn_at": "", "available": "yes",
    }  # fmt: skip
    return ",".join((usual | change).values())


def write_products(folder: Path, changes: dict[int, dict[str, str]] | None = None) -> None:
    """The file of products, some of them changed."""
    head = "product_id,name,product_type,price,margin,listed_at,withdrawn_at,available"
    lines = [product_line(n, **(changes or {}).get(n, {})) for n in range(PRODUCTS)]
    (folder / "products.csv").write_text("\n".join([head, *lines]) + "\n", "utf-8")


def purchase_lines(seed: int = 1) -> list[str]:
    """Purchases without a head: person n likes odd or even articles, and the same few of them."""
    rng = np.random.default_rng(seed)
    lines = []
    for person in range(PEOPLE):
        liked = rng.permutation(np.arange(person % 2, PRODUCTS, 2))[:6]
        for day in np.sort(rng.choice(DAYS, 14, replace=False)):
            article = liked[min(int(rng.exponential(1.5)), 5)]
            at = np.datetime64("2024-03-01T10:00") + np.timedelta64(int(day), "D")
            lines.append(f"p{person:03d},{at}Z,10,a{article:02d}")
    return lines


def write_shop(folder: Path, settings: str = SETTINGS, seed: int = 1) -> Workspace:
    """The shop in a folder, its files read into the lake."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "umbrella.toml").write_text(settings, "utf-8")
    write_products(folder)
    write_purchases(folder, purchase_lines(seed))
    ids = [f"p{n:03d}" for n in range(PEOPLE)] + ["n001", "n002"]
    people = [f"{one},Person {one[1:]},{one}@x.example,yes" for one in ids]
    head = "person_id,name,email,newsletter"
    (folder / "people.csv").write_text("\n".join([head, *people]) + "\n", "utf-8")
    workspace = open_workspace(folder)
    ingest(workspace, silent)
    return workspace


def write_purchases(folder: Path, lines: list[str]) -> None:
    """The file of purchases."""
    head = "person_id,at,amount,product_id"
    (folder / "purchases.csv").write_text("\n".join([head, *lines]) + "\n", "utf-8")
