"""Facts with their person: visitors who became known, cancellations, wrong clocks, profiles."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from lead_worlds import quiet

from redumbrella.clock import to_microseconds
from redumbrella.features import facts as facts_module
from redumbrella.features.facts import Facts, read_facts
from redumbrella.features.profiles import profiles_of
from redumbrella.workflows.ingest import ingest
from redumbrella.workspace import open_workspace

FILES = {
    "events": "person,visitor,at,kind\n"
    "ann,,2024-03-01T10:00:00Z,visit\n"
    ",v1,2024-03-02T10:00:00Z,visit\n"
    ",v2,2024-03-03T10:00:00Z,visit\n"
    "bob,,1985-06-01T08:30:00Z,visit\n"
    "bob,,2031-01-01T00:00:00Z,visit\n"
    "bob,,2024-03-05T10:00:00Z,visit\n"
    "bob,,2024-03-05T10:00:00Z,visit\n",
    "identities": "visitor,person,at\nv1,ann,2024-03-09T10:00:00Z\n",
    "purchases": "person,at,amount,promotion,cancelled\n"
    "ann,2024-03-04T10:00:00Z,20,spring,2024-03-06T10:00:00Z\n"
    "ann,2024-03-05T10:00:00Z,-5,,\n"
    "bob,2024-03-05T10:00:00Z,30,,\n",
    "activities": "lead,at,kind,outcome\nL1,2024-03-02T10:00:00Z,call,refused\n",
    "leads": "lead,person,created,won\nL1,ann,2024-03-01T10:00:00Z,1\n",
    "people": "person,known,job\nann,2024-03-01T00:00:00Z,clerk\nann,2024-03-08T00:00:00Z,boss\n",
}
COLUMNS = {
    "events": {"person_id": "person", "anonymous_id": "visitor", "at": "at", "kind": "kind"},
    "identities": {"anonymous_id": "visitor", "person_id": "person", "at": "at"},
    "purchases": {
        "person_id": "person",
        "at": "at",
        "amount": "amount",
        "promotion": "promotion",
        "cancelled_at": "cancelled",
    },
    "activities": {"lead_id": "lead", "at": "at", "kind": "kind", "outcome": "outcome"},
    "leads": {"lead_id": "lead", "person_id": "person", "created_at": "created", "won": "won"},
    "people": {"person_id": "person", "known_at": "known"},
}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return facts_of(tmp_path_factory.mktemp("facts"), FILES)


def facts_of(folder: Path, files: Mapping[str, str], at: datetime | None = None) -> Facts:
    text = '[workspace]\ntimezone = "UTC"\n'
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
        text += f'[tables.{name}]\npath = "{name}.csv"\n[tables.{name}.columns]\n'
        text += "".join(f'{column} = "{source}"\n' for column, source in COLUMNS[name].items())
    (folder / "umbrella.toml").write_text(text, encoding="utf-8")
    workspace = open_workspace(folder)
    ingest(workspace, quiet)
    found = read_facts(workspace.lake, to_microseconds(at or datetime(2024, 4, 1, tzinfo=UTC)))
    workspace.state.close()
    return found


def test_a_visitor_belongs_to_the_person_once_that_is_known(known: Facts) -> None:
    events = known.tables["events"]
    assert sorted(events["person_id"].to_pylist()) == ["ann", "ann", "bob"]
    visit = events.filter(pa.compute.equal(events["at"], datetime(2024, 3, 2, 10, tzinfo=UTC)))
    assert visit["known_at"].to_pylist() == [datetime(2024, 3, 9, 10, tzinfo=UTC)]


def test_facts_with_a_wrong_clock_are_left_out_and_reported(known: Facts) -> None:
    notes = " ".join(known.notes)
    assert "1 events are dated before 1990" in notes
    assert "1 events are dated after this instant" in notes


def test_a_cancellation_and_a_refund_are_facts_of_their_own(known: Facts) -> None:
    found = known.tables["purchases"].select(["at", "code"]).to_pylist()
    codes = [row["code"] for row in found]
    assert sorted(codes) == ["cancellation", "purchase", "refund", "spring"]
    cancelled = next(row for row in found if row["code"] == "cancellation")
    assert cancelled["at"] == datetime(2024, 3, 6, 10, tzinfo=UTC)


def test_an_activity_of_a_lead_belongs_to_its_person(known: Facts) -> None:
    found = known.tables["activities"].to_pylist()
    assert [(row["person_id"], row["code"]) for row in found] == [("ann", "call/refused")]


def test_nothing_at_or_after_the_instant_is_read(tmp_path: Path) -> None:
    found = facts_of(tmp_path, FILES, datetime(2024, 3, 5, 10, tzinfo=UTC))
    assert found.tables["events"].num_rows == 2
    assert found.tables["purchases"]["code"].to_pylist() == ["spring"]
    assert found.end == to_microseconds(datetime(2024, 3, 4, 10, tzinfo=UTC)) + 1


def test_a_robot_is_named(known: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "robots" not in " ".join(known.notes)
    monkeypatch.setattr(facts_module, "MANY_FACTS", 20)
    lines = [f"bot,,2024-03-{1 + n % 28:02d}T10:00:{n % 60:02d}Z,visit" for n in range(40)]
    found = facts_of(tmp_path, {"events": "person,visitor,at,kind\n" + "\n".join(lines) + "\n"})
    assert any("1 person has more than 20 events" in note for note in found.notes)


def test_a_profile_is_what_was_known_before_the_instant(known: Facts) -> None:
    assert known.profiles is not None
    records = pa.table({"lead_id": ["a", "b", "c", "d"]})
    people = pa.chunked_array([["ann", "ann", "ann", "nobody"]])
    days = [datetime(2024, 3, day, tzinfo=UTC) for day in (1, 2, 9, 9)]
    at = np.array([to_microseconds(day) for day in days])
    found = known.profiles.beside(records, people, at)
    # A version known at the instant itself was not known before it.
    assert found["person.job"].to_pylist() == [None, "clerk", "boss", None]


def test_profiles_without_a_date_count_from_the_start_and_say_so(tmp_path: Path) -> None:
    undated = {"people": "person,known,job\nann,,clerk\n"}
    found = facts_of(tmp_path, undated)
    assert any("no known_at" in note for note in found.notes)
    assert found.profiles is not None
    assert not found.profiles.is_dated
    record = found.profiles.beside(
        pa.table({"lead_id": ["a"]}), pa.chunked_array([["ann"]]), np.array([0])
    )
    assert record["person.job"].to_pylist() == ["clerk"]


def test_of_many_versions_the_newest_earlier_one_counts() -> None:
    rng = np.random.default_rng(4)
    person = [f"p{k}" for k in rng.integers(0, 9, 200)]
    day = rng.integers(0, 1_000, 200) * 1_000_000
    table = pa.table(
        {
            "person_id": person,
            "known_at": pa.array(day, pa.timestamp("us", "UTC")),
            "value": np.arange(200.0),
        }
    )
    profiles = profiles_of(table, ("person_id", "known_at"))
    asked = [f"p{k}" for k in rng.integers(0, 11, 300)]
    at = rng.integers(0, 1_000, 300) * 1_000_000
    found = profiles.beside(pa.table({"n": at}), pa.chunked_array([asked]), at)
    for who, instant, value in zip(asked, at, found["person.value"].to_pylist(), strict=True):
        known = [(d, k) for k, (p, d) in enumerate(zip(person, day, strict=True))
                 if p == who and d < instant]  # fmt: skip
        assert value == (max(known)[1] if known else None)


def test_facts_of_one_instant_stand_in_the_order_of_reading(tmp_path: Path) -> None:
    """So many that the lake has several groups of rows, which are sorted side by side."""
    n = 250_000
    at, earlier = "2024-03-05T10:00:00Z", "2024-03-05T09:59:00Z"
    undone = range(0, n, 100_000)
    sales = "".join(
        f"p{k % 7},{earlier if k in undone else at},{k + 1},,{at if k in undone else ''}\n"
        for k in range(n)
    )
    visits = "".join(f",v{k % 5},{at},k{k}\n" for k in range(n))
    files = {
        "purchases": f"person,at,amount,promotion,cancelled\n{sales}",
        "events": f"person,visitor,at,kind\n{visits}",
        # At the first instant two persons: the one that was read first.
        "identities": "visitor,person,at\n"
        + "".join(f"v{v},q{person},{at}\n" for person in (9, 1, 5) for v in range(5)),
    }
    found = facts_of(tmp_path, files)
    bought = found.tables["purchases"]
    kept = bought["code"].to_numpy() != "cancellation"
    first = [k + 1 for k in undone]
    others = [k + 1 for k in range(n) if k not in undone]
    assert bought["amount"].to_numpy()[kept].tolist() == first + others
    assert bought["amount"].to_numpy()[~kept].tolist() == first
    assert not kept[-3:].any()
    assert found.tables["events"]["kind"].to_pylist() == [f"k{k}" for k in range(n)]
    assert set(found.tables["events"]["person_id"].to_pylist()) == {"q9"}


def test_a_lead_may_have_a_field_called_as_a_profile_has_it() -> None:
    people = pa.table({"person_id": ["a"], "known_at": pa.nulls(1), "job": ["clerk"]})
    records = pa.table({"person_id": ["a"], "person.job": ["own"]})
    profiles = profiles_of(people, ["person_id", "known_at"])
    beside = profiles.beside(records, records["person_id"], np.array([1]))
    assert beside.column_names == ["person_id", "person.job", "person.job (2)"]
    assert beside["person.job (2)"].to_pylist() == ["clerk"]
