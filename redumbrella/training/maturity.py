"""Maturity: a lead teaches only when nearly all leads of its time have been decided.

In: instants of creation and closing of the closed leads. Out: how long deciding takes. Of leads
that came last week, those that are closed already were decided fast, and fast decisions are mostly
refusals: a model that learned from them would take every new lead for a lost one. So leads younger
than SETTLED of all decisions take wait for their peers (right truncation: Kalbfleisch and Lawless
1989).
"""

import numpy as np
from numpy.typing import NDArray

SETTLED = 0.95
LONGEST_SHARE = 1.0 / 3.0  # of the record: more is not given up for maturity
LEAST_CLOSED = 100


def settling_time(created_at: NDArray[np.int64], closed_at: NDArray[np.int64]) -> int:
    """Microseconds within which SETTLED of the leads are decided; 0 when nobody can know.

    created_at, closed_at: (k,) of closed leads; a close that is not after the creation is unknown.
    Measured on the older half of the record, whose slow decisions have had time to show.
    """
    known = closed_at > created_at
    if int(known.sum()) < LEAST_CLOSED:
        return 0
    created, closed = created_at[known], closed_at[known]
    older = created <= np.median(created)
    took = np.quantile((closed - created)[older], SETTLED)
    span = int(closed.max() - created.min())
    return int(min(took, LONGEST_SHARE * span))
