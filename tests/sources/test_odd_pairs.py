"""Ids that two files write in two ways: linked where it is safe, otherwise said."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import open_workspace
from tests.odd_spellings import IDS

LEADS, PEOPLE, ORDERS = 60, 80, 90
KINDS: dict[str, Callable[[int], str]] = {
    "numbers": lambda n: str(10_001 + n),
    "letters": lambda n: f"l-{n:04}",
    "leading zeros": lambda n: f"{1 + n:06}",
    "e-mail": lambda n: f"person{n}@example.com",
    "long": lambda n: str(158_467_000_000_000_000 + 7 * n),
}
SPELLED = IDS | {
    "capitals": str.upper,
    "no zeros": lambda text: text.lstrip("0"),
    "grouped": lambda text: f"{int(text):,}",
}
LINKED = [
    *(("numbers", one) for one in ("point zero", "formula", "apostrophe", "blanks")),
    *(("letters", one) for one in ("formula", "apostrophe", "blanks", "capitals")),
    *(("leading zeros", one) for one in ("formula", "no zeros")),
    *(("e-mail", one) for one in ("blanks", "capitals")),
    *(("long", one) for one in ("formula", "apostrophe")),
]
SETTINGS = """[workspace]
name = "x"
[tables.leads]
path = "leads.csv"
[tables.leads.columns]
lead_id = "lead_id"
person_id = "customer"
created_at = "created_at"
won = "won"
[tables.purchases]
path = "orders.csv"
[tables.purchases.columns]
purchase_id = "order_id"
person_id = "customer"
at = "at"
amount = "amount"
"""


def read(folder: Path, kind: str, here: str, there: str) -> tuple[int, int, list[str]]:
    """Orders of leads in truth and in the lake, and what is said of how the tables meet."""

    def cell(spelled: str, number: int) -> str:
        return '"' + SPELLED[spelled](KINDS[kind](number)).replace('"', '""') + '"'

    chance = random.Random(1)
    buyers = [chance.randrange(PEOPLE) for _ in range(ORDERS)]
    leads = [
        f"X{n},{cell(here, n)},2024-01-{1 + n % 28:02},{('yes', 'no', '')[n % 3]}"
        for n in range(LEADS)
    ]
    orders = [
        f"O{n},{cell(there, who)},2023-05-{1 + n % 28:02},{n * 3 + 1}.50"
        for n, who in enumerate(buyers)
    ]
    for name, header, rows in (
        ("leads.csv", "lead_id,customer,created_at,won", leads),
        ("orders.csv", "order_id,customer,at,amount", orders),
    ):
        (folder / name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    (folder / "umbrella.toml").write_text(SETTINGS, encoding="utf-8")
    workspace = open_workspace(folder)
    try:
        result = ingest(workspace)
        people = set(workspace.lake.current("leads", ["person_id"])["person_id"].to_pylist())
        found = workspace.lake.current("purchases", ["person_id"])["person_id"].to_pylist()
    finally:
        workspace.state.close()
    said = [link.sentence for link in result.links if link.is_broken]
    return sum(who < LEADS for who in buyers), sum(who in people for who in found), said


@pytest.mark.parametrize(("kind", "spelled"), LINKED)
@pytest.mark.parametrize("turned", [False, True], ids=["orders", "leads"])
def test_ids_in_two_spellings_meet(tmp_path: Path, kind: str, spelled: str, turned: bool) -> None:
    pair = (spelled, "plain") if turned else ("plain", spelled)
    truth, found, said = read(tmp_path, kind, *pair)
    assert (found, said) == (truth, [])


@pytest.mark.parametrize("kind", ["numbers", "long"])
def test_ids_that_do_not_meet_are_said(tmp_path: Path, kind: str) -> None:
    _, found, said = read(tmp_path, kind, "plain", "grouped")
    assert found == 0
    assert said[0].startswith(f"purchases: none of {ORDERS} belongs to a lead")
