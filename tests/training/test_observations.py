"""Closed and open leads at an instant, and what their order in time is."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lead_worlds import START, TIME, times

from redumbrella.clock import to_microseconds
from redumbrella.columns import INGESTED_AT
from redumbrella.errors import DataError
from redumbrella.training.observations import (
    Observations,
    begun_at,
    lead_observations,
    notes_on_the_future,
)

LATER = to_microseconds(datetime(2030, 1, 1, tzinfo=UTC))
DAY = timedelta(days=1)


def leads(
    won: list[bool | None],
    created: list[datetime | None] | None = None,
    closed: list[datetime | None] | None = None,
    order: list[int] | None = None,
) -> pa.Table:
    columns = {
        "lead_id": pa.array([f"L{n}" for n in range(len(won))]),
        "won": pa.array(won, pa.bool_()),
        "_order": pa.array(order if order is not None else range(len(won)), pa.int64()),
    }
    if created is not None:
        columns["created_at"] = pa.array(created, TIME)
    if closed is not None:
        columns["closed_at"] = pa.array(closed, TIME)
    return pa.table(columns)


def ids(table: pa.Table) -> list[str]:
    found: list[str] = table["lead_id"].to_pylist()
    return found


def test_closed_are_in_order_of_creation_and_open_are_apart() -> None:
    at = times(5, DAY)
    table = leads([True, None, False, True, None], [at[3], at[0], at[1], at[0], at[4]])
    seen = lead_observations(table, LATER)
    assert ids(seen.closed) == ["L3", "L2", "L0"]
    np.testing.assert_array_equal(seen.won, [1.0, 0.0, 1.0])
    assert ids(seen.open) == ["L1", "L4"]
    assert seen.order == "created_at"
    np.testing.assert_array_equal(seen.position, [to_microseconds(at[k]) for k in (0, 1, 3)])
    np.testing.assert_array_equal(seen.open_position, [to_microseconds(at[k]) for k in (0, 4)])


def test_only_what_was_known_at_the_instant_counts() -> None:
    at = times(4, DAY)
    table = leads([True, False, True, None], at, [at[1], at[3], None, None])
    seen = lead_observations(table, to_microseconds(at[2]))
    # L0 had closed, L1 closed later and was open, L2 and L3 were not there yet.
    assert ids(seen.closed) == ["L0"]
    assert ids(seen.open) == ["L1"]
    just_after = lead_observations(table, to_microseconds(at[3]) + 1)
    assert ids(just_after.closed) == ["L0", "L1", "L2"]
    assert ids(just_after.open) == ["L3"]
    at_the_close = lead_observations(table, to_microseconds(at[1]))
    assert ids(at_the_close.closed) == []
    assert ids(at_the_close.open) == ["L0"]


def test_without_times_the_rows_are_in_order_of_reading() -> None:
    seen = lead_observations(leads([True, False, None, True], order=[9, 2, 5, 4]), LATER)
    assert seen.order == "rows"
    assert ids(seen.closed) == ["L1", "L3", "L0"]
    np.testing.assert_array_equal(seen.position, [2, 4, 9])
    np.testing.assert_array_equal(seen.open_position, [5])


def test_hardly_any_times_are_no_times() -> None:
    at = times(20)
    some: list[datetime | None] = [None if n % 4 == 0 else at[n] for n in range(20)]
    assert lead_observations(leads([True, False] * 10, some), LATER).order == "rows"
    one: list[datetime | None] = [None, *at[1:]]
    seen = lead_observations(leads([True, False] * 10, one), LATER)
    assert seen.order == "created_at"
    assert ids(seen.closed)[:2] == ["L0", "L1"]


def test_ties_in_time_keep_the_order_of_reading() -> None:
    table = leads([True, False, True], [START] * 3, order=[7, 3, 5])
    assert ids(lead_observations(table, LATER).closed) == ["L1", "L2", "L0"]


@pytest.mark.parametrize("first", [True, False])
def test_a_file_sorted_by_outcome_has_no_order(first: bool) -> None:
    seen = lead_observations(leads([first] * 60 + [not first] * 200 + [None] * 5), LATER)
    assert seen.order == "none"
    assert seen.open_among
    assert seen.won.sum() == (60 if first else 200)
    halves = seen.won[:130].mean(), seen.won[130:].mean()
    assert abs(halves[0] - halves[1]) < 0.2
    again = lead_observations(leads([first] * 60 + [not first] * 200 + [None] * 5), LATER)
    np.testing.assert_array_equal(seen.position, again.position)


def test_a_file_in_a_natural_order_is_not_sorted_by_outcome() -> None:
    won = (np.random.default_rng(0).random(300) < 0.1).tolist()
    assert lead_observations(leads(won), LATER).order == "rows"


def place_open_leads(where: str) -> Observations:
    at = times(200)
    won: list[bool | None] = [n % 3 == 0 for n in range(200)]
    for n in range(200):
        is_open = {"after": n >= 150, "among": n % 4 == 0, "partly": n >= 150 or n % 40 == 0}[where]
        won[n] = None if is_open else won[n]
    return lead_observations(leads(won, list(at)), LATER)


def test_open_leads_among_or_after_the_closed_ones() -> None:
    assert not place_open_leads("after").open_among
    assert place_open_leads("among").open_among
    assert not place_open_leads("partly").open_among
    assert not lead_observations(leads([True, False] * 9), LATER).open_among


@pytest.mark.parametrize("won", [[], [None], [None] * 30])
def test_no_outcome_at_all_is_one_clear_message(won: list[bool | None]) -> None:
    with pytest.raises(DataError, match="No lead has an outcome yet") as caught:
        lead_observations(leads(won), LATER)
    assert caught.value.reason == "no_outcomes"
    assert "won = " in caught.value.message


def test_no_outcome_column_is_the_same_message() -> None:
    with pytest.raises(DataError, match="No lead has an outcome yet"):
        lead_observations(leads([True]).drop_columns(["won"]), LATER)


moment = st.integers(0, 40).map(lambda n: START + n * DAY)


@settings(deadline=None, max_examples=80)
@given(
    st.lists(
        st.tuples(st.none() | st.booleans(), moment, st.none() | st.integers(0, 20)),
        min_size=1,
        max_size=40,
    ).filter(lambda rows: any(row[0] is not None for row in rows)),
    moment,
)
def test_every_lead_is_closed_open_or_not_there_yet(
    rows: list[tuple[bool | None, datetime, int | None]], as_of: datetime
) -> None:
    won = [row[0] for row in rows]
    created = [row[1] for row in rows]
    closed = [None if row[2] is None or row[0] is None else row[1] + row[2] * DAY for row in rows]
    table = leads(won, list(created), closed)
    seen = lead_observations(table, to_microseconds(as_of))
    shut, still = set(ids(seen.closed)), set(ids(seen.open))
    assert not shut & still
    for n, (outcome, at, _) in enumerate(rows):
        end = closed[n]
        name = f"L{n}"
        assert (name in shut | still) == (at < as_of)
        if name in shut:
            assert outcome is not None
            assert end is None or end < as_of
    assert (np.diff(seen.position) >= 0).all()
    by_id = {f"L{n}": value for n, value in enumerate(won)}
    assert [bool(w) for w in seen.won] == [by_id[name] for name in ids(seen.closed)]
    assert seen.open_position.size == len(still)


def test_what_lies_in_the_future_is_said() -> None:
    at = times(4, DAY)
    closed = [at[3], at[1], at[3], None]
    table = leads([True, False, None, True], [at[0], at[0], at[0], at[2]], closed)
    created, ended = notes_on_the_future(table, to_microseconds(at[2]))
    assert created.startswith("Leads created after this instant: 1. They are neither")
    assert ended.startswith("Leads with an outcome that are closed after this instant: 1.")
    assert "count as open" in ended
    assert notes_on_the_future(table, LATER) == []
    assert notes_on_the_future(leads([True, None]), LATER) == []


def test_a_lead_of_which_only_the_day_is_known_is_asked_about_as_before_that_day() -> None:
    lisbon = pa.timestamp("us", "Europe/Lisbon")
    end = datetime(2024, 7, 1, 22, 59, 59, 999_999, tzinfo=UTC)  # of the first of July in Lisbon
    exact = datetime(2024, 7, 1, 9, 30, tzinfo=UTC)
    created = pa.chunked_array([pa.array([end, exact, None], lisbon)])
    found = begun_at(created).to_pylist()
    assert [None if at is None else at.astimezone(UTC) for at in found] == [
        datetime(2024, 6, 30, 23, 0, tzinfo=UTC),
        exact,
        None,
    ]


def learned(won: list[bool | None], closed: list[str | None], at: str) -> pa.Table:
    """Leads created on successive days of 2024, of which Red Umbrella learned at an instant."""
    created = [noon(f"2024-01-{1 + n:02}") for n in range(len(won))]
    table = leads(won, created, [None if text is None else noon(text) for text in closed])
    return table.append_column(INGESTED_AT, pa.array([noon(at)] * len(won), TIME))


def noon(day: str) -> datetime:
    return datetime.fromisoformat(day + "T12:00Z")


def test_an_outcome_that_is_written_down_is_decided_whatever_its_close_date() -> None:
    closed = ["2024-02-01", "2099-01-01", "2099-01-01", "2023-06-01", None]
    table = learned([True, False, None, True, False], closed, "2024-03-01")
    seen = lead_observations(table, to_microseconds(noon("2024-03-02")))
    assert ids(seen.closed) == ["L0", "L1", "L3", "L4"]
    assert ids(seen.open) == ["L2"], "a planned close decides nothing"
    known = [time is not None for time in seen.closed["closed_at"].to_pylist()]
    assert known == [True, False, False, False], "when they closed is not known"
    notes = notes_on_the_future(table, to_microseconds(noon("2024-03-02")))
    assert len(notes) == 1
    assert "close date in the future: 1. They count as decided" in notes[0]


def test_before_it_was_learned_a_later_close_leaves_a_lead_open() -> None:
    table = learned([True, False, False], ["2024-02-01", "2099-01-01", "2024-02-20"], "2024-03-01")
    before = lead_observations(table, to_microseconds(noon("2024-02-10")))
    assert ids(before.closed) == ["L0"]
    assert ids(before.open) == ["L1", "L2"]
    assert before.closed["closed_at"].null_count == 0
