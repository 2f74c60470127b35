"""A small company with lists of products to offer, for tests of pages, REST and Python.

Two circles of people buy from two halves of a shop; some have bought nothing yet. A lead of rep 1
belongs to a customer, one of rep 2 to another. Ids and names are as odd as they come.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from stored import put_scores

from redumbrella.progress import silent
from redumbrella.workflows.ingest import ingest
from redumbrella.workflows.recommend import recommend
from redumbrella.workspace import Workspace, open_workspace

SCRIPT = "<script>alert('offer')</script>"
ODD_PERSON = "C/1 & <2>"  # the customer of rep 1, called SCRIPT
OTHER_PERSON = "C2"  # the customer of rep 2
NEWCOMER = "N1"
ODD_PRODUCT = "a/b"  # called SCRIPT
DOTS = ".."  # a product that no path can hold
PEOPLE, EACH = 150, 10
SETTINGS = """\
[workspace]
name = "Umbrella & Sons"
currency = "EUR"
timezone = "Europe/Lisbon"

[tables.leads]
path = "leads.csv"
[tables.purchases]
path = "purchases.csv"
[tables.people]
path = "people.csv"
[tables.products]
path = "products.csv"

[[targets]]
name = "conversion"
from = "leads.won"

[[recommenders]]
name = "next"
horizon_days = 30
shown = 6
kept = 12

[[recommenders]]
name = "other half"
horizon_days = 30
exclude = { product_type = ["coat"] }
"""


def product_ids() -> list[str]:
    """Every product: the first ten are coats, the others hats."""
    return [ODD_PRODUCT, DOTS, *(f"P{n:02d}" for n in range(2, 20))]


def write_products(root: Path, unavailable: Iterable[str] = ()) -> None:
    """The table of products, some of which may not be shown."""
    gone = set(unavailable)
    _write(
        root / "products.csv",
        ("product_id", "name", "product_type", "price", "margin", "available"),
        [
            (
                one, SCRIPT if one == ODD_PRODUCT else f"Product {one}",
                "coat" if number < 10 else "hat", 10 + number, 4, "no" if one in gone else "yes",
            )
            for number, one in enumerate(product_ids())
        ],
    )  # fmt: skip


def write_offering_company(root: Path) -> Workspace:
    """The company with its lists made."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "umbrella.toml").write_text(SETTINGS, "utf-8")
    people = [ODD_PERSON, OTHER_PERSON, *(f"C{n}" for n in range(3, PEOPLE + 1))]
    _write(root / "purchases.csv", ("person_id", "product_id", "at", "amount"), _sales(people))
    named = [(one, SCRIPT if one == ODD_PERSON else f"Name of {one}") for one in people]
    newcomers = [(f"N{n}", f"New {n}") for n in range(1, 6)]
    rows = [(one, name, "2024-01-01", "PT") for one, name in (*named, *newcomers)]
    _write(root / "people.csv", ("person_id", "name", "known_at", "country"), rows)
    leads = [
        ("L-1", ODD_PERSON, "2024-05-01", "rep 1"),
        ("L-2", OTHER_PERSON, "2024-05-02", "rep 2"),
    ]
    _write(root / "leads.csv", ("lead_id", "person_id", "created_at", "rep_id"), leads)
    write_products(root)
    workspace = open_workspace(root)
    ingest(workspace, silent)
    recommend(workspace, silent)
    put_scores(workspace, "conversion", [_score(*lead) for lead in leads])
    return workspace


def _sales(people: Sequence[str]) -> list[tuple[str, str, str, str]]:
    rng = np.random.default_rng(7)
    products = product_ids()
    half = len(products) // 2
    found = []
    for number, person in enumerate(people):
        first = half * (number % 2)
        taste = 1.0 / (1 + rng.permutation(half))
        for _ in range(EACH):
            product = products[first + int(rng.choice(half, p=taste / taste.sum()))]
            day = date(2024, 1, 1) + timedelta(days=int(rng.integers(150)))
            found.append((person, product, str(day), "12.5"))
    return found


def _score(lead_id: str, person_id: str, _created: str, rep_id: str) -> dict[str, object]:
    return {"lead_id": lead_id, "person_id": person_id, "as_of": 1, "probability": 0.4, "low": 0.3,
            "high": 0.5, "percentile": 50.0, "grade": "B", "amount": 100.0, "ltv": None,
            "expected_value": 40.0, "regime": "model", "reliable": True, "model_version": "none",
            "reasons": {}, "label": f"Lead of {rep_id}", "created_at": 1, "source": "web",
            "campaign_id": None, "rep_id": rep_id}  # fmt: skip


def _write(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *rows])
