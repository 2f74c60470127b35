"""Who may take what, what a pair is worth, and what is said of it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.decisions.rep_fit import (
    PRODUCT_TYPE,
    Line,
    Rep,
    Terms,
    give_lines,
    may_take,
    pair_values,
)

EURO = Terms("EUR", keep_owner=50.0, contact_minutes=10.0)
PLACEMENT = frozenset({"placement"})
ANA = Rep("R-1", "Ana", 3, minutes=35.0, knows=PLACEMENT)
BEN = Rep("R-2", "Ben", 3, minutes=35.0)
WANTS = {PRODUCT_TYPE: PLACEMENT}


def reasons(lines: list[Line], reps: list[Rep], terms: Terms = EURO) -> list[str]:
    return [one.reason for one in give_lines(lines, reps, terms)[0]]


def test_it_goes_to_who_knows_the_product_and_the_second_best_is_told() -> None:
    given_, found = give_lines([Line(100.0, "", WANTS), Line(90.0, "", WANTS)], [ANA, BEN], EURO)
    assert [one.rep_id for one in given_] == ["R-1", "R-1"]
    assert [one.reason for one in given_] == [
        "Ana: knows placement, 35 minutes free", "Ana: knows placement, 25 minutes free"
    ]  # fmt: skip
    assert given_[0].second_best == "Ben: 10.00\u00a0EUR less"
    assert found.is_proven


def test_an_owner_is_kept_unless_moving_brings_more_than_the_set_amount() -> None:
    assert reasons([Line(499.0, "R-2", WANTS)], [ANA, BEN]) == ["Ben: owner kept, 35 minutes free"]
    assert reasons([Line(800.0, "R-2", WANTS)], [ANA, BEN]) == [
        "Ana: knows placement, 35 minutes free, moved from Ben (80.00\u00a0EUR more)"
    ]
    free = Terms("EUR", keep_owner=0.0)
    assert reasons([Line(10.0, "R-2", WANTS)], [ANA, BEN], free)[0].startswith("Ana")
    gone = reasons([Line(10.0, "R-9", WANTS)], [ANA, BEN])[0]
    assert gone.endswith("moved from R-9, who is not among the reps")
    full = Rep("R-2", "Ben", 0)
    assert reasons([Line(10.0, "R-2")], [ANA, full])[0].endswith(
        "moved from Ben, who has no place today"
    )


def test_a_field_that_both_have_decides_and_who_says_nothing_takes_all() -> None:
    polish = {"language": frozenset({"polish"})}
    ana = Rep("R-1", "Ana", 1, takes={"language": frozenset({"english"})})
    ben = Rep("R-2", "Ben", 1, takes={"language": frozenset({"english", "polish"})})
    lines = [Line(9.0, "R-1", polish), Line(5.0, "", polish), Line(1.0)]
    assert may_take(lines, [ana, ben, BEN]).tolist() == [[False, True, True]] * 2 + [[True] * 3]
    assert reasons(lines, [ana, ben]) == [
        "Ben: language polish, 1 place free, moved from Ana, who does not take language polish",
        "Nobody: Ben may take it and has no place left",
        "Ana: 1 place free",
    ]
    assert reasons([Line(9.0, "", polish)], [ana]) == ["Nobody: no rep takes language polish"]


def test_the_hottest_go_to_the_senior_and_dear_time_counts() -> None:
    senior = Rep("S", "Sue", 1, seniority=5.0)
    junior = Rep("J", "Jo", 9, seniority=1.0)
    lines = [Line(10.0 + n) for n in range(10)]
    assert [one.rep_id for one in give_lines(lines, [junior, senior], EURO)[0]][-1] == "S"
    dear, cheap = Rep("D", "Dee", 9, cost_per_hour=90.0), Rep("C", "Cy", 9, cost_per_hour=30.0)
    value = pair_values([Line(100.0)], [dear, cheap], EURO)
    assert value.tolist() == [[9_000.0, 10_000.0]]  # ten minutes at a difference of 60 an hour
    assert (pair_values([Line(-4.0)], [dear, cheap], EURO) > 0.0).all()


def test_without_money_an_owner_counts_as_an_average_line() -> None:
    chance = Terms(keep_owner=50.0)
    lines = [Line(0.3, "R-2", WANTS), Line(0.1, "", WANTS)]
    given_, _ = give_lines(lines, [ANA, BEN], chance)
    assert [one.rep_id for one in given_] == ["R-2", "R-1"]
    assert given_[0].second_best == "Ana: 17.00 points less"


def test_no_reps_and_no_lines() -> None:
    assert reasons([Line(1.0)], []) == ["Nobody: there are no reps"]
    assert reasons([], [ANA]) == []


@st.composite
def days(draw: st.DrawFn) -> tuple[list[Line], list[Rep]]:
    texts = st.frozensets(st.sampled_from("abc"), max_size=2)
    fields = st.dictionaries(st.sampled_from(["language", "region", PRODUCT_TYPE]), texts)
    worth = st.floats(-1e6, 1e9)
    owner = st.sampled_from(["", "R0", "R1", "gone"])
    lines = draw(st.lists(st.builds(Line, worth, owner, fields), max_size=12))
    optional = st.none() | st.floats(0.0, 500.0)
    reps = [
        Rep(f"R{n}", f"Rep {n}", draw(st.integers(0, 4)), None, draw(optional), draw(optional),
            draw(fields), draw(texts))
        for n in range(draw(st.integers(0, 4)))
    ]  # fmt: skip
    return lines, reps


@settings(max_examples=150, deadline=None)
@given(days(), st.booleans(), st.floats(0.0, 1e6))
def test_no_place_is_given_twice_and_no_wish_is_broken(
    day: tuple[list[Line], list[Rep]], in_money: bool, keep: float
) -> None:
    lines, reps = day
    terms = Terms("EUR" if in_money else "", keep, 8.5)
    given_, found = give_lines(lines, reps, terms)
    assert found.is_proven
    may = may_take(lines, reps)
    for n, one in enumerate(given_):
        assert one.reason
        takers = np.flatnonzero(may[n])
        if one.rep_id:
            assert may[n, [rep.rep_id for rep in reps].index(one.rep_id)]
        else:  # nobody has it: none may, or all who may are full
            taken = [sum(o.rep_id == reps[k].rep_id for o in given_) for k in takers]
            assert all(t == reps[k].places for t, k in zip(taken, takers, strict=True))
    for rep in reps:
        assert sum(one.rep_id == rep.rep_id for one in given_) <= rep.places
