"""The best assignment: against every other one, against HiGHS, and its limits."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import coo_array

from redumbrella.decisions.assignment import NOBODY, Whole, assign


@st.composite
def problems(draw: st.DrawFn, leads: int = 5, reps: int = 3) -> tuple[Whole, Whole]:
    n, m = draw(st.integers(0, leads)), draw(st.integers(0, reps))
    numbers = st.integers(-3, 12)
    value = draw(st.lists(st.lists(numbers, min_size=m, max_size=m), min_size=n, max_size=n))
    places = draw(st.lists(st.integers(0, 3), min_size=m, max_size=m))
    return np.array(value, np.int64).reshape(n, m), np.array(places, np.int64)


def every(value: Whole, places: Whole) -> list[tuple[int, tuple[int, ...]]]:
    """Every assignment that keeps the rules, with its sum."""
    n, m = value.shape
    found = []
    for reps in product(range(-1, m), repeat=n):
        taken = [(i, j) for i, j in enumerate(reps) if j >= 0]
        counts = np.bincount([j for _, j in taken], minlength=m) if m else np.zeros(0)
        if all(value[i, j] > 0 for i, j in taken) and (counts <= places).all():
            found.append((sum(int(value[i, j]) for i, j in taken), reps))
    return found


@settings(max_examples=150, deadline=None)
@given(problems())
def test_no_other_assignment_is_worth_more_and_each_loss_is_exact(
    problem: tuple[Whole, Whole],
) -> None:
    value, places = problem
    found, all_of_them = assign(value, places), every(value, places)
    assert found.value == found.bound == max(total for total, _ in all_of_them)
    assert found.is_proven
    for lead in range(value.shape[0]):
        for rep in range(-1, value.shape[1]):
            forced = [total for total, reps in all_of_them if reps[lead] == rep]
            lost = found.loss[lead, rep]  # the last one is nobody
            assert lost == (found.value - max(forced) if forced else np.inf)


@settings(max_examples=100, deadline=None)
@given(problems(leads=60, reps=8))
def test_rules_and_places_are_kept(problem: tuple[Whole, Whole]) -> None:
    value, places = problem
    found = assign(value, places)
    taken = np.flatnonzero(found.rep != NOBODY)
    assert (np.bincount(found.rep[taken], minlength=places.size) <= places).all()
    assert (value[taken, found.rep[taken]] > 0).all()
    assert found.value == int(value[taken, found.rep[taken]].sum()) == found.bound
    np.testing.assert_array_equal(assign(value, places).rep, found.rep)


@pytest.mark.parametrize("share", [0.5, 1.0, 1.5])
def test_highs_finds_the_same_sum(share: float) -> None:
    generator = np.random.default_rng(3)
    n, m = 120, 7
    value = np.round(generator.lognormal(8, 1, (n, 1)) * (1 + 0.1 * generator.random((n, m))))
    value[generator.random((n, m)) < 0.5] = 0
    places = np.full(m, int(share * n / m))
    found = assign(value.astype(np.int64), places)
    lead, rep = np.nonzero(value)
    pair = np.arange(lead.size)
    rows = coo_array((np.ones(2 * pair.size), (np.r_[lead, n + rep], np.r_[pair, pair])))
    limits = LinearConstraint(rows.tocsr(), -np.inf, np.r_[np.ones(n), places])
    exact = milp(-value[lead, rep], constraints=limits, integrality=1, bounds=(0, 1),
                 options={"mip_rel_gap": 0})  # fmt: skip
    assert found.value == found.bound == round(-exact.fun)


def test_nobody_has_places_and_there_are_no_reps() -> None:
    value = np.array([[5, 3], [2, 9]])
    for found in (
        assign(value, np.array([0, 0])),
        assign(np.zeros((2, 0), np.int64), np.zeros(0, np.int64)),
    ):
        assert found.rep.tolist() == [NOBODY, NOBODY]
        assert found.value == found.bound == 0
    assert assign(np.zeros((0, 2), np.int64), np.array([1, 1])).rep.size == 0
