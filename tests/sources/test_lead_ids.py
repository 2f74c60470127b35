"""Which column of a file of leads is taken as the id: names of eight languages, codes, copies."""

import random
from pathlib import Path

import pytest

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.guess import guess_files

NAMES = """
    Dossiernummer, Dossier, Klantnummer, Offertenummer, Offerte-Nr., Numéro de dossier, N° dossier,
    Bestellung Nr., Case, Ref, Case Ref, Customer Number, Kundennr, Número de caso, Numer sprawy,
    Numero pratica, Vorgang, Akte
""".replace("\n", " ").split(",")


def id_of(
    folder: Path, ids: list[str], name: str = "", *, others: str = "", more: str = ""
) -> Choice:
    """The choice of lead_id in a file of leads; an empty `name` leaves the ids out."""
    chance = random.Random(3)
    header = [
        *([name] if name else []),
        "Angelegt am",
        "Quelle",
        *([others] if others else []),
        "Ergebnis",
    ]
    lines = [";".join(header)]
    for number, one in enumerate(ids):
        row = [one] if name else []
        row += [f"{1 + number % 28:02}.{1 + number % 12:02}.2024", chance.choice(["Web", "Messe"])]
        row += [more.format(chance.randrange(10_000, 100_000_000) // 7)] if others else []
        lines.append(";".join([*row, chance.choice(["won", "lost", ""])]))
    (folder / "leads.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (guess,) = guess_files(["leads.csv"], folder)
    assert guess.table == "leads"
    return next(choice for choice in guess.choices if choice.name == "lead_id")


@pytest.mark.parametrize("name", [name.strip() for name in NAMES])
@pytest.mark.parametrize("form", ["{}", "A-{}"])
def test_a_column_of_its_own_number_in_every_row_is_the_id(
    tmp_path: Path, name: str, form: str
) -> None:
    chosen = id_of(tmp_path, [form.format(100_200 + n) for n in range(200)], name)
    assert chosen.origin == ColumnSource(name)
    assert "different in every row" in chosen.why


def test_an_id_without_a_telling_name_says_so(tmp_path: Path) -> None:
    chosen = id_of(tmp_path, [str(100_200 + n) for n in range(200)], "Akte")
    assert "nothing better is named so" in chosen.why


@pytest.mark.parametrize(
    ("name", "form"),
    [("Verbrauch", "{}"), ("Betrag", "{}.5"), ("Telefon", "0{}"), ("Umsatz", "{}"),
     ("Seite", "www.x{}.de")],
)  # fmt: skip
def test_measures_and_ways_to_reach_people_are_no_ids(tmp_path: Path, name: str, form: str) -> None:
    chosen = id_of(tmp_path, ["x"] * 200, others=name, more=form)
    assert chosen.origin == ColumnSource(row=True)
    assert "no column looks like an id" in chosen.why


def test_a_file_pasted_below_itself_has_each_lead_twice(tmp_path: Path) -> None:
    ids = [f"A-{n}" for n in range(150)]
    chosen = id_of(tmp_path, ids + ids, "Nr")
    assert chosen.origin == ColumnSource("Nr")
    assert "150 different ones in 300 rows: versions of a lead" in chosen.why


def test_a_code_that_comes_again_beside_a_more_different_column_is_no_id(tmp_path: Path) -> None:
    regions = [str(8_000 + n // 2) for n in range(300)]
    chosen = id_of(tmp_path, regions, "Code", others="Verbrauch", more="{}")
    assert chosen.origin == ColumnSource(row=True)
