"""Parameters of a company: every bad value is named at once, and none ends in a crash."""

import random
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import numpy as np
import pyarrow as pa
import pytest
from simulated_company import changed, live_days

from redumbrella.errors import SettingsError
from redumbrella.simulation.beginning import begin
from redumbrella.simulation.parameters import KNOWN, Company, company_text, read_company
from redumbrella.simulation.truth import TRUTHS

DELETED = object()
BAD = (0, -1, 1e9, "x", DELETED, True)
MUTATIONS = 210


def toml(document: dict[str, Any]) -> str:
    """A document as TOML, written inline."""
    return "\n".join(f"{key} = {_value(value)}" for key, value in document.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return f"'{value}'" if '"' in value else f'"{value}"'
    return str(value).lower()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to all numbers and texts of a document."""
    steps = value.items() if isinstance(value, dict) else enumerate(value)
    for step, one in steps:
        if isinstance(one, dict | list):
            yield from leaves(one, (*path, step))
        else:
            yield (*path, step)


def mutated(document: dict[str, Any], path: tuple[Any, ...], new: object) -> dict[str, Any]:
    """The document with another value at a path, or without it."""
    other = deepcopy(document)
    place: Any = other
    for step in path[:-1]:
        place = place[step]
    if new is DELETED:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return other


def problems_of(text: str) -> list[str]:
    """What reading says is wrong, a line each."""
    with pytest.raises(SettingsError) as caught:
        read_company(text, "own.toml")
    assert caught.value.reason == "bad_company"
    first, *lines, last = caught.value.message.split("\n")
    assert first == "Problems in own.toml:"
    assert last == "Mend the file."
    return [line.removeprefix("  - ") for line in lines]


def test_all_bad_values_are_named_at_once() -> None:
    said = problems_of(changed({
        "conversion.delay_days": 0, "conversion.expires_days": 1, "conversion.level": '"low"',
        "people.at_a_company": 1.5, "mail.share": "nan", "contact.tries": "2.5",
        "sizes.small": "{ visitors = -50, reps = 0 }", "season.drift": "inf",
        "messages.names": '["a", "b\\nc", "d"]', "reps.knows": "true", "topics.count": "9" * 400,
    }))  # fmt: skip
    assert said == [
        "sizes.small.visitors = -50: expected a number from 1 to 10,000.",
        "sizes.small.reps = 0: expected a whole number from 1 to 1,000.",
        "season.drift = inf: expected a number from -20 to 20.",
        "messages.names[1] = 'b\\nc': expected one line of text without quotes.",
        "people.at_a_company = 1.5: expected a number from 0 to 1.",
        "conversion.level = 'low': expected a number from -20 to 20.",
        "conversion.delay_days = 0: expected a number from 0.1 to 3,650.",
        "conversion.expires_days = 1: expected a whole number from 2 to 3,650.",
        "contact.tries = 2.5: expected a whole number from 0 to 1,000.",
        "mail.share = nan: expected a number from 0 to 1.",
        "reps.knows = True: expected a number from 0 to 1.",
        f"topics.count = {'9' * 400}: expected a whole number from 0 to 1,000.",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"messages.shares": "[0, 0, 0]"}, ["messages.shares: all are 0"]),
        ({"regions.shares": "[0, 0, 0, 0, 0]"}, ["regions.shares: all are 0"]),
        ({"messages.shares": "[1, 1]"}, ["messages.shares: expected 3 numbers"]),
        ({"change.day": 5, "change.rival_type": '"corse"'}, ['Did you mean "course"?']),
        ({"change.day": 5, "change.renamed": '"page"'}, ['change.renamed = "page": there is none']),
        ({"reps.minutes_per_day": 20}, ["no call fits in, as one may last 25.2 minutes"]),
        ({"contact.minutes_missed": 26}, ["contact.minutes_missed = 26: expected at most 25.2"]),
        ({"accounts.industries": "[]", "accounts.fit": "[]"}, ["accounts.industries: 0 of them"]),
    ],
)
def test_what_does_not_fit_together_is_named(changes: dict[str, object], words: list[str]) -> None:
    said = problems_of(changed(changes))
    assert len(said) == len(words)
    for one, wanted in zip(said, words, strict=True):
        assert wanted in one


def test_names_of_other_tables_are_looked_up() -> None:
    document = tomllib.loads(company_text("valiant"))
    document["clients"][0] |= {"type": "placment", "region": "Nrth"}
    document["partners"][1]["types"] = ["course", "books"]
    document["products"][1]["type"] = "placement"
    del document["sizes"]["large"]
    for some in document["kinds"].values():
        for look in some:
            look["weights"][4] = 0
    said = "\n".join(problems_of(toml(document)))
    for words in ('clients[0].type = "placment"', 'Did you mean "North"?', "sizes.large: missing",
                  'partners[1].types = "books"', "another type for each",
                  "no weight above 0 for a robot"):  # fmt: skip
        assert words in said, words


def test_keys_that_are_unknown_or_missing_are_named() -> None:
    text = company_text("valiant").replace("delay_days =", "delay_day =")
    said = problems_of(text)
    assert any("conversion.delay_day: unknown key." in one and "delay_days" in one for one in said)
    assert "conversion.delay_days: missing." in said
    with pytest.raises(SettingsError, match=r"own\.toml: no valid TOML\. Invalid value"):
        read_company("name = ", "own.toml")


def numbers_without_limits(kind: Any, place: str) -> Iterator[str]:
    """Fields that hold numbers and do not say which ones."""
    if get_origin(kind) is Annotated or kind in (str, bool):
        return
    if is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        for one in fields(kind):
            yield from numbers_without_limits(hints[one.name], f"{place}.{one.name}")
    elif get_args(kind):
        for inner in get_args(kind):
            if inner is not ...:
                yield from numbers_without_limits(inner, place)
    else:
        yield place


def test_every_number_says_what_it_may_be() -> None:
    assert list(numbers_without_limits(Company, "company")) == []


def lives(text: str) -> None:
    """Three days, with rows and truth: no number of them is nonsense."""
    world = begin(text, 1, "small", date(2025, 1, 1), None)
    for day, rows in live_days(world, 3):
        assert np.isfinite(day.money.profit)
        assert all(table.num_rows for table in rows.values())
    assert len(world.people) > 0
    for truth in TRUTHS.values():
        table = truth(world)
        for name in table.column_names:
            if pa.types.is_floating(table[name].type):
                assert np.isfinite(table[name].drop_null().to_numpy()).all(), name


def test_whatever_the_value_it_is_refused_or_lived_with() -> None:
    documents = {name: tomllib.loads(company_text(name)) for name in KNOWN}
    every = [(name, path, new) for name, document in documents.items()
             for path in leaves(document) for new in BAD]  # fmt: skip
    refused = 0
    for name, path, new in random.Random(20250101).sample(every, MUTATIONS):
        text = toml(mutated(documents[name], path, new))
        try:
            read_company(text, "own.toml")
        except SettingsError:
            refused += 1
            continue
        try:
            lives(text)
        except Exception as problem:
            raise AssertionError(f"{name}: {path} = {new!r} ends in {problem!r}") from problem
    # Both happen: what is wrong is refused, and what is only unusual is not.
    assert MUTATIONS * 0.5 < refused < MUTATIONS * 0.95


@pytest.mark.parametrize("name", KNOWN)
def test_companies_that_come_along_are_found_and_without_fault(name: str) -> None:
    company = read_company(company_text(name), name)
    assert company.name.lower() == name
    assert read_company(toml(tomllib.loads(company_text(name))), name) == company


def test_an_unknown_company_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r'no company "valiantt".*Did you mean "valiant"'):
        company_text("valiantt")
    with pytest.raises(SettingsError, match="cannot be read"):
        company_text(str(tmp_path / "none.toml"))
    (tmp_path / "own.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="is not UTF-8 text"):
        company_text(str(tmp_path / "own.toml"))
