"""Which family is believed, and what is said about it: rules against numbers by hand."""

import numpy as np
import pytest
from lead_worlds import draw, make_design, quiet, truth

from redumbrella.evaluation.comparison import Comparison, compare, model_variance, paired_difference
from redumbrella.evaluation.decay import HALF_LIFE, choose_decay
from redumbrella.evaluation.examination import Examination, answer, examine
from redumbrella.evaluation.probes import Probes
from redumbrella.evaluation.regime import allowed, named
from redumbrella.evaluation.stability import repeated_split
from redumbrella.evaluation.verdict import Evidence, Gate, judge
from redumbrella.models.base import Vector, log_odds_of, probability_of
from redumbrella.models.blend import pooled
from redumbrella.models.calibration import Calibration
from redumbrella.models.families.additive_logistic import AdditiveLogistic
from redumbrella.models.families.prior import Prior
from redumbrella.models.registry import COMPLEXITY, FAMILIES
from redumbrella.training.arrival import fit_arrival_time
from redumbrella.training.decay import Decay
from redumbrella.training.splits import Fold, shuffled, walk_forward


class Uncalibrated(Examination):
    """Families that are believed as they are."""

    def probability(self, family: str) -> list[Vector]:
        return [probability_of(z) for z in self.log_odds[family]]


def compared(
    gains: dict[str, float], rows: int = 2_000, folds: int = 4, *, forward: bool = False
) -> Comparison:
    """A comparison of families whose log-odds are the truth plus noise of a known size."""
    rng = np.random.default_rng(0)
    z = rng.normal(-1, 1.2, rows)
    won = draw(z, 5)
    plan = shuffled(rows, folds)
    exam = Examination(plan, [won[fold.test] for fold in plan], forward=forward)
    for name, noise in gains.items():
        asked = np.full(rows, -0.75) if noise == np.inf else z + noise * rng.normal(size=rows)
        exam.log_odds[name] = [asked[fold.test] for fold in plan]
        exam.seconds[name] = 0.5
    return compare(exam, COMPLEXITY)


def test_paired_difference_by_hand() -> None:
    a = [np.array([1.0, 3.0]), np.array([2.0, 2.0, 5.0])]
    b = [np.array([0.0, 0.0]), np.array([1.0, 2.0, 3.0])]
    mean, error = paired_difference(a, b)
    # Gaps (1, 3) and (1, 0, 2): means 2 and 1, variances of the means 2/2 and 1/3.
    assert mean == pytest.approx(1.5)
    assert error == pytest.approx(np.sqrt(1 + 1 / 3) / 2)
    assert paired_difference(a, a) == (0.0, 0.0)
    assert paired_difference([np.array([2.0])], [np.array([1.0])]) == (1.0, 0.0)


def test_the_best_family_is_chosen_when_it_is_clearly_best() -> None:
    found = compared({"prior": np.inf, "points": 1.5, "logistic": 0.8, "boosted": 0.0})
    assert (found.best, found.chosen) == ("boosted", "boosted")
    losses = [row.metrics["log_loss"][0] for row in found.rows]
    assert [row.family for row in found.rows] == ["prior", "points", "logistic", "boosted"]
    assert losses == sorted(losses, reverse=True)
    assert found.row("boosted").difference_to_best == (0.0, 0.0)
    row = found.row("points")
    assert row.difference_to_best[0] == pytest.approx(losses[1] - losses[3])
    assert row.metrics["log_loss"][0] == pytest.approx(np.mean(row.by_fold))


def test_a_simpler_family_within_one_error_wins() -> None:
    found = compared({"prior": np.inf, "logistic": 0.02, "boosted": 0.0})
    simple, best = found.row("logistic"), found.row("boosted")
    difference, error = simple.difference_to_best
    assert found.best == "boosted" or best.difference_to_best[0] >= 0
    assert difference <= error
    assert found.chosen == "logistic"


@pytest.mark.parametrize("forward", [False, True])
def test_the_blend_is_used_wherever_it_beats_the_base_rate(forward: bool) -> None:
    """Whichever family is the best, and whether or not a simple one is level with it."""
    for families in (
        {"logistic": 0.3, "boosted": 0.3, "blend": 0.2},
        {"logistic": 0.02, "boosted": 0.0, "blend": 0.01},
        {"logistic": 0.0, "boosted": 0.9, "blend": 0.9},
    ):
        found = compared({"prior": np.inf} | families, forward=forward)
        assert found.chosen == "blend"
        losses = {row.family: row.metrics["log_loss"][0] for row in found.rows}
        assert found.best == min(losses, key=losses.__getitem__)
        assert found.lead[0] == pytest.approx(losses["prior"] - losses["blend"])
    noise = dict.fromkeys(("prior", "points", "logistic", "blend"), np.inf)
    assert compared(noise, forward=forward).chosen == "prior"


def test_a_blend_that_is_not_clearly_better_gives_way_to_the_base_rate_alone() -> None:
    """A single family that seems better is no way round: the luckiest of many often is."""
    rows, plan = 2_000, shuffled(2_000, 4)
    won = draw(np.zeros(rows), 3)
    exam = Uncalibrated(plan, [won[fold.test] for fold in plan])
    right = np.where(won > 0, 1.0, -1.0)
    for name, z in {"prior": 0.0 * right, "logistic": 0.5 * right, "blend": 0.0 * right}.items():
        exam.log_odds[name] = [z[fold.test] for fold in plan]
        exam.seconds[name] = 0.0
    found = compare(exam, COMPLEXITY)
    assert (found.best, found.chosen, found.lead) == ("logistic", "prior", (0.0, 0.0))


def test_leaving_the_prior_needs_more_than_one_error() -> None:
    rng = np.random.default_rng(2)
    rows, chosen = 900, []
    for seed in range(20):
        won = draw(np.full(rows, -1.0), seed)
        plan = shuffled(rows, 3)
        exam = Examination(plan, [won[fold.test] for fold in plan])
        exam.log_odds["prior"] = [np.full(fold.test.size, -1.0) for fold in plan]
        for name in ("points", "logistic", "boosted"):
            z = -1.0 + 0.1 * rng.normal(size=rows)
            exam.log_odds[name] = [z[fold.test] for fold in plan]
        exam.seconds = dict.fromkeys(exam.log_odds, 0.0)
        chosen.append(compare(exam, COMPLEXITY).chosen)
    # Three families that are a little wrong: the luckiest one is often ahead by one error.
    assert chosen.count("prior") >= 18


def test_answers_come_from_the_past_of_each_fold() -> None:
    design = make_design(300)
    won = draw(truth(design))
    seen: list[int] = []

    class Watching(Prior):
        def fit(self, design: object, won: Vector, weight: Vector) -> "Watching":
            seen.append(won.size)
            assert (np.diff(weight) >= 0).all()
            super().fit(make_design(won.size), won, weight)
            return self

    folds = walk_forward(300, 3)
    steps: list[float] = []
    exam = examine(
        {"prior": Watching}, design, won, folds, Decay(0.3), lambda _, x: steps.append(x)
    )
    assert sorted(seen) == [150, 200, 250]
    weight = Decay(0.3).weights(150)
    rate = (weight @ won[:150] + 0.5) / (weight.sum() + 1)
    np.testing.assert_allclose(exam.log_odds["prior"][0], np.full(50, log_odds_of(rate)))
    np.testing.assert_array_equal(exam.won[2], won[250:])
    assert len(steps) == 3
    assert all(0.0 <= share <= 1.0 for share in steps)


def test_a_fold_is_calibrated_by_the_others_only() -> None:
    rng = np.random.default_rng(1)
    plan = shuffled(600, 3)
    z = rng.normal(-1, 1.5, 600)
    won = draw(0.7 * z, 3)
    exam = Examination(plan, [won[f.test] for f in plan], {"logistic": [z[f.test] for f in plan]})
    first = exam.probability("logistic")[0]
    exam.won[0] = 1.0 - exam.won[0]
    np.testing.assert_array_equal(exam.probability("logistic")[0], first)
    assert not np.array_equal(exam.probability("logistic")[1], first)
    exam.won[0] = 1.0 - exam.won[0]
    exam.log_odds["boosted"] = [np.zeros(f.test.size) for f in plan]
    exam.seconds = {"logistic": 1.0, "boosted": 2.0}
    exam.add_blend()
    blended = exam.log_odds["blend"][0].copy()
    exam.won[0] = 1.0 - exam.won[0]
    exam.add_blend()
    np.testing.assert_array_equal(exam.log_odds["blend"][0], blended)
    assert exam.seconds["blend"] == 3.0
    exam.won[0] = 1.0 - exam.won[0]
    weights = exam.blend_weights()
    assert weights["logistic"] == pytest.approx(0.7, abs=0.1)  # the truth is 0.7 z
    assert sum(weights.values()) == pytest.approx(1.0)


def test_where_folds_walk_forward_nothing_later_is_used() -> None:
    rng = np.random.default_rng(6)
    plan = walk_forward(1_200, 4)
    z = rng.normal(-1, 1.5, 1_200)
    won = draw(z + np.linspace(0, 1, 1_200), 3)
    said = {"logistic": [z[f.test] for f in plan], "neural": [0.5 * z[f.test] for f in plan]}
    exam = Examination(plan, [won[f.test] for f in plan], said, dict.fromkeys(said, 1.0), True)
    assert exam.known(0) == []
    assert exam.known(2) == [0, 1]
    assert exam.known() == [0, 1, 2, 3]
    exam.add_blend()
    before = [exam.probability(name)[2].copy() for name in ("logistic", "blend")]
    np.testing.assert_array_equal(
        exam.probability("logistic")[0], probability_of(said["logistic"][0])
    )
    even = dict.fromkeys(said, 0.5)
    first = {name: answers[0] for name, answers in said.items()}
    np.testing.assert_allclose(exam.log_odds["blend"][0], pooled(first, even), atol=1e-12)
    exam.won[2], exam.won[3] = 1.0 - exam.won[2], 1.0 - exam.won[3]
    exam.add_blend()
    for name, answers in zip(("logistic", "blend"), before, strict=True):
        np.testing.assert_array_equal(exam.probability(name)[2], answers)
    assert not np.array_equal(exam.probability("logistic")[3], before[0])


def calibrated_level(levels: tuple[float, ...], *, forward: bool) -> float:
    """What a level of -1.0 is calibrated to after periods of 4,000 leads with these levels."""
    rows = 4_000 * (len(levels) + 1)
    plan = walk_forward(rows, len(levels), first_share=1 / (len(levels) + 1))
    z = np.full(rows, -1.0)
    won = draw(np.repeat((-1.0, *levels), 4_000), 7)
    said = {"prior": [z[f.test] for f in plan]}
    exam = Examination(plan, [won[f.test] for f in plan], said, forward=forward)
    return float(exam.calibration("prior").apply(np.array([-1.0]))[0])


def test_a_level_that_stays_is_where_the_latest_folds_say() -> None:
    stayed = calibrated_level((-1.0, -0.4, -0.4, -0.4), forward=True)
    assert stayed == pytest.approx(-1.0 + 0.6 * 14 / 15, abs=0.15)
    even = calibrated_level((-1.0, -0.4, -0.4, -0.4), forward=False)
    assert even == pytest.approx(-1.0 + 0.6 * 3 / 4, abs=0.08)


def test_a_level_that_comes_and_goes_is_not_followed() -> None:
    assert calibrated_level((-0.4, -1.6, -0.4, -1.6), forward=True) == pytest.approx(-1.0, abs=0.02)


def test_memory_forgets_when_the_world_turns_around() -> None:
    design = make_design(1_500, seed=4)
    x = np.nan_to_num(design.profile[:, 0])
    turned = np.where(np.arange(1_500) < 900, 2.0 * x, -2.0 * x)
    position = np.arange(1_500.0)
    folds = walk_forward(1_500, 5)
    decay, trials = choose_decay(design, draw(turned), position, None, folds)
    assert decay == Decay(HALF_LIFE)
    assert [trial.decay for trial in trials] == [Decay(), Decay(HALF_LIFE)]
    steady, _ = choose_decay(design, draw(2.0 * x), position, None, folds)
    assert steady == Decay()


def test_probes_that_lose_to_the_base_rate_forget_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    design, position = make_design(1_500), np.arange(1_500.0)
    won = draw(truth(design))
    rate = won.mean()
    base = -(rate * np.log(rate) + (1 - rate) * np.log1p(-rate))

    def chosen(plain: float, forgetting: float) -> Decay:
        def losses(_probes: object, _design: object, decay: Decay) -> list[Vector]:
            level = plain if decay.half_life is None else forgetting
            return [np.full(9, level + 1e-4 * k * (decay.half_life is None)) for k in range(5)]

        monkeypatch.setattr(Probes, "losses", losses)
        return choose_decay(design, won, position, None, walk_forward(1_500, 5))[0]

    assert chosen(base + 0.10, base + 0.05) == Decay()
    assert chosen(base + 0.10, base - 0.05) == Decay(HALF_LIFE)


def test_shuffled_folds_try_only_the_clock() -> None:
    design = make_design(600)
    position = np.arange(600.0)
    won = draw(np.where(position < 300, -2.0, 1.0))
    arrival = fit_arrival_time(position, "created_at")
    decay, trials = choose_decay(design, won, position, arrival, shuffled(600, 5))
    assert [trial.decay for trial in trials] == [Decay(None, False), Decay(None, True)]
    assert decay.uses_arrival


@pytest.mark.parametrize(
    ("arrives", "forgets", "used"),
    [
        (0.9, 1.9, Decay()),
        (1.1, 1.9, Decay(None, True)),
        (0.9, 2.1, Decay(HALF_LIFE)),
        (1.1, 2.1, Decay(HALF_LIFE, True)),
    ],
)
def test_to_forget_takes_more_evidence_than_to_use_arrival(
    arrives: float, forgets: float, used: Decay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five periods; each way is better than without it by so many errors of the difference."""
    spread = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    wobble = spread * np.sqrt(5.0) / spread.std(ddof=1)

    def losses(probes: object, design: object, decay: Decay) -> list[Vector]:
        gain = arrives * decay.uses_arrival + forgets * (decay.half_life is not None)
        steps = decay.uses_arrival + (decay.half_life is not None)
        return [np.full(9, -gain - steps * w) for w in wobble]

    monkeypatch.setattr(Probes, "losses", losses)
    design, position = make_design(1_500), np.arange(1_500.0)
    arrival = fit_arrival_time(position, "created_at")
    won = draw(truth(design))
    decay, trials = choose_decay(design, won, position, arrival, walk_forward(1_500, 5))
    assert decay == used
    assert [trial.decay for trial in trials] == [
        Decay(),
        Decay(None, True),
        Decay(HALF_LIFE, used.uses_arrival),
    ]


def test_stability_is_repeatable_and_out_of_sample() -> None:
    design = make_design(400)
    makers = {"logistic": lambda: AdditiveLogistic(variance=0.1)}
    seen = []

    def run(won: Vector) -> float:
        found = repeated_split(makers, {"logistic": 1.0}, Calibration(), design, won, 4, quiet)
        seen.append(found)
        return float(found.auc.mean())

    assert run(draw(truth(design))) > 0.7
    assert 0.4 < run(draw(np.zeros(400), 7)) < 0.6
    summary = seen[0].summary()
    assert (summary["repeats"], summary["rows"]) == (4, 400)
    assert summary["auc"]["mean"] == pytest.approx(seen[0].auc.mean())  # type: ignore[index]
    assert summary["auc"]["sd"] == pytest.approx(seen[0].auc.std(ddof=1))  # type: ignore[index]
    run(draw(truth(design)))
    np.testing.assert_array_equal(seen[0].log_loss, seen[2].log_loss)


def test_an_answer_needs_no_look_at_the_test_outcomes() -> None:
    design, fold = make_design(200), Fold(np.arange(150), np.arange(150, 200))
    won = draw(truth(design))
    other = won.copy()
    other[150:] = 1.0 - other[150:]
    for name, family in FAMILIES.items():
        first = answer(family(), design, won, fold, Decay())
        np.testing.assert_array_equal(
            first, answer(family(), design, other, fold, Decay()), err_msg=name
        )


@pytest.mark.parametrize(
    ("scarce", "name", "families"),
    [
        (0, "prior", 1), (4, "prior", 1), (5, "rules", 2), (19, "rules", 2), (20, "shrunken", 3),
        (39, "shrunken", 3), (40, "model", 9), (299, "model", 9), (300, "model", 9),
    ],
)  # fmt: skip
@pytest.mark.parametrize("won_is_scarce", [True, False])
def test_regimes_at_their_limits(
    scarce: int, name: str, families: int, won_is_scarce: bool
) -> None:
    won, lost = (scarce, 5_000) if won_is_scarce else (5_000, scarce)
    regime = allowed(won, lost)
    assert regime.name == name
    assert len(regime.families) == families
    assert set(regime.families) <= set(FAMILIES)
    assert regime.reliable == (scarce >= 300)
    assert f"{won:,} won and {lost:,} lost" in regime.reason
    assert named(regime, "prior") == ("prior" if name == "rules" else name)
    assert named(regime, "points") == name


def test_a_true_order_is_used_where_the_level_jumps() -> None:
    """Log loss pays for the level of later periods; the order of each of them is right."""
    plan = walk_forward(6_000, 5)
    rng = np.random.default_rng(12)
    z = rng.normal(-1.0, 0.6, 6_000)
    jump = np.repeat([0.0, 0.0, 0.0, 0.0, 0.0, 1.6, -1.6, 1.6, -1.6, 1.6], 600)

    def compared(level: Vector, said: Vector) -> str:
        won = draw(z + level, 12)
        exam = Examination(plan, [won[fold.test] for fold in plan], forward=True)
        for name, answers in {"prior": np.full(6_000, -1.0), "logistic": said}.items():
            exam.log_odds[name] = [answers[fold.test] for fold in plan]
            exam.seconds[name] = 0.0
        exam.add_blend()
        return compare(exam, COMPLEXITY).chosen

    assert compared(jump, z) == "blend"
    assert compared(np.zeros(6_000), rng.normal(-1.0, 0.6, 6_000)) == "prior"


def facts(**changed: object) -> Evidence:
    good: dict[str, object] = {
        "family": "boosted",
        "regime": allowed(400, 900),
        "gain": (0.05, 0.01),
        "later_gain": (0.04, 0.01),
        "calibration_error": 0.01,
        "base_rate": 0.3,
        "stability_sd": 0.01,
        "order": [(0.78, 0.01), (0.75, 0.02), (0.8, 0.02)],
        "level": 0.1,
        "leaks": (),
        "gates": (Gate("min_auc", 0.7, 0.78, True),),
    }
    return Evidence(**{**good, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "verdict", "word"),
    [
        ({}, "ready", "0.0500 in log loss"),
        ({"family": "prior", "later_gain": None}, "not ready", "clearly better than chance yet"),
        ({"gain": (0.01, 0.006), "order": ()}, "not ready", "may be chance"),
        ({"gain": (0.01, 0.006)}, "with care", "use the order alone"),
        ({"gates": (Gate("min_auc", 0.9, 0.78, False),)}, "not ready", "min_auc = 0.9"),
        ({"later_gain": (-0.05, 0.01), "order": ()}, "not ready", "last period"),
        ({"later_gain": (-0.05, 0.01)}, "with care", "use the order alone"),
        ({"regime": allowed(299, 900)}, "with care", "299 won"),
        ({"calibration_error": 0.06}, "with care", "off by 6.0\u00a0%"),
        ({"stability_sd": 0.05}, "with care", "0.050"),
        ({"order": [(0.52, 0.02), (0.53, 0.02)]}, "not ready", "lots: mean AUC 0.525"),
        ({"order": [(0.51, 0.02), (0.49, 0.02), (0.9, 0.02)]}, "not ready", "2 of 3 periods"),
        ({"order": [(0.33, 0.02), (0.65, 0.02), (0.6, 0.02)]}, "with care", "In one of 3 periods"),
        ({"order": [(0.56, 0.02), (0.57, 0.02)]}, "ready", "calibrated"),
        ({"level": 0.24}, "ready", "calibrated"),
        ({"level": 0.26}, "with care", "trust the order more than the percentages"),
        ({"leaks": ("duration",)}, "with care", "duration"),
        ({"later_gain": None, "order": (), "stability_sd": None}, "ready", "calibrated"),
    ],
)
def test_verdicts(changed: dict[str, object], verdict: str, word: str) -> None:
    found = judge(facts(**changed))
    assert found.verdict == verdict
    assert word in " ".join(found.reasons)
    assert len(found.reasons) == 1


def test_the_worst_reason_comes_first_and_none_is_lost() -> None:
    found = judge(facts(level=0.9, family="prior", regime=allowed(50, 50)))
    assert found.verdict == "not ready"
    assert len(found.reasons) == 3
    assert "clearly better than chance yet" in found.reasons[0]


def test_a_gate_that_could_not_be_measured_is_said_so() -> None:
    found = judge(facts(gates=(Gate("min_auc", 0.7, float("nan"), False),)))
    assert found.verdict == "not ready"
    assert "nan" not in " ".join(found.reasons)


def test_doubt_is_the_distance_to_plausible_families_only() -> None:
    plan = shuffled(4_000, 4)
    rng = np.random.default_rng(4)
    z = rng.normal(-1, 1.2, 4_000)
    won = draw(z, 6)
    exam = Examination(plan, [won[fold.test] for fold in plan])
    asked = {"prior": np.full(4_000, -0.75), "logistic": z, "boosted": z}
    asked["neural"] = z + 0.05 * rng.normal(size=4_000)
    for name, answers in asked.items():
        exam.log_odds[name] = [answers[fold.test] for fold in plan]
        exam.seconds[name] = 0.0
    found = compare(exam, COMPLEXITY)
    assert found.chosen == "logistic"
    # The prior is far away but refuted; the network differs by 0.05 and cannot be refuted.
    assert 0.0 < model_variance(exam, found) < 0.01
