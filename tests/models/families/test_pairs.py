"""Pairs of fields: found where they are, left alone where they are not, and told apart exactly."""

from dataclasses import replace

import numpy as np
import orjson
import pytest
from lead_worlds import draw, make_design, truth

from redumbrella.features.matrix import OTHER, Design, Feature
from redumbrella.models.base import Parts, Vector, probability_of
from redumbrella.models.families.additive_logistic import KNOTS, AdditiveLogistic
from redumbrella.models.families.pairs import Pairs
from redumbrella.models.linear import pair_columns
from redumbrella.models.linear.encoding import fit_encoding
from redumbrella.models.linear.pair_columns import PairColumns, find_pairs, fit_cells

ROWS = 4_000
NAMES = ("a", "b", "c", "d")
MIXED = (*(Feature(name, name, "number") for name in NAMES),
         Feature("job", "job", "category", (OTHER, "clerk", "retired", "student")))  # fmt: skip


def mixed(rows: int = ROWS, seed: int = 0) -> Design:
    """Four numbers with gaps and a category, independent of each other."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, 4))
    numbers[rng.random((rows, 4)) < 0.05] = np.nan
    return Design(MIXED, np.column_stack([numbers, rng.integers(0, 4, rows)]))


def additive(design: Design) -> Vector:
    """Log-odds that are a sum over fields."""
    x = np.nan_to_num(design.profile)
    return np.asarray(-0.8 + 0.7 * x[:, 0] - 0.5 * np.abs(x[:, 1]) + 0.6 * (x[:, 4] == 2))


def product(design: Design) -> Vector:
    """The same with a product of two numbers and a slope that depends on the job."""
    x = np.nan_to_num(design.profile)
    return additive(design) + 0.9 * x[:, 0] * x[:, 2] + 1.2 * x[:, 3] * (x[:, 4] == 1)


def loss(family: Pairs | AdditiveLogistic, design: Design, won: Vector) -> float:
    p = probability_of(family.log_odds(design))
    return -float(np.mean(np.log(np.where(won == 1, p, 1.0 - p))))


def found(family: Pairs) -> set[tuple[int, ...]]:
    assert family.columns is not None
    return {tuple(pair) for pair in family.columns.pairs.tolist()}


@pytest.fixture(scope="module")
def planted() -> tuple[Design, Vector, Pairs]:
    design = mixed()
    won = draw(product(design))
    return design, won, Pairs().fit(design, won, np.ones(ROWS))


def test_planted_pairs_are_found_and_worth_it(planted: tuple[Design, Vector, Pairs]) -> None:
    design, won, family = planted
    assert family.columns is not None
    assert {tuple(pair) for pair in family.columns.pairs[:2].tolist()} == {(2, 0), (4, 3)}
    unseen = mixed(seed=7)
    outcomes = draw(product(unseen), seed=8)
    alone = AdditiveLogistic().fit(design, won, np.ones(ROWS))
    least = -np.mean(np.log(np.where(outcomes == 1, probability_of(product(unseen)),
                                     1.0 - probability_of(product(unseen)))))  # fmt: skip
    gained = loss(alone, unseen, outcomes) - loss(family, unseen, outcomes)
    assert gained > 0.7 * (loss(alone, unseen, outcomes) - least)


def test_without_pairs_it_is_the_logistic_model() -> None:
    design = mixed()
    won, weight = draw(additive(design)), np.linspace(0.5, 1.0, ROWS)
    family = Pairs().fit(design, won, weight)
    assert found(family) == set()
    alone = AdditiveLogistic().fit(design, won, weight)
    unseen = mixed(seed=7)
    np.testing.assert_array_equal(family.log_odds(unseen), alone.log_odds(unseen))
    np.testing.assert_allclose(
        family.contributions(unseen).values, alone.contributions(unseen).values, atol=1e-12
    )


def test_chance_alone_seldom_looks_like_a_pair() -> None:
    """The score of cells where nothing is there has mean 0 and variance 1."""
    design = mixed()
    cells = fit_cells(design)
    code, size = cells.code(design, 0) * cells.size(1) + cells.code(design, 1), 64
    rng = np.random.default_rng(3)
    p = np.full(ROWS, 0.3)
    scores = []
    for _ in range(300):
        r = (rng.random(ROWS) < p) - p
        R, H = np.bincount(code, r, size), np.bincount(code, p * (1 - p), size)
        told = H > pair_columns.LEAST_CURVATURE
        C = told.sum()
        scores.append(((R[told] ** 2 / H[told]).sum() - C) / np.sqrt(2 * C))
    assert abs(np.mean(scores)) < 0.25
    assert np.std(scores) == pytest.approx(1.0, abs=0.15)
    assert np.mean(np.array(scores) > pair_columns.LEAST_SCORE) < 0.03


def test_contributions_add_up_and_a_pair_is_shared(planted: tuple[Design, Vector, Pairs]) -> None:
    design, _, family = planted
    part = family.contributions(design)
    z = family.log_odds(design)
    np.testing.assert_allclose(part.base + part.values.sum(axis=1), z, rtol=0, atol=1e-9)
    np.testing.assert_allclose(part.values.mean(axis=0), 0.0, atol=1e-9)
    # Without the effects of single fields both fields of a pair are left with the same.
    assert family.encoding is not None
    assert family.columns is not None
    b = family.coefficients.copy()
    b[: family.encoding.owner.size] = 0.0
    one = PairColumns(family.columns.cells, family.columns.pairs[:1])
    owners = family.columns.owners
    b[family.encoding.owner.size :][(owners != one.pairs[0]).any(axis=1)] = 0.0
    values = replace(family, coefficients=b).contributions(design).values
    i, j = one.pairs[0]
    np.testing.assert_allclose(values[:, i], values[:, j], rtol=0, atol=1e-12)
    assert values[:, i].std() > 0.1
    assert not values[:, np.setdiff1d(np.arange(5), [i, j])].any()


def test_parts_are_read_back_exactly(planted: tuple[Design, Vector, Pairs]) -> None:
    _, _, family = planted
    parts = family.to_parts()
    facts = orjson.loads(orjson.dumps(parts.facts))
    again = Pairs.from_parts(Parts(facts, parts.arrays), MIXED)
    unseen = mixed(300, seed=5)
    np.testing.assert_array_equal(again.log_odds(unseen), family.log_odds(unseen))
    np.testing.assert_array_equal(
        again.contributions(unseen).values, family.contributions(unseen).values
    )
    assert found(again) == found(family)


def test_a_quick_copy_keeps_pairs_and_ridges(planted: tuple[Design, Vector, Pairs]) -> None:
    design, won, family = planted
    rows = np.flatnonzero(design.profile[:, 4] != 1)[:500]  # a level and many cells are empty
    copy = family.quick().fit(design.take(rows), won[rows], np.ones(rows.size))
    assert copy.columns is family.columns
    np.testing.assert_array_equal(copy.variance, family.variance)
    assert np.isfinite(copy.log_odds(mixed(200, seed=3))).all()


def test_a_quick_copy_on_other_columns_begins_anew(planted: tuple[Design, Vector, Pairs]) -> None:
    design, won, family = planted
    narrow = design.only(np.array([0, 2]))
    copy = family.quick().fit(narrow, won, np.ones(ROWS))
    assert found(copy) == {(1, 0)}
    past = make_design(600, history=True)
    outcomes = draw(truth(past))
    whole = Pairs().fit(past, outcomes, np.ones(600))
    fewer = past.take(np.arange(600), np.array([1]))
    copy = whole.quick().fit(fewer, outcomes, np.ones(600))
    assert np.isfinite(copy.log_odds(fewer)).all()
    assert copy.contributions(fewer).values.shape == (600, 6)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_teaches_the_base_rate(outcome: float) -> None:
    design = mixed(200)
    family = Pairs().fit(design, np.full(200, outcome), np.ones(200))
    z = family.log_odds(design)
    assert np.unique(z).size == 1
    assert (z[0] > 0) == (outcome == 1.0)
    copy = family.quick().fit(design, draw(additive(design)), np.ones(200))
    assert np.isfinite(copy.log_odds(design)).all()


@pytest.mark.parametrize("columns", [[], [0], [2], [4]])
def test_one_column_has_no_pair(columns: list[int]) -> None:
    design = make_design(500).only(np.array(columns, np.intp))
    family = Pairs().fit(design, draw(truth(make_design(500))), np.ones(500))
    assert found(family) == set()
    assert np.isfinite(family.log_odds(design)).all()


def test_unseen_values_and_missing_ones_are_scored(planted: tuple[Design, Vector, Pairs]) -> None:
    design, won, family = planted
    odd = Design(MIXED, np.array([[np.nan] * 5, [1e300, -1e300, 1e12, 0.0, 0.0], [0.0] * 5]))
    part, z = family.contributions(odd), family.log_odds(odd)
    assert np.isfinite(z).all()
    np.testing.assert_allclose(part.base + part.values.sum(axis=1), z, rtol=0, atol=1e-9)
    # No lead without job and none of another job in training: those cells say nothing.
    known = design.profile.copy()
    known[known[:, 4] == 0, 4] = 1.0
    fitted = Pairs().fit(Design(MIXED, known), won, np.ones(ROWS))
    assert (4, 3) in found(fitted)
    rare = Design(MIXED, np.array([[0.1, 0.1, 0.1, 1.0, 0.0], [0.1, 0.1, 0.1, 1.0, np.nan]]))
    assert np.isfinite(fitted.log_odds(rare)).all()


def test_cells_of_numbers() -> None:
    """Quantiles; a value that most have is told from the others; missing is the last cell."""
    rng = np.random.default_rng(0)
    rows = 600
    mostly = np.where(rng.random(rows) < 0.95, 1.0, 0.0)
    x = np.column_stack([rng.normal(size=rows), mostly, 1.0 - mostly, np.full(rows, 3.0)])
    x = np.column_stack([x, np.full(rows, np.nan)])
    x[:7, 0] = np.nan
    features = tuple(Feature(name, name, "number") for name in "abcde")
    design = Design(features, x)
    cells = fit_cells(design)
    assert [cells.size(j) for j in range(5)] == [pair_columns.BINS + 1, 3, 3, 2, 2]
    shares = np.bincount(cells.code(design, 0))
    assert shares[-1] == 7
    assert shares[:-1].min() > 0.8 * rows / pair_columns.BINS
    assert np.unique(cells.code(design, 1)[mostly == 1]).tolist() == [1]
    assert np.unique(cells.code(design, 1)[mostly == 0]).tolist() == [0]
    assert np.unique(cells.code(design, 2)[mostly == 0]).tolist() == [1]
    assert np.unique(cells.code(design, 3)).tolist() == [0]
    assert np.unique(cells.code(design, 4)).tolist() == [1]


def test_cells_of_categories() -> None:
    """The frequent levels have a cell each, the others share the last, missing is a level."""
    levels = tuple(["(other)"] + [f"level {k}" for k in range(1, 41)])
    code = np.repeat(np.arange(41.0), np.arange(1, 42))
    code[-35:] = np.nan
    design = Design((Feature("city", "city", "category", levels),), code[:, None])
    cells = fit_cells(design)
    assert cells.size(0) == pair_columns.MOST_LEVELS + 1
    cell = cells.code(design, 0)
    assert np.unique(cell[np.isnan(code)]).size == 1
    assert np.unique(cell[code == 39]).tolist() == [0]
    assert set(cell[code < 25].tolist()) == {pair_columns.MOST_LEVELS}
    unseen = Design(design.features, np.array([[0.0]]))
    assert cells.code(unseen, 0).tolist() == [pair_columns.MOST_LEVELS]


def test_columns_of_a_pair() -> None:
    """A yes for the cell of both, and each number's scaled value in the cell of the other."""
    design = mixed(300)
    cells, encoding = fit_cells(design), fit_encoding(design, KNOTS)
    columns = PairColumns(cells, np.array([[4, 0], [1, 0]], np.intp))
    X = columns.transform(design, encoding).toarray()
    job, a, b = (cells.size(j) for j in (4, 0, 1))
    widths = [job * a, job, b * a, a, b]
    assert X.shape == (300, sum(widths))
    np.testing.assert_array_equal(columns.group, np.repeat(np.arange(5), widths))
    np.testing.assert_array_equal(columns.owners[: widths[0] + 1], [[4, 0]] * (widths[0] + 1))
    tables, slopes = np.split(X, np.cumsum(widths)[:-1], axis=1)[::2], X[:, job * a : job * a + job]
    assert all((table.sum(axis=1) == 1).all() for table in (tables[0], tables[1]))
    np.testing.assert_array_equal(slopes.sum(axis=1), encoding.scaled(design, 0))
    where = np.flatnonzero(slopes.any(axis=1))
    np.testing.assert_array_equal(
        np.abs(slopes[where]).argmax(axis=1), cells.code(design, 4)[where]
    )


def test_of_many_fields_the_telling_ones_are_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    design = mixed()
    won = draw(product(design) + 0.8 * np.nan_to_num(design.profile[:, 2]))
    monkeypatch.setattr("redumbrella.models.families.pairs.MOST_FIELDS", 2)
    family = Pairs().fit(design, won, np.ones(ROWS))
    assert found(family) == {(2, 0)}


def test_no_more_pairs_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    design = mixed()
    cells = fit_cells(design)
    p = probability_of(additive(design))
    r, h = draw(product(design)) - p, p * (1 - p)
    monkeypatch.setattr(pair_columns, "MOST_PAIRS", 1)
    both = find_pairs(cells, design, np.arange(5), r, h)
    assert len(both.pairs) == 1
    assert len(find_pairs(cells, design, np.array([], np.intp), r, h).pairs) == 0
