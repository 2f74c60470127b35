"""Do the intervals keep their word? Worlds with known truth, from 10 to 600 conversions.

Each world: leads with two numbers and a category that matter a little, a known probability for
each. Red Umbrella learns from the closed leads and scores 2,000 new ones. Counted: the share of new
leads whose true probability lies in its 90 % interval, and, over groups of 200 leads with
neighbouring scores, the share of groups whose observed rate lies in the mean interval of the group
(widened by the chance of drawing 200 leads).

    python benchmarks/intervals.py [--worlds 20] [--record FILE]
"""

import argparse
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # must stand before LightGBM is imported

import numpy as np

from redumbrella.features.matrix import Design, Feature
from redumbrella.learning.lesson import learn
from redumbrella.models.base import probability_of
from redumbrella.training.arrival import fit_arrival_time
from redumbrella.training.observations import Observations

FEATURES = (
    Feature("visits", "visits", "number"),
    Feature("days_since_last_visit", "days_since_last_visit", "number"),
    Feature("source", "source", "category", ("(other)", "fair", "search", "partner")),
)
NEW_LEADS = 2_000
GROUP = 200


@dataclass(frozen=True)
class World:
    """Leads of one company and the probabilities that nobody there knows."""

    design: Design
    probability: np.ndarray


def world(rows: int, base: float, rng: np.random.Generator) -> World:
    """Draws leads; `base` is the log-odds of the usual lead."""
    visits = rng.poisson(3.0, rows).astype(float)
    days = rng.exponential(20.0, rows)
    source = rng.integers(1, 4, rows).astype(float)
    z = (
        base
        + 0.35 * (visits - 3.0)
        - 0.02 * (days - 20.0)
        + np.array([0, 0.5, 0.0, -0.5])[source.astype(int)]
    )
    return World(Design(FEATURES, np.column_stack([visits, days, source])), probability_of(z))


def measure(conversions: int, seed: int) -> dict[str, float | str]:
    """One world: coverage of truth and of observed rates, and the mean width."""
    rng = np.random.default_rng(seed)
    rows = conversions * 10
    closed, new = world(rows, -2.4, rng), world(NEW_LEADS, -2.4, rng)
    won = (rng.random(rows) < closed.probability).astype(float)
    position = np.arange(rows, dtype=float)
    observed = Observations(
        closed=None, won=won, position=position, open=None,
        open_position=np.full(NEW_LEADS, float(rows)), order="rows", open_among=False,
    )  # fmt: skip
    arrival = fit_arrival_time(position, "rows")
    lesson = learn(observed, closed.design, arrival, lambda _step, _share: None)
    design = new.design
    if lesson.decay.uses_arrival:
        design = arrival.beside(design, observed.open_position)
    z = lesson.blend.log_odds(design)
    low, high = lesson.spread.interval(z, lesson.spread.deviation(design))
    truth = new.probability
    happened = rng.random(NEW_LEADS) < truth
    groups = np.array_split(np.argsort(z, kind="stable"), NEW_LEADS // GROUP)
    kept = []
    for members in groups:
        rate, a, b = happened[members].mean(), low[members].mean(), high[members].mean()
        chance = 1.645 * np.sqrt(max(rate * (1 - rate), 1e-4) / members.size)
        kept.append(a - chance <= rate <= b + chance)
    return {
        "regime": lesson.regime.name + (" (reliable)" if lesson.regime.reliable else ""),
        "family": lesson.comparison.chosen,
        "truth": float(np.mean((low <= truth) & (truth <= high))),
        "groups": float(np.mean(kept)),
        "width": float(np.mean(high - low)),
    }


HEAD = """\
# Intervals: recorded run

Written by `benchmarks/intervals.py`. {worlds} worlds for each number of conversions (expected, ten
times as many closed leads), 2,000 new leads each; stated level: 90 %. In brackets the standard
error over the worlds. Groups: 200 leads with neighbouring scores; their observed rate lies in the
mean interval of the group, allowing for the chance of drawing 200 leads.

{cores} cores, Python {python}, {versions}.

| conversions | true probabilities covered | group rates covered | mean width | in use (worlds) |
|---:|---:|---:|---:|---|
"""


def line(conversions: int, found: Sequence[dict[str, float | str]]) -> str:
    """The worlds of one size as a row of Markdown."""
    truth = np.array([f["truth"] for f in found], np.float64)
    groups, width = (float(np.mean([f[k] for f in found])) for k in ("groups", "width"))
    kinds = [f"{f['regime']}: {f['family']}" for f in found]
    counted = ", ".join(f"{kind} ({kinds.count(kind)})" for kind in sorted(set(kinds)))
    error = truth.std(ddof=1) / np.sqrt(truth.size) if truth.size > 1 else float("nan")
    return (
        f"| {conversions} | {truth.mean():.1%} ({error:.1%}) | {groups:.1%} | {width:.3f} "
        f"| {counted} |"
    )


def main() -> None:
    """Prints one row per number of conversions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the page of results")
    options = parser.parse_args()
    packages = ("redumbrella", "lightgbm", "scikit-learn", "numpy")
    lines = [
        HEAD.format(
            worlds=options.worlds,
            cores=os.cpu_count(),
            python=platform.python_version(),
            versions=", ".join(f"{name} {version(name)}" for name in packages),
        ).rstrip()
    ]
    for conversions in (10, 30, 60, 600):
        found = [measure(conversions, seed) for seed in range(options.worlds)]
        lines.append(line(conversions, found))
        print(lines[-1], flush=True)
        if options.record:
            options.record.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
