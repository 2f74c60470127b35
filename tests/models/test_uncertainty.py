"""Intervals: they contain the score, widen with less data, and cover the truth in simulation."""

from functools import cache

import numpy as np
import pytest
from lead_worlds import draw, make_design, truth
from scipy.stats import norm

from redumbrella.evaluation.examination import answer
from redumbrella.evaluation.metrics import equal_bins, wilson
from redumbrella.models.base import Vector, probability_of
from redumbrella.models.blend import Blend
from redumbrella.models.calibration import Calibration, fit_calibration
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.families.naive_bayes import NaiveBayes
from redumbrella.models.families.prior import Prior
from redumbrella.models.uncertainty import LEVEL, Spread, fit_spread
from redumbrella.training.decay import Decay
from redumbrella.training.splits import shuffled

ONE = {"logistic": 1.0}


@cache
def asked(rows: int, seed: int) -> tuple[Vector, Vector, Vector, Vector]:
    """True probability, said, low and high of 2,000 unseen leads by a model of `rows` leads."""
    design = make_design(rows, seed)
    won, weight = draw(truth(design), seed + 100), np.ones(rows)
    model = AdditiveLogistic().fit(design, won, weight)
    folds = shuffled(rows, 5)
    answers = [answer(model.quick(), design, won, fold, Decay()) for fold in folds]
    calibration = fit_calibration(
        answers, [won[fold.test] for fold in folds], np.full(len(folds), 1 / len(folds))
    )
    spread = fit_spread({"logistic": model.quick}, ONE, calibration, design, won, weight, 0.0)
    unseen = make_design(2_000, seed + 1_000)
    z = Blend({"logistic": model}, ONE, calibration).log_odds(unseen)
    low, high = spread.interval(z, spread.deviation(unseen))
    return probability_of(truth(unseen)), probability_of(z), low, high


@pytest.mark.parametrize("rows", [200, 800])
def test_ninety_percent_intervals_cover_the_true_probability(rows: int) -> None:
    covered = []
    for seed in range(6):
        true, said, low, high = asked(rows, seed)
        assert (low <= said).all()
        assert (said <= high).all()
        assert (low < high).all()
        covered.append(np.mean((low <= true) & (true <= high)))
    assert np.mean(covered) >= 0.8


def test_intervals_cover_the_observed_rate_of_groups() -> None:
    """The rate of 200 leads lies between the mean low and the mean high, widened by its chance."""
    inside = []
    for seed in range(6):
        true, said, low, high = asked(800, seed)
        won = (np.random.default_rng(seed + 7).random(true.size) < true).astype(np.float64)
        for rows in equal_bins(said, 10):
            least, most = wilson(int(won[rows].sum()), rows.size)
            inside.append(least <= high[rows].mean() and most >= low[rows].mean())
    assert np.mean(inside) >= 0.9


def test_intervals_widen_as_data_shrink() -> None:
    widths = []
    for rows in (200, 800, 5_000):
        _, _, low, high = asked(rows, 0)
        widths.append(float(np.mean(high - low)))
    assert widths[0] > widths[1] > widths[2]
    assert widths[0] > 1.5 * widths[2]


def test_the_prior_has_the_interval_of_a_rate() -> None:
    design, won = make_design(300), np.repeat([1.0, 0.0], [30, 270])
    weight = np.ones(300)
    spread = fit_spread({"prior": Prior}, {"prior": 1.0}, Calibration(), design, won, weight, 0.0)
    assert spread == Spread((), 0.0, 0.0, 1 / 30.5 + 1 / 270.5, 0.0)
    z = Prior().fit(design, won, weight).log_odds(design)
    low, high = spread.interval(z, spread.deviation(design))
    # As Wilson's interval of 30 wins in 300.
    least, most = wilson(30, 300, float(norm.ppf(0.5 + LEVEL / 2)))
    assert low[0] == pytest.approx(least, abs=0.005)
    assert high[0] == pytest.approx(most, abs=0.005)


@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9])
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_a_handful_of_leads_has_a_wide_finite_interval(rows: int, outcome: float) -> None:
    design, won = make_design(rows), np.full(rows, outcome)
    makers, weights = {"naive_bayes": NaiveBayes}, {"naive_bayes": 1.0}
    spread = fit_spread(makers, weights, Calibration(), design, won, np.ones(rows), 0.0)
    deviation = spread.deviation(design)
    assert np.isfinite(deviation).all()
    low, high = spread.interval(np.zeros(rows), deviation)
    assert (high - low > 0.5).all()


def test_halves_are_repeatable_and_share_no_lead() -> None:
    design = make_design(240)
    won, weight = draw(truth(design)), np.ones(240)
    seen: list[Vector] = []

    class Watching(NaiveBayes):
        def fit(self, design: object, won: Vector, weight: Vector) -> "Watching":
            seen.append(np.nan_to_num(design.profile[:, 1]))  # type: ignore[attr-defined]
            return super().fit(design, won, weight)  # type: ignore[arg-type]

    makers, weights = {"naive_bayes": Watching}, {"naive_bayes": 1.0}
    first = fit_spread(makers, weights, Calibration(), design, won, weight, 0.0)
    assert len(first.pairs) == 2
    assert [rows.size for rows in seen] == [120] * 4
    known = [set(rows[rows > 0]) for rows in seen]
    assert sum(1 for k in range(4) for j in range(k) if not known[k] & known[j]) == 2
    second = fit_spread(makers, weights, Calibration(), design, won, weight, 0.0)
    np.testing.assert_array_equal(first.deviation(design), second.deviation(design))


def test_the_doubt_between_families_widens_every_interval() -> None:
    design, won = make_design(100), np.repeat([1.0, 0.0], [30, 70])
    makers, weights = {"prior": Prior}, {"prior": 1.0}
    sure, unsure = (
        fit_spread(makers, weights, Calibration(), design, won, np.ones(100), doubt)
        for doubt in (0.0, 0.25)
    )
    gap = unsure.deviation(design) ** 2 - sure.deviation(design) ** 2
    np.testing.assert_allclose(gap, 0.25)
