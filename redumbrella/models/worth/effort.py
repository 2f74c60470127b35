"""Effort: number and minutes of contacts until a lead is closed, and what they cost.

In: a design of leads at some instant, what each closed lead still took from then on. Out: a mean
and an 80 % interval of contacts, minutes and cost. Both quantities are skewed and often zero: they
are learned like an amount (counts by Poisson, minutes by Tweedie quasi-likelihood), from 40 closed
leads on; below that everyone gets the mean.

Rows belong in order of closing: by date of creation, the last ones are those that closed fast.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from redumbrella.errors import DataError
from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Parts, Vector, prefixed, unprefixed
from redumbrella.models.worth.amount import Amount, Estimate, check_quantity, fit_amount

LEAST_TO_LEARN = 40
POWER_OF_CONTACTS, POWER_OF_MINUTES = 1.0, 1.5


@dataclass(frozen=True)
class EffortEstimate:
    """What n leads will take until they are closed; cost in the currency of the rates."""

    contacts: Estimate
    minutes: Estimate
    cost: Estimate


@dataclass
class Effort:
    """Fitted number of contacts and minutes; their `contributions` are the reasons."""

    contacts: Amount
    minutes: Amount

    def estimate(
        self, design: Design, cost_per_hour: float | Vector, cost_per_contact: float | Vector = 0.0
    ) -> EffortEstimate:
        """Contacts, minutes and cost = minutes * cost_per_hour / 60 + contacts * cost_per_contact.

        Rates: one for all or one per lead, (n,), >= 0. Minutes and contacts rise together, so the
        ends of their intervals are added up. DataError for a negative rate.
        """
        for rate, name in (
            (cost_per_hour, "cost per hour"),
            (cost_per_contact, "cost per contact"),
        ):
            if not np.all(np.asarray(rate) >= 0):
                raise DataError(
                    f"The {name} must be 0 or more, but is {np.min(rate):g}.", reason="bad_rate"
                )
        contacts, minutes = self.contacts.estimate(design), self.minutes.estimate(design)
        cost = Estimate(
            *(
                np.asarray(m * cost_per_hour / 60.0 + c * cost_per_contact)
                for m, c in zip(minutes, contacts, strict=True)
            )
        )
        return EffortEstimate(contacts, minutes, cost)

    def to_parts(self) -> Parts:
        """The parts of both."""
        return prefixed({"contacts": self.contacts.to_parts(), "minutes": self.minutes.to_parts()})

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The model that `to_parts` described, for the features of its design."""
        return cls(
            Amount.from_parts(unprefixed(parts, "contacts"), features),
            Amount.from_parts(unprefixed(parts, "minutes"), features),
        )


def fit_effort(design: Design, contacts: Vector, minutes: Vector) -> Effort:
    """Learns from n closed leads in order of closing.

    contacts, minutes: (n,) >= 0, from the instant of the features to the close. DataError for no
    rows, values below zero, no number, or nothing but zeros.
    """
    check_quantity(contacts, "numbers of contacts")
    check_quantity(minutes, "minutes of contacts")
    return Effort(
        fit_amount(design, contacts, power=POWER_OF_CONTACTS, least_rows=LEAST_TO_LEARN),
        fit_amount(design, minutes, power=POWER_OF_MINUTES, least_rows=LEAST_TO_LEARN),
    )
