"""What a lead is worth: the models of amount, time, effort and fit as one bundle beside the score.

In: the fitted parts. Out: per lead the expected amount, the potential lifetime value, the curve of
conversion in time, the effort until the close and the strategic fit. Each part may be missing: what
the record does not tell is not guessed.

    potential LTV = P(buy) x amount x (1 + repeat purchases)          (article 003)
    expected value = margin x potential LTV - cost of effort
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Parts, Vector, prefixed, unprefixed
from redumbrella.models.model_folder import ModelFiles
from redumbrella.models.worth.amount import Amount, Estimate
from redumbrella.models.worth.effort import Effort
from redumbrella.models.worth.strategic_fit import StrategicFit
from redumbrella.models.worth.timing import Timing

EXPECTED = ("amount", "contacts", "minutes")
FILE, ARRAYS = "valuation.json", "valuation.npz"
PARTS: Mapping[str, type[Any]] = {
    "amount": Amount,
    "timing": Timing,
    "effort": Effort,
    "fit": StrategicFit,
}


@dataclass(frozen=True)
class Rates:
    """Money: cost of an hour and of a contact, the share of revenue that is profit."""

    per_hour: float
    per_contact: float
    margin: float


@dataclass(frozen=True, eq=False)
class Expected:
    """What the leads seen in training were expected to bring and to take, (n,) each.

    Empty where it cannot be known. A new lead is set among them; what they cost depends on the
    rates of the day, so that only quantities are kept.
    """

    amount: Vector
    contacts: Vector
    minutes: Vector


@dataclass(frozen=True)
class Valuation:
    """Fitted parts, None where the record does not teach them.

    columns: which columns of the score model's dense block they see. repeats: expected number of
    further purchases of a new customer within the horizon. expected: of the leads seen in training.
    figures: what was measured, for the report.
    """

    columns: tuple[int, ...]
    amount: Amount | None
    timing: Timing | None
    effort: Effort | None
    fit: StrategicFit | None
    repeats: float
    expected: Expected
    figures: Mapping[str, Any]

    def minutes(self) -> Vector:
        """Expected minutes of the leads seen in training, sorted; empty where not known."""
        return np.sort(self.expected.minutes)

    def profit(self, rates: Rates) -> Vector:
        """Expected profit of the leads seen in training if they convert, sorted; empty likewise."""
        expected = self.expected
        if not expected.amount.size:
            return expected.amount
        cost = np.zeros(expected.amount.size)
        if expected.minutes.size:
            hours = expected.minutes * rates.per_hour / 60.0
            cost = hours + expected.contacts * rates.per_contact
        return np.sort(rates.margin * expected.amount * (1.0 + self.repeats) - cost)

    def seen(self, design: Design) -> Design:
        """The part of the score model's design that these models learned from."""
        return design.only(np.array(self.columns, np.intp))


def potential_lifetime_value(
    probability: Vector, low: Vector, high: Vector, amount: Estimate, repeats: float
) -> Estimate:
    """Potential LTV with its interval: P x amount x (1 + repeats), each (n,).

    The interval joins two uncertainties that do not depend on each other, of the probability and of
    the amount, on the log scale: a ratio of ends each, added like variances.
    """
    value = probability * amount.value * (1.0 + repeats)

    def ratio(end: Vector, middle: Vector) -> Vector:
        return np.log(np.maximum(end, 1e-9) / np.maximum(middle, 1e-9))

    down = np.hypot(ratio(low, probability), ratio(amount.low, amount.value))
    up = np.hypot(ratio(high, probability), np.maximum(ratio(amount.high, amount.value), 0.0))
    return Estimate(value, value * np.exp(-down), value * np.exp(up))


def save_valuation(folder: Path, valuation: Valuation) -> None:
    """Writes the bundle into a model's folder, as JSON and arrays."""
    fitted = {name: getattr(valuation, name) for name in PARTS}
    parts = prefixed({name: part.to_parts() for name, part in fitted.items() if part is not None})
    document = {
        "columns": list(valuation.columns),
        "repeats": valuation.repeats,
        "figures": dict(valuation.figures),
        "parts": parts.facts,
    }
    (folder / FILE).write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))
    arrays: dict[str, Any] = {
        **{f"expected.{name}": values for name, values in vars(valuation.expected).items()},
        **parts.arrays,
    }
    np.savez_compressed(folder / ARRAYS, **arrays)


def load_valuation(files: ModelFiles, features: tuple[Feature, ...]) -> Valuation | None:
    """Reads what `save_valuation` wrote, for the features of the score model; None if absent."""
    if FILE not in files:
        return None
    with files.parsing():
        return _read(files.document(FILE), files.arrays(ARRAYS), features)


def _read(
    document: Mapping[str, Any], arrays: dict[str, Any], features: tuple[Feature, ...]
) -> Valuation:
    expected = Expected(*(arrays.pop(f"expected.{name}") for name in EXPECTED))
    dense = sum(feature.kind != "history" for feature in features)
    kept = tuple(features[column] for column in document["columns"]) + features[dense:]
    parts = Parts(document["parts"], arrays)
    fitted = {
        name: kind.from_parts(unprefixed(parts, name), kept) if name in parts.facts else None
        for name, kind in PARTS.items()
    }
    return Valuation(
        columns=tuple(document["columns"]),
        repeats=document["repeats"],
        expected=expected,
        figures=document["figures"],
        **fitted,
    )
