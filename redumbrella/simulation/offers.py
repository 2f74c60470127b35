"""What the company sells, who sells it, and the companies that people work at: drawn once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import Floats, gamma, normal, pick, shares, uniform
from redumbrella.simulation.parameters import Company


@dataclass(frozen=True)
class Offers:
    """Products (n): type (its number), price, margin as a share of the price, and the first product
    and the cumulative popularity within each type.
    """

    type: NDArray[np.int64]
    price: Floats
    margin: Floats
    first: NDArray[np.int64]
    popularity: tuple[Floats, ...]
    in_shop: NDArray[np.bool_]

    def of_type(self, types: NDArray[np.int64], drawn: Floats) -> NDArray[np.int64]:
        """A product of each type (n,), the popular ones more often."""
        found = np.zeros(types.size, np.int64)
        for number, cumulative in enumerate(self.popularity):
            here = types == number
            found[here] = self.first[number] + pick(cumulative, drawn[here])
        return found


def draw_offers(company: Company, seed: int) -> Offers:
    """Prices are log-normal, popularity falls as 1 / rank (Zipf)."""
    counts = [one.count for one in company.products]
    kind = np.repeat(np.arange(len(counts)), counts)
    base = np.array([one.price for one in company.products])[kind]
    spread = np.array([one.spread for one in company.products])[kind]
    price = base * np.exp(spread * normal(seed, "price", np.arange(kind.size)))
    return Offers(
        type=kind,
        # Nothing is free: what is bought is compared by the logarithm of its price.
        price=np.maximum(np.round(price, 0 if base.min() > 50 else 2), 0.01),
        margin=np.array([one.margin for one in company.products])[kind],
        first=np.concatenate([[0], np.cumsum(counts)[:-1]]),
        popularity=tuple(shares(1.0 / np.arange(1.0, count + 1.0)) for count in counts),
        in_shop=np.array([one.shop for one in company.products])[kind],
    )


@dataclass(frozen=True)
class Staff:
    """Sales people (n): skill (a factor of the effect less 1) and which types (n, t) they know."""

    skill: Floats
    knows: NDArray[np.bool_]


def draw_staff(company: Company, seed: int, count: int) -> Staff:
    """Skill is normal; every rep knows at least one type."""
    people, types = np.arange(count)[:, None], np.arange(len(company.types))[None, :]
    knows = uniform(seed, "knows", people, types) < company.reps.knows
    knows[np.arange(count), np.arange(count) % len(company.types)] = True
    return Staff(company.reps.skill_spread * normal(seed, "skill", np.arange(count)), knows)


@dataclass(frozen=True)
class Employers:
    """Companies (n): industry (its number), employees, budget a year, how well they fit (hidden),
    and their cumulative share of people."""

    industry: NDArray[np.int64]
    employees: NDArray[np.int64]
    budget: Floats
    fit: Floats
    share: Floats


def draw_employers(company: Company, seed: int) -> Employers:
    """Sizes are log-normal; larger companies have larger budgets, and send more people."""
    numbers = np.arange(company.accounts.count)
    industries = len(company.accounts.industries)
    industry = (uniform(seed, "industry", numbers) * industries).astype(np.int64)
    log_size = 4.5 + 1.6 * normal(seed, "employees", numbers)
    fit = np.array(company.accounts.fit)[industry]
    log_budget = 9.0 + 0.7 * (log_size - 4.5) + 0.8 * normal(seed, "budget", numbers)
    fit += 0.25 * (log_budget - 9.0)
    fit += 0.4 * normal(seed, "fit of a company", numbers)
    weight = gamma(seed, "share of a company", 0.6, numbers) * np.exp(0.3 * log_size)
    employees = np.maximum(1, np.exp(log_size)).astype(np.int64)
    return Employers(industry, employees, np.exp(log_budget), fit, shares(weight))
