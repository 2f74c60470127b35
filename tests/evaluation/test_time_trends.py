"""Features that run with time are found, and stay only where they help to see ahead."""

import numpy as np
import pytest
from lead_worlds import draw

from redumbrella.evaluation.probes import plan_probes
from redumbrella.evaluation.time_trends import are_needed, fields_of_a_period, trending_features
from redumbrella.features.matrix import OTHER, Design, Feature
from redumbrella.models.base import Vector
from redumbrella.training.splits import walk_forward

ROWS = 4_000
YEAR = np.arange(ROWS) // 400
SIZE = np.random.default_rng(0).normal(size=ROWS)


def record(**columns: Vector) -> Design:
    """Numbers by name, beside a category that does not run."""
    features = [Feature(name, name, "number") for name in columns]
    job = np.arange(ROWS) % 3 + 0.0
    levels = (OTHER, "clerk", "student")
    profile = np.column_stack([*columns.values(), job])
    return Design((*features, Feature("job", "job", "category", levels)), profile)


def needed(z: Vector) -> bool:
    """Whether the year is needed where outcomes have these log-odds."""
    design = record(size=SIZE, year=YEAR + 0.0)
    folds = walk_forward(ROWS, 5)
    return are_needed(
        design, trending_features(design), plan_probes(draw(z), folds, design.profile.shape[1])
    )


def test_what_runs_with_time_is_found() -> None:
    gaps = np.where(np.arange(ROWS) % 7 == 0, np.nan, -np.arange(ROWS) / 10)
    design = record(
        year=YEAR + 0.0,
        falling=gaps,
        month=YEAR % 5 + 0.0,
        size=SIZE,
        same=np.ones(ROWS),
        never=np.full(ROWS, np.nan),
    )
    found = [design.features[column].name for column in trending_features(design)]
    assert found == ["year", "falling"]


def test_years_that_differ_without_a_direction_are_not_needed() -> None:
    level = np.random.default_rng(3).normal(0, 1.0, 10)[YEAR]
    assert not needed(SIZE - 1.0 + level)


def test_an_effect_that_turns_with_the_years_is_needed() -> None:
    assert needed(SIZE * (YEAR - 2.0))


def test_a_record_of_nothing_else_keeps_what_it_has() -> None:
    design = record(year=YEAR + 0.0)
    alone = Design(design.features[:1], design.profile[:, :1])
    probes = plan_probes(draw(SIZE), walk_forward(ROWS, 5), 1)
    assert are_needed(alone, trending_features(alone), probes)


@pytest.mark.parametrize("rows", [3, 19])
def test_a_few_rows_say_nothing(rows: int) -> None:
    design = record(year=YEAR + 0.0)
    assert trending_features(design.take(np.arange(rows))).size == 0


def test_fields_that_are_the_same_for_all_leads_of_a_period() -> None:
    """An index that moves with the weeks and the month's name, but no field of the lead itself."""
    rng = np.random.default_rng(5)
    n = 2_000
    week = np.arange(n) // 50
    level = rng.normal(size=week.max() + 1).cumsum()
    profile = np.column_stack(
        [level[week], week // 4 % 12 + 1, rng.normal(size=n), rng.integers(1, 4, n), np.ones(n)]
    ).astype(float)
    profile[rng.random(n) < 0.1, 0] = np.nan
    names = ("index", "month_name", "size", "job", "constant")
    kinds = ("number", "category", "number", "category", "number")
    levels = tuple(str(k) for k in range(13))
    features = tuple(
        Feature(name, name, kind, levels if kind == "category" else ())  # type: ignore[arg-type]
        for name, kind in zip(names, kinds, strict=True)
    )
    assert fields_of_a_period(Design(features, profile)) == ["index", "month_name"]
    shuffled = Design(features, profile[rng.permutation(n)])
    assert fields_of_a_period(shuffled) == []
    assert fields_of_a_period(Design(features, profile[:30])) == []


def test_of_hundreds_of_columns_probes_ask_fewer_leads() -> None:
    won, folds = draw(SIZE), walk_forward(ROWS, 5)
    few, many = (plan_probes(won, folds, columns) for columns in (100, 1_200))
    assert (few.rows.size, many.rows.size) == (ROWS, -(-ROWS // 3))
    assert [len(probes.folds) for probes in (few, many)] == [5, 5]
