"""Labels that `init` writes: units in names, camelCase, numbers that stand for "never"."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from redumbrella.settings.labels import Labels
from redumbrella.settings.settings import load_settings
from redumbrella.sources.guessing.guess import guess_files
from redumbrella.sources.guessing.template import settings_text
from redumbrella.workflows.ingest import check

Value = Callable[[random.Random], object]


def labels_of(folder: Path, columns: dict[str, Value], more: str = "") -> Labels:
    """The labels of the settings that `init` would write for leads with these fields."""
    chance = random.Random(3)
    lines = [",".join(["lead_id", "created_at", "won", *columns])]
    for n in range(300):
        made = (str(value(chance)) for value in columns.values())
        day = f"2024-{1 + n // 28:02d}-{1 + n % 28:02d}"
        lines.append(",".join([f"L{n}", day, str(n % 2), *made]))
    (folder / "leads.csv").write_text("\n".join(lines) + "\n", "utf-8")
    guesses = guess_files(["leads.csv"], folder)
    (folder / "umbrella.toml").write_text(settings_text("x", folder, guesses) + more, "utf-8")
    return load_settings(folder).labels


def test_names_and_units(tmp_path: Path) -> None:
    found = labels_of(
        tmp_path,
        {
            "lastContact.channel": lambda c: c.choice(["mail", "phone"]),
            "distance_km": lambda c: c.randint(100, 5_000),
            "plain_name": lambda c: c.randint(1, 9),
        },
    )
    assert dict(found.fields) == {"lastContact.channel": "last contact channel"}
    assert dict(found.units) == {"distance_km": "km"}
    assert dict(found.values) == {}
    assert found.field("distance_km") == "distance"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("pdays", lambda c: c.choice([999, 999, 999, c.randint(0, 27)]), {"999": "never"}),
        ("days_since_call", lambda c: c.choice([-1, c.randint(0, 300)]), {"-1": "never"}),
        ("age", lambda c: c.choice([999, c.randint(18, 90)]), {"999": "not known"}),
        # So many days do happen, the number stands alone by chance, or the name says nothing.
        ("pdays", lambda c: c.randint(0, 999), {}),
        ("pdays", lambda c: c.choice([999, c.randint(0, 700)]), {}),
        ("pdays", lambda c: 999 if c.random() < 0.004 else c.randint(0, 27), {}),
        ("rooms", lambda c: c.choice([999, c.randint(0, 27)]), {}),
        ("balance_days", lambda c: c.choice([-1, c.randint(-30, 30)]), {}),
    ],
)
def test_a_number_that_stands_apart(
    tmp_path: Path, name: str, value: Value, expected: dict[str, str]
) -> None:
    found = labels_of(tmp_path, {name: value})
    assert dict(found.values.get(name, {})) == expected


def test_check_names_labels_of_no_field(tmp_path: Path) -> None:
    labels_of(
        tmp_path,
        {"pdays": lambda c: c.randint(0, 27)},
        '[labels.fields]\npday = "days since the last contact"\npdays = "days"\n',
    )
    result = check(load_settings(tmp_path))
    said = [note for source in result.sources for note in source.notes if "[labels]" in note]
    assert said == ['[labels] names "pday", but no table has such a field. Did you mean "pdays"?']
    assert not result.problems
