"""Features that run with time: a year, or the month in a record of less than a year.

The leads to score have values of them that no closed lead had, so that what was learned of them is
carried into a future that it says nothing about. In: the closed leads in order of time and the
folds. Out: which features run. They are left out unless quick probes were better with them in
periods that they had not seen, by more than twice the error of the difference.
"""

import numpy as np
from scipy.stats import rankdata

from redumbrella.evaluation.comparison import lasting_difference
from redumbrella.evaluation.metrics import Vector
from redumbrella.evaluation.probes import Probes
from redumbrella.features.matrix import Design
from redumbrella.training.decay import Decay
from redumbrella.training.splits import Rows

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


def _runs(values: Vector) -> bool:
    known = np.flatnonzero(~np.isnan(values))
    if known.size < LEAST_ROWS:
        return False
    ranks = rankdata(values[known])
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
