"""How long the assignment of a day takes at the proven optimum, against HiGHS on the same program.

    python benchmarks/assignment.py [--highs]

Leads and reps are drawn: twelve product types, four languages, owners, seniority, costs. With
--highs the same integer program also goes to scipy.optimize.linprog (HiGHS, dual simplex), whose
relaxation is whole because the program is a transportation problem; that takes long.
"""

import argparse
import time

import numpy as np

from redumbrella.decisions.assignment import assign
from redumbrella.decisions.rep_fit import (
    PRODUCT_TYPE,
    Line,
    Rep,
    Terms,
    give_lines,
    may_take,
    pair_values,
)

TERMS = Terms("EUR", keep_owner=50.0, contact_minutes=8.5)
LANGUAGES, TYPES = ["de", "en", "fr", "pl"], [f"type {n}" for n in range(12)]


def drawn_day(leads: int, reps: int, room: float, seed: int) -> tuple[list[Line], list[Rep]]:
    """Lines and reps; room: places of all reps for each lead."""
    generator = np.random.default_rng(seed)

    def some(values: list[str], share: float) -> frozenset[str]:
        return frozenset(v for v in values if generator.random() < share) or frozenset(values[:1])

    people = [
        Rep(f"R-{n}", f"Rep {n}", round(room * leads / reps), None,
            float(generator.integers(25, 60)), float(generator.integers(1, 6)),
            {"language": some(LANGUAGES, 0.6)}, some(TYPES, 0.4))
        for n in range(reps)
    ]  # fmt: skip
    lines = [
        Line(float(generator.lognormal(4.0, 1.0)),
             f"R-{generator.integers(reps)}" if generator.random() < 0.5 else "",
             {"language": frozenset({str(generator.choice(LANGUAGES))}),
              PRODUCT_TYPE: frozenset({str(generator.choice(TYPES))})})
        for _ in range(leads)
    ]  # fmt: skip
    return lines, people


def by_highs(lines: list[Line], reps: list[Rep]) -> tuple[float, float]:
    """The best sum that HiGHS finds, without owners, and its processor time."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    value = np.where(may_take(lines, reps), pair_values(lines, reps, TERMS), 0.0)
    lead, rep = np.nonzero(value)
    pair, count = np.arange(lead.size), len(lines)
    rows = (np.r_[lead, count + rep], np.r_[pair, pair])
    limits = np.r_[np.ones(count), [one.places for one in reps]]
    start = time.process_time()
    found = linprog(-value[lead, rep], A_ub=csr_array((np.ones(2 * pair.size), rows)), b_ub=limits,
                    method="highs-ds")  # fmt: skip
    return -found.fun, time.process_time() - start


def main() -> None:
    """Prints one row of the results page for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--highs", action="store_true")
    asked = parser.parse_args()
    sizes = [(1_000, 10, 1.0), (5_000, 50, 0.7), (5_000, 50, 1.0), (5_000, 50, 1.3)]
    for leads, reps, room in sizes:
        for seed in (1, 2, 3):
            lines, people = drawn_day(leads, reps, room, seed)
            wall, cpu = time.perf_counter(), time.process_time()
            given, found = give_lines(lines, people, TERMS)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            nobody = sum(not one.rep_id for one in given)
            print(f"| {leads:,} | {reps} | {room:g} | {seed} | {wall:.1f} | {cpu:.1f} | "
                  f"{found.is_proven} | {nobody:,} |", flush=True)  # fmt: skip
        if asked.highs:
            value = np.where(may_take(lines, people), pair_values(lines, people, TERMS), 0.0)
            start = time.process_time()
            ours = assign(value.astype(np.int64), np.array([one.places for one in people]))
            cpu = time.process_time() - start
            best, highs = by_highs(lines, people)
            print(f"    without owners: {ours.value:,} in {cpu:.2f} s, HiGHS {best:,.0f} in "
                  f"{highs:.2f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
