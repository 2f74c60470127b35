"""Features that run with time: a year, or the month in a record of less than a year.

The leads to score have values of them that no closed lead had, so that what was learned of them is
carried into a future that it says nothing about. In: the closed leads in order of time and the
folds. Out: which features run. They are left out unless quick probes were better with them in
periods that they had not seen, by more than twice the error of the difference.
"""

import numpy as np

from redumbrella.evaluation.comparison import lasting_difference
from redumbrella.evaluation.metrics import Vector
from redumbrella.evaluation.probes import Probes
from redumbrella.features.matrix import Design
from redumbrella.ranks import mean_ranks
from redumbrella.training.decay import Decay
from redumbrella.training.splits import Rows

PERIODS, LEAST_IN_PERIOD = 100, 20
IS_OF_A_PERIOD = 0.8  # share of a field's variance that lies between periods, from here on
RUNS = 0.95  # rank correlation with the order of the leads, from here on
LEAST_ROWS = 20
ERRORS_TO_STAY = 2.0


def trending_features(design: Design) -> Rows:
    """Numbers of the profile columns that rise or fall with time; rows are in its order."""
    return np.array(
        [
            column
            for column, feature in enumerate(design.profile_features)
            if feature.kind == "number" and _runs(design.profile[:, column])
        ],
        np.intp,
    )


def fields_of_a_period(design: Design) -> list[str]:
    """Fields that are nearly the same for all leads of a period, such as an index of the market.

    They say when a lead came, not who it is. Rows are in order of time. The measure is the share of
    the variance that lies between periods of equally many rows: eta squared of the ranks of a
    number, and of categories the mean over their levels, which is the tau of Goodman and Kruskal
    (1954, JASA 49).
    """
    number = min(PERIODS, design.rows // LEAST_IN_PERIOD)
    if number < 2:
        return []
    period = np.arange(design.rows) * number // design.rows
    found = []
    for column, feature in enumerate(design.profile_features):
        values = design.profile[:, column]
        known = ~np.isnan(values)
        if known.sum() < LEAST_IN_PERIOD * 2:
            continue
        if _between(values[known], period[known], feature.kind == "category") >= IS_OF_A_PERIOD:
            found.append(feature.source)
    return list(dict.fromkeys(found))


def _between(values: Vector, period: Rows, is_category: bool) -> float:
    """Share of the variance that lies between periods, from 0 to 1; 0 where all are equal."""
    if is_category:
        codes = np.unique(values, return_inverse=True)[1]
        counts = np.zeros((int(period.max()) + 1, int(codes.max()) + 1))
        np.add.at(counts, (period, codes), 1.0)
        total = values.size - (counts.sum(axis=0) ** 2).sum() / values.size
        size = np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
        within = values.size - (counts**2 / size).sum()
    else:
        ranks = mean_ranks(values)
        size = np.maximum(np.bincount(period), 1)
        means = np.bincount(period, ranks) / size
        total = float(((ranks - ranks.mean()) ** 2).sum())
        within = float(((ranks - means[period]) ** 2).sum())
    return 1.0 - within / total if total > 0 else 0.0


def _runs(values: Vector) -> bool:
    known = np.flatnonzero(~np.isnan(values))
    if known.size < LEAST_ROWS:
        return False
    ranks = mean_ranks(values[known])
    if ranks.min() == ranks.max():
        return False
    return bool(abs(np.corrcoef(known, ranks)[0, 1]) >= RUNS)


def are_needed(record: Design, running: Rows, probes: Probes) -> bool:
    """Whether probes are clearly better with these columns of the record than without them."""
    rest = np.setdiff1d(np.arange(record.profile.shape[1]), running)
    if not rest.size:
        return True
    without, seeing = (probes.losses(seen, Decay()) for seen in (record.only(rest), record))
    gain, error = lasting_difference(without, seeing)
    return gain > ERRORS_TO_STAY * error
