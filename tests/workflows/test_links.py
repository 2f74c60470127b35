"""How tables meet: ids that are written differently are linked where it is safe, or it is said."""

from pathlib import Path

import pytest

from redumbrella.settings.settings import load_settings
from redumbrella.workflows.ingest import check, ingest
from redumbrella.workspace import open_workspace

LEADS = 60


def business(folder: Path, lead: str, buyer: str, *, beyond: int = 6) -> Path:
    """Leads 1001… and purchases of every third of them, and of some who are no leads.

    lead, buyer: how their ids are written, with {n} for the number.
    """
    folder.mkdir(exist_ok=True)
    lines = ["lead_id,person_id,created_at,won"]
    lines += [
        f"L{n},{lead.format(n=1000 + n)},2024-01-01T{n % 24:02}:00:00,{n % 2}" for n in range(LEADS)
    ]
    (folder / "leads.csv").write_text("\n".join(lines) + "\n")
    lines = ["person_id,at,amount"]
    buyers = [*range(0, LEADS, 3), *range(LEADS, LEADS + beyond)]
    lines += [f"{buyer.format(n=1000 + n)},2023-12-01T08:00:00,{n + 1}" for n in buyers]
    (folder / "purchases.csv").write_text("\n".join(lines) + "\n")
    (folder / "umbrella.toml").write_text(
        '[workspace]\nname = "w"\n[tables.leads]\npath = "leads.csv"\n'
        '[tables.purchases]\npath = "purchases.csv"\n'
    )
    return folder


@pytest.mark.parametrize(
    ("lead", "buyer"),
    [
        ("{n}", "{n}.0"),
        ("{n}.0", "{n}"),
        ("{n}", "'{n}"),
        ("{n}", "00{n}"),
        ("00{n}", "{n}"),
        ("ab{n}", "AB{n}"),
        ("AB{n}", "ab{n}"),
        ("p{n}@example.com", "P{n}@Example.com"),
        ("\u00a0{n}", "{n}\u200b"),
    ],
)
def test_ids_that_are_written_differently_meet(tmp_path: Path, lead: str, buyer: str) -> None:
    folder = business(tmp_path / "w", lead, buyer)
    (checked,) = check(load_settings(folder)).links
    (found,) = ingest(open_workspace(folder)).links
    assert checked == found
    assert (found.table, found.home, found.matched, found.total) == ("purchases", "leads", 20, 26)
    assert found.sentence == "purchases: 20 of 26 belong to a lead (20 of 60 leads have some)."


def test_ids_that_are_linked_by_a_looser_rule_are_said_and_stay_linked(tmp_path: Path) -> None:
    folder = business(tmp_path / "w", "{n}", "00{n}")
    notes = ingest(open_workspace(folder)).sources[1].notes
    assert any("without regard to leading zeros" in note for note in notes)
    with (folder / "purchases.csv").open("a") as file:
        file.write("001001,2023-12-02T08:00:00,5\n")
    result = ingest(open_workspace(folder))
    assert (result.sources[1].added, result.sources[1].unchanged) == (1, 26)
    assert (result.links[0].matched, result.links[0].total) == (21, 27)
    people = open_workspace(folder).lake.current("purchases").column("person_id").to_pylist()
    assert all(person.isdigit() and not person.startswith("0") for person in people)


def test_leading_zeros_that_tell_ids_apart_are_kept(tmp_path: Path) -> None:
    folder = business(tmp_path / "w", "{n}", "00{n}")
    with (folder / "purchases.csv").open("a") as file:
        file.write("0001003,2023-12-02T08:00:00,5\n")  # another one than 001003
    result = ingest(open_workspace(folder))
    assert result.links[0].is_broken
    people = open_workspace(folder).lake.current("purchases").column("person_id").to_pylist()
    assert {"001003", "0001003"} <= set(people)


@pytest.mark.parametrize(
    ("buyer", "without"),
    [
        ("C-{n}", "what stands before their number"),
        ("kunde {n}", "what stands before their number"),
    ],
)
def test_what_is_only_likely_is_said_and_not_done(tmp_path: Path, buyer: str, without: str) -> None:
    folder = business(tmp_path / "w", "{n}", buyer)
    (found,) = ingest(open_workspace(folder)).links
    assert (found.is_broken, found.matched, found.total) == (True, 0, 26)
    assert "none of 26 belongs to a lead, so nothing of them can tell about leads" in found.sentence
    assert f"Without {without} 20 would" in found.sentence
    assert f'"{buyer.format(n=1000)}"' in found.sentence


def test_people_who_are_no_leads_are_no_reason_for_alarm_but_are_said(tmp_path: Path) -> None:
    folder = business(tmp_path / "w", "{n}", "{n}", beyond=80)
    (found,) = ingest(open_workspace(folder)).links
    assert (found.is_weak, found.is_broken) == (True, False)
    assert "only 20 of 100 belong to a lead" in found.sentence


def test_an_older_export_does_not_undo_a_newer_state(tmp_path: Path) -> None:
    (tmp_path / "umbrella.toml").write_text(
        '[workspace]\nname = "w"\n[tables.leads]\npath = "*.csv"\n'
    )
    header = "lead_id,updated_at,won\n"
    (tmp_path / "a.csv").write_text(header + "x,2024-02-01T00:00:00,1\ny,2024-02-01T00:00:00,\n")
    ingest(open_workspace(tmp_path))
    (tmp_path / "b.csv").write_text(header + "x,2024-01-01T00:00:00,\ny,2024-03-01T00:00:00,0\n")
    (source,) = ingest(open_workspace(tmp_path)).sources
    assert (source.changed, source.older) == (1, 1)
    leads = open_workspace(tmp_path).lake.current("leads").to_pydict()
    assert dict(zip(leads["lead_id"], leads["won"], strict=True)) == {"x": True, "y": False}
    created = dict(zip(leads["lead_id"], leads["created_at"], strict=True))
    assert [created[lead].isoformat()[:10] for lead in "xy"] == ["2024-02-01", "2024-02-01"]
