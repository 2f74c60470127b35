"""Customers with a known truth: purchases event by event, without the formulas under test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
FINE = 1e-4  # occasions so short that no two purchases fall into one


@dataclass(frozen=True)
class World:
    """r, alpha, a, b: how often. p, q, gamma: how much. Times in weeks."""

    r: float = 0.6
    alpha: float = 6.0
    a: float = 0.8
    b: float = 2.5
    p: float = 5.0
    q: float = 4.0
    gamma: float = 20.0

    def purchases(
        self, customers: int, weeks: float, seed: int, join: float = 0.0
    ) -> tuple[NDArray[np.int64], Vector, Vector]:
        """(person, at, amount) of all purchases until `weeks`; first ones within `join` weeks."""
        rng = np.random.default_rng(seed)
        rate = rng.gamma(self.r, 1.0 / self.alpha, customers)
        loss = rng.beta(self.a, self.b, customers)
        nu = rng.gamma(self.q, 1.0 / self.gamma, customers)
        person, at, amount = [], [], []
        for one in range(customers):
            now, lost = join * rng.random(), False
            while now < weeks and not lost:
                # A repeat purchase may be the last one; the first never is.
                lost = bool(person) and person[-1] == one and rng.random() < loss[one]
                person.append(one)
                at.append(now)
                amount.append(rng.gamma(self.p) / nu[one])
                now += rng.exponential(1.0 / max(rate[one], 1e-12))
        return np.array(person), np.array(at), np.array(amount)
