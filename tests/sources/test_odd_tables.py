"""Odd tables with known truth: no difference between them and the lake without a word."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.independent_reader import AMBIGUOUS, read_numbers, read_times
from tests.odd_comparison import differences, prepare
from tests.odd_tables import CHOICES, OddTable, odd_table, odd_tables, table_of


def silent(table: OddTable, folder: Path, prepared: Path, *, by_init: bool) -> list[str]:
    """What differs from the truth without a word."""
    own = Path(tempfile.mkdtemp(dir=folder))
    found = differences(table, own, by_init=by_init, prepared=prepared)
    return [f"{one.kind} in {one.column}: {one.example}" for one in found if one.is_silent]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("prepared"))


@pytest.mark.parametrize("seed", range(48))
def test_nothing_is_read_otherwise_without_a_word(
    tmp_path: Path, prepared: Path, seed: int
) -> None:
    table = table_of(seed)
    assert silent(table, tmp_path, prepared, by_init=seed % 3 == 0) == []


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(table=odd_tables)
def test_any_mixture_of_spellings(
    tmp_path: Path, prepared: Path, table: OddTable
) -> None:
    assert silent(table, tmp_path, prepared, by_init=False) == []


def plain(**other: str) -> OddTable:
    """The plainest table but for some choices."""
    return odd_table({kind: ways[0] for kind, ways in CHOICES.items()} | other, 7)


def test_the_comparison_sees_what_is_wrong(tmp_path: Path, prepared: Path) -> None:
    """A truth that is not the file's is found, cell by cell, so that the test can fail."""
    table = plain()
    key = next(iter(table.records))
    right = table.records[key]["amount"]
    table.records[key]["amount"] = right * 1_000  # type: ignore[index]
    found = silent(table, tmp_path, prepared, by_init=False)
    assert [one.split(" in ")[0] for one in found] == ["number: other value"]
    table.records[key]["amount"] = right  # type: ignore[index]
    table.records["nobody"] = dict(table.records[key])  # type: ignore[index]
    found = silent(table, tmp_path, prepared, by_init=False)
    assert [one.split(" in ")[0] for one in found] == ["rows lost"]


def test_the_second_reader_says_what_nothing_decides() -> None:
    assert read_numbers(["1.234", "2.500"]) == [AMBIGUOUS, AMBIGUOUS]
    assert read_numbers(["1.234", "2.500,00"]) == [1234.0, 2500.0]
    table = plain(time="day slashes", days="up to the twelfth")
    days = read_times(table.column("created_at").cells, table.zone)
    assert AMBIGUOUS in days
