"""The leak guard: each kind of evidence on a small table, and silence on honest fields."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lead_worlds import TIME, times

from redumbrella.training.leaks import Leak, find_leaks

CLOSED, OPEN = 400, 60
WON = (np.random.default_rng(3).random(CLOSED) < 0.3).astype(np.float64)


def find(
    closed: Any, opened: Any, won: np.ndarray[Any, Any] = WON, keep: tuple[str, ...] = ()
) -> list[Leak]:
    """The findings on one field `x`; both sides as lists or Arrow arrays."""
    kind = pa.array(closed).type
    tables = pa.table({"x": pa.array(closed)}), pa.table({"x": pa.array(opened, kind)})
    return find_leaks(tables[0], won, tables[1], ["x"], keep)


def only(found: list[Leak]) -> tuple[str, str]:
    assert len(found) == 1
    assert found[0].column == "x"
    assert found[0].evidence
    return found[0].reason, found[0].severity


def noise(rows: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).normal(size=rows)


columns = st.sampled_from(["text", "number", "flag", "time"])


def column(kind: str, rows: int, seed: int) -> pa.Array:
    rng = np.random.default_rng(seed)
    if kind == "text":
        return pa.array(rng.choice(["a", "b", "c", "d"], rows))
    if kind == "number":
        return pa.array(rng.normal(size=rows))
    if kind == "flag":
        return pa.array(rng.random(rows) < 0.4)
    at = times(1)[0]
    return pa.array([at + timedelta(hours=int(h)) for h in rng.integers(0, 9_999, rows)], TIME)


@settings(deadline=None, max_examples=60)
@given(columns, st.integers(1, 120), st.integers(1, 60), st.integers(0, 99))
def test_complete_when_closed_and_empty_when_open_is_always_caught(
    kind: str, closed: int, opened: int, seed: int
) -> None:
    values = column(kind, closed, seed)
    won = (np.random.default_rng(seed).random(closed) < 0.3).astype(np.float64)
    found = find(values, [None] * opened, won)
    assert only(found) == ("only_when_closed", "leak")
    assert "none of the" in found[0].evidence


@settings(deadline=None, max_examples=60)
@given(
    columns,
    st.integers(100, 400),
    st.integers(0, 120),
    st.integers(0, 10_000),
    st.sampled_from([0.0, 0.2, 0.6, 0.9]),
)
@example("flag", 100, 37, 24, 0.9)
def test_independent_noise_is_never_a_leak(
    kind: str, closed: int, opened: int, seed: int, missing: float
) -> None:
    rng = np.random.default_rng(seed)
    both = column(kind, closed + opened, seed).to_pylist()
    gone = rng.random(closed + opened) < missing
    values = [None if empty else value for value, empty in zip(both, gone, strict=True)]
    won = (rng.random(closed) < 0.3).astype(np.float64)
    typed = pa.array(values, column(kind, 1, 0).type)
    found = find(typed[:closed], typed[closed:], won)
    assert [leak for leak in found if leak.severity == "leak"] == []


def test_mostly_filled_when_closed() -> None:
    closed = [None if n % 5 == 0 else 1.0 + n % 3 for n in range(CLOSED)]
    assert only(find(closed, [2.0] + [None] * (OPEN - 1))) == ("only_when_closed", "leak")
    assert find(closed, [2.0 if n % 2 else None for n in range(OPEN)]) == []


@pytest.mark.parametrize("word", ["Select", "unknown", "", "0"])
def test_one_placeholder_for_every_open_lead(word: str) -> None:
    closed = [f"reason {n % 7}" for n in range(CLOSED)]
    found = find(closed, [word] * OPEN)
    assert only(found) == ("only_when_closed", "leak")
    assert "every open lead" in found[0].evidence
    assert find([word if n % 3 else "web" for n in range(CLOSED)], [word] * OPEN) == []
    assert find(closed, ["reason 1"] * OPEN) == []


def dates(gap: list[timedelta], lasts: timedelta) -> tuple[pa.Table, pa.Table]:
    created = times(len(gap))
    closed = [at + lasts for at in created]
    table = pa.table(
        {
            "created_at": pa.array(created, TIME),
            "closed_at": pa.array(closed, TIME),
            "x": pa.array([at + g for at, g in zip(closed, gap, strict=True)], TIME),
        }
    )
    return table, table.slice(0, 5)


@pytest.mark.parametrize("gap", [timedelta(0), timedelta(days=3), timedelta(hours=-5)])
def test_a_date_at_or_after_the_close(gap: timedelta) -> None:
    table, opened = dates([gap] * CLOSED, timedelta(days=9))
    assert only(find_leaks(table, WON, opened, ["x"], ())) == ("after_close", "leak")


def test_a_date_well_before_the_close_is_honest() -> None:
    table, opened = dates([timedelta(days=-8)] * CLOSED, timedelta(days=9))
    assert find_leaks(table, WON, opened, ["x", "created_at"], ()) == []
    few = table.slice(0, 10)
    assert find_leaks(few, WON[:10], opened, ["x"], ()) == []


@pytest.mark.parametrize("lasts", [timedelta(0), timedelta(hours=3), timedelta(days=1)])
def test_leads_that_close_at_once_do_not_make_their_creation_a_leak(lasts: timedelta) -> None:
    table, opened = dates([timedelta(days=2)] * CLOSED, lasts)
    assert find_leaks(table, WON, opened, ["created_at"], ()) == []
    assert only(find_leaks(table, WON, opened, ["x"], ())) == ("after_close", "leak")


@pytest.mark.parametrize(("outcome", "word"), [(1.0, "won"), (0.0, "lost")])
def test_filled_for_one_outcome_only(outcome: float, word: str) -> None:
    values = [float(n % 9) if y == outcome and n % 4 else None for n, y in enumerate(WON)]
    found = find(values, [1.0, None] * (OPEN // 2))
    assert only(found) == ("only_one_outcome", "leak")
    assert f"every one of them was {word}" in found[0].evidence


@pytest.mark.parametrize("kind", ["flag", "text", "number"])
def test_a_field_that_repeats_the_outcome(kind: str) -> None:
    as_kind = {
        "flag": [bool(y) for y in WON],
        "text": ["signed" if y else "gone" for y in WON],
        "number": (WON * 10 + noise(CLOSED) * 0.1).tolist(),
    }[kind]
    opened = {"flag": [True, False], "text": ["new", "gone"], "number": [1.0, 2.0]}[kind] * 20
    assert only(find(as_kind, opened)) == ("determines_outcome", "leak")


def test_a_field_that_tells_half_of_it_is_a_suspect() -> None:
    flipped = np.random.default_rng(1).random(CLOSED) < 0.06
    values = ["yes" if bool(y) != bool(f) else "no" for y, f in zip(WON, flipped, strict=True)]
    found = find(values, ["yes", "no"] * 20)
    assert only(found) == ("determines_outcome", "suspect")
    assert "list it under ignore" in found[0].evidence


def test_a_telling_name_makes_a_weaker_field_a_suspect() -> None:
    values = pa.array((WON * 1.6 + noise(CLOSED)).tolist())
    closed, opened = (
        pa.table({"call duration": values, "y": values}),
        pa.table({"call duration": values[:40], "y": values[:40]}),
    )
    found = find_leaks(closed, WON, opened, ["call duration", "y"], ())
    assert [(leak.column, leak.severity) for leak in found] == [("call duration", "suspect")]
    assert "its name sounds like" in found[0].evidence


def test_keep_is_honoured_and_said() -> None:
    found = find(["a", "b"] * 200, [None] * OPEN, keep=("x",))
    assert found[0].kept
    assert not find(["a", "b"] * 200, [None] * OPEN, keep=("y",))[0].kept


def test_few_leads_or_one_outcome_raise_no_alarm() -> None:
    assert find([1.0, 2.0], [], np.array([0.0, 1.0])) == []
    assert find(WON[:30].tolist(), [1.0], WON[:30]) == []
    assert find(noise(CLOSED).tolist(), [1.0], np.ones(CLOSED)) == []
    assert find(pa.nulls(CLOSED), pa.nulls(3)) == []


def test_leads_without_any_date_of_closing() -> None:
    at: list[datetime] = times(CLOSED)
    assert find(pa.array(at, TIME), pa.array(at[:9], TIME)) == []
