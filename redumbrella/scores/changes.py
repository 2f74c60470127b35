"""Why a score moved, exactly: the difference of two log-odds as a sum of parts with reasons.

In: looks at one lead, each by one model at what was known and at an instant. Out: `ChangePart`s.
With f(model, what was known, instant) the log-odds,

    time    f(M0, then, t1)                 - f(M0, then, t0)
    did     f(M0, then + since, t1)         - f(M0, then, t1)
    record  f(M0, now, t1)                  - f(M0, then + since, t1)
    model   f(M1, now, t1)                  - f(M0, now, t1)

so that the parts sum to f(M1, now, t1) - f(M0, then, t0). Each difference is one of contributions,
which are additive, so its fields sum to it as well. In what order the steps are taken decides who
gets what the steps do together; this one asks first what would have become of the score had nothing
happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from redumbrella.features.matrix import Design
from redumbrella.models.base import Contributions
from redumbrella.models.registry import LeadModel
from redumbrella.reports.changes import PARTS, ChangePart, ChangeReason
from redumbrella.reports.reasons import TIMES
from redumbrella.scores.reasons import LEAST, dates_among, grouped
from redumbrella.scores.telling import Speech, Teller

MOST = 4  # fields that are named in a part
BASE, UNSEEN = "(base)", "a field that this model does not see"
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LeadLook:
    """One lead as one model sees it: its record and its design, one row each."""

    model: LeadModel
    record: pa.Table
    design: Design

    @cached_property
    def said(self) -> Contributions:
        """What each feature adds, asked once: it takes longer than all else here."""
        return self.model.blend.contributions(self.design)

    @property
    def log_odds(self) -> float:
        """What the model says, as scoring sums it."""
        return float((self.said.base + self.said.values.sum(axis=1))[0])


def untold(name: str, change: float) -> ChangePart:
    """A part whose fields cannot be told."""
    return ChangePart(name, PARTS[name], change, (), change)


def change_part(name: str, before: LeadLook, after: LeadLook, speech: Speech) -> ChangePart:
    """The difference of two looks, with its largest reasons; models may differ."""
    if before is after:
        return ChangePart(name, PARTS[name], 0.0, (), 0.0)
    old, new, change = before.said, after.said, after.log_odds - before.log_odds
    moved = _by_field(after, new, speech)
    for source, value in _by_field(before, old, speech).items():
        moved[source] = moved.get(source, 0.0) - value
    largest = sorted(moved, key=lambda source: -abs(moved[source]))
    large = [source for source in largest if abs(moved[source]) > LEAST]
    is_same_model = before.model is after.model
    delta = new.values - old.values if is_same_model else new.values
    tell_new = _teller(after, delta, speech)
    tell_old = _teller(before, delta if is_same_model else old.values, speech)
    told = (
        ChangeReason(
            source,
            _words(source, tell_new, after, moved[source]),
            _words(source, tell_old, before, moved[source]),
            moved[source],
        )
        for source in large
    )
    # What a model says of one field depends a little on the others: such echoes are in the rest.
    reasons = tuple(islice((r for r in told if not (is_same_model and r.text == r.before)), MOST))
    reasons = tuple(replace(r, before="") if r.text == r.before else r for r in reasons)
    rest = change - sum(reason.change for reason in reasons)
    return ChangePart(name, PARTS[name], change, reasons, rest)


def _by_field(look: LeadLook, said: Contributions, speech: Speech) -> dict[str, float]:
    """Contributions by field; dates and the times come together, and the base has its own."""
    sources, values = grouped(look.design.features, said.values)
    times = {*speech.times, *look.model.times, *dates_among(look.design.features)}
    found = {BASE: said.base}
    for source, value in zip(sources, values[0].tolist(), strict=True):
        name = TIMES if source in times else source
        found[name] = found.get(name, 0.0) + value
    return found


def _teller(look: LeadLook, values: Vector, speech: Speech) -> Teller:
    words = look.model.encoder.telling(look.record)
    own = Speech(speech.labels, speech.times, speech.about_leads)  # usual values differ by model
    return Teller(look.record, look.design, values, look.model.usual, words, own)


def _words(source: str, teller: Teller, look: LeadLook, change: float) -> str:
    """What a field says of the lead; empty where the model does not know the field."""
    if source == BASE:
        return "the usual rate of all leads"
    if source == TIMES:
        return "the times: how leads of the same weeks convert"
    if source not in _fields_of(look):
        return UNSEEN
    lines, number = teller.lines(source, np.array([0], np.intp), 1 if change > 0 else -1)
    return str(lines[int(number[0])]["text"])


def _fields_of(look: LeadLook) -> Sequence[str]:
    return grouped(look.design.features, np.zeros((1, len(look.design.features))))[0]
