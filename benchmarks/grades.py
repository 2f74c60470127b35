"""How often grades change from day to day: shares alone, borders that are kept, and buffer zones.

    python benchmarks/grades.py

Lists of 600 and of 10,000 leads over 60 days; 3 % of the leads go and others come each day; the
log-odds of a lead either wiggle around a mean of its own or walk, by 0.1 a day. Printed: the share
of leads that stay and change their grade, a day, and the smallest and largest share of each grade.
Borders that are kept move only when some grade's share is off by more than a quarter.
"""

from collections.abc import Callable, Sequence

import numpy as np

from redumbrella.models.base import Vector
from redumbrella.scores.grades import grades_of
from redumbrella.settings.grades import GRADES, Grades

DAYS, COMING, STEP = 60, 0.03, 0.1
Grader = Callable[[Vector, Sequence[str | None]], list[str]]


def shares_alone(values: Vector, _former: Sequence[str | None]) -> list[str]:
    """Quantiles of today's list."""
    return grades_of(values, [None] * values.size, Grades())


def buffered(values: Vector, former: Sequence[str | None]) -> list[str]:
    """The rule in use."""
    return grades_of(values, former, Grades())


def kept_borders() -> Grader:
    """Quantiles of the first list, kept until some share is off by more than a quarter."""
    ends = np.cumsum(Grades().shares)
    wanted = np.append(Grades().shares, 1.0 - ends[-1])
    kept: list[Vector] = []

    def grade(values: Vector, _former: Sequence[str | None]) -> list[str]:
        for _ in range(2):
            if not kept:
                kept.append(np.quantile(values, 1.0 - ends))
            code = np.searchsorted(-kept[0], -values)
            shares = np.bincount(code, minlength=len(GRADES)) / values.size
            if not (np.abs(shares - wanted) > 0.25 * wanted).any():
                break
            kept.clear()
        return [GRADES[n] for n in code]

    return grade


def simulate(leads: int, grade: Grader, *, walks: bool) -> tuple[float, Vector, Vector]:
    """Share of grades that change a day; least and largest share of each grade."""
    rng = np.random.default_rng(0)
    mean = rng.normal(-1.0, 1.0, leads)
    former: list[str | None] = [None] * leads
    changed, shares = [], []
    for day in range(DAYS):
        comes = rng.random(leads) < COMING
        mean[comes] = rng.normal(-1.0, 1.0, int(comes.sum()))
        noise = rng.normal(0.0, STEP, leads)
        if walks:
            mean = mean + noise
        had = [None if new else old for new, old in zip(comes, former, strict=True)]
        today = grade(mean if walks else mean + noise, had)
        stayed = [new != old for new, old in zip(today, had, strict=True) if old is not None]
        if day:
            changed.append(np.mean(stayed))
        shares.append([today.count(name) / leads for name in GRADES])
        former = list(today)
    return float(np.mean(changed)), np.min(shares, axis=0), np.max(shares, axis=0)


if __name__ == "__main__":
    for leads in (600, 10_000):
        for walks in (False, True):
            for name, grade in (
                ("shares alone", shares_alone),
                ("kept borders", kept_borders()),
                ("buffer zones", buffered),
            ):
                share, least, most = simulate(leads, grade, walks=walks)
                kind = "walk" if walks else "wiggle"
                spans = ", ".join(
                    f"{g} {a:.1%} to {b:.1%}" for g, a, b in zip(GRADES, least, most, strict=True)
                )
                print(f"{leads:6,} {kind:6} {name}: {share:.1%} a day; {spans}")
