"""A plain verdict: ready, with care or not ready, and why.

In: the measured facts of one model. Out: the verdict and its reasons as sentences, worst first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri

from redumbrella.evaluation.order import Order, at_chance, mean_order, order_holds
from redumbrella.evaluation.regime import Regime
from redumbrella.figures import percent

Level = Literal["ready", "with care", "not ready"]

# Odds of a whole list that may be one and a half times too high or too low call for care.
LEAST_LEVEL_TO_SAY = float(np.log(1.5) / ndtri(0.95))


@dataclass(frozen=True)
class Gate:
    """One success criterion of umbrella.toml: what is required, what was measured."""

    name: str
    required: float
    measured: float
    passed: bool


@dataclass(frozen=True)
class Evidence:
    """What the verdict rests on; every figure is out of sample.

    gain: log loss of the base rate minus that of the model, with its standard error. later_gain:
    the same in the last period alone. order: AUC of each period, judged alone, and its standard
    error; empty where that says nothing. level: standard deviation, in log-odds, of the error that
    all leads of a later period share. leaks: fields in use that look as if they were known
    only afterwards. doubts: why the outcomes themselves cannot be relied on; cautions: why scores
    of some leads are too high; both as sentences.
    """

    family: str
    regime: Regime
    gain: tuple[float, float]
    later_gain: tuple[float, float] | None
    calibration_error: float
    base_rate: float
    stability_sd: float | None
    order: Sequence[Order]
    level: float
    leaks: Sequence[str]
    gates: Sequence[Gate]
    doubts: Sequence[str] = ()
    cautions: Sequence[str] = ()


@dataclass(frozen=True)
class Verdict:
    """The verdict and its reasons."""

    verdict: Level
    reasons: tuple[str, ...]


def judge(facts: Evidence) -> Verdict:
    """Collects every reason against the model; the worst one names the verdict."""
    stops = _stops(facts)
    cares = _cares(facts)
    if stops:
        return Verdict("not ready", (*stops, *cares))
    if cares:
        return Verdict("with care", tuple(cares))
    gain, error = facts.gain
    good = (
        f"It beats the base rate by {gain:.4f} in log loss (± {error:.4f}) on leads it had not "
        f"seen, is calibrated within {percent(facts.calibration_error)}, and the record is large "
        "enough."
    )
    return Verdict("ready", (good,))


def _stops(facts: Evidence) -> list[str]:
    reasons = list(facts.doubts)
    if facts.family == "prior":
        reasons.append(
            "Nothing in the record tells won from lost clearly better than chance yet, so everyone "
            "gets the base rate. Add fields that differ between them, or more that are decided."
        )
    elif not _is_clear(facts) and not order_holds(facts.order):
        reasons.append(
            f"Its lead over the base rate ({facts.gain[0]:.4f} in log loss, ± {facts.gain[1]:.4f}) "
            "may be chance. More that are decided will show."
        )
    if facts.order and not order_holds(facts.order):
        mean, error = mean_order(facts.order)
        reasons.append(
            f"On leads it had not seen, period by period, its order is not clearly better than "
            f"drawing lots: mean AUC {mean:.3f} ± {error:.3f}, where 0.5 is chance, and in "
            f"{at_chance(facts.order)} of {len(facts.order)} periods it was within its error of "
            "that."
        )
    reasons.extend(
        f"It misses your gate {gate.name} = {gate.required:g}: {_measured(gate)}."
        for gate in facts.gates
        if not gate.passed
    )
    if _is_worse_later(facts) and (not facts.order or at_chance(facts.order[-1:])):
        reasons.append(
            "In the last period it did worse than the base rate of the time before: what it "
            "learned no longer held."
        )
    return reasons


def _is_clear(facts: Evidence) -> bool:
    return facts.gain[0] > 2 * facts.gain[1]


def _is_worse_later(facts: Evidence) -> bool:
    return facts.later_gain is not None and facts.later_gain[0] < -2 * facts.later_gain[1]


def _measured(gate: Gate) -> str:
    if gate.measured != gate.measured:  # NaN differs from itself
        return "it cannot be measured, because all leads asked about had the same outcome"
    return f"measured {gate.measured:.4g}"


def _cares(facts: Evidence) -> list[str]:
    reasons = list(facts.cautions)
    if not facts.regime.reliable:
        reasons.append(facts.regime.reason)
    limit = max(0.02, 0.15 * min(facts.base_rate, 1 - facts.base_rate))
    if facts.family != "prior" and facts.calibration_error > limit:
        reasons.append(
            f"Probabilities were off by {percent(facts.calibration_error)} on average: trust the "
            "order more than the numbers."
        )
    if facts.stability_sd is not None and facts.stability_sd > 0.03:
        reasons.append(
            f"Another sample of the same leads gives another model: AUC varies by "
            f"± {facts.stability_sd:.3f} from one 70/30 split to the next."
        )
    held = order_holds(facts.order)
    if held and (
        not _is_clear(facts) or (_is_worse_later(facts) and not at_chance(facts.order[-1:]))
    ):
        reasons.append(
            "Its percentages were not clearly better than the base rate of the time before, but "
            "its order held: use the order alone."
        )
    failed = at_chance(facts.order)
    if held and failed:
        periods = "one" if failed == 1 else str(failed)
        reasons.append(
            f"In {periods} of {len(facts.order)} periods, each judged alone, its order was no "
            "better than drawing lots. In the others it was."
        )
    if facts.level > LEAST_LEVEL_TO_SAY:
        reasons.append(
            "The share won moves from one period to the next in a way that nothing in the record "
            "foretold: trust the order more than the percentages, which may all be too high or too "
            "low together."
        )
    if facts.leaks:
        reasons.append(
            "Fields are in use that look as if they were only known afterwards: "
            f"{', '.join(facts.leaks)}. If they are, the scores are worth nothing on open leads: "
            "leave them out with `ignore`."
        )
    return reasons
