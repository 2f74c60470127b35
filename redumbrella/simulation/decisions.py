"""What was decided for a day: from a policy of the company, or from files that anybody can write."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import Floats
from redumbrella.simulation.mails import Mailing
from redumbrella.simulation.market import Offered


@dataclass(frozen=True)
class Decisions:
    """order: leads (positions) to call, first the first; reps: who shall call each, -1 for whoever
    is free; budgets: of each campaign; mailing; offered: leads to sell. None: the company decides
    by its own policy.
    """

    order: NDArray[np.int64]
    reps: NDArray[np.int64]
    budgets: Floats | None = None
    mailing: Mailing | None = None
    offered: Offered | None = None


def in_order(order: NDArray[np.int64]) -> Decisions:
    """Only an order in which to call."""
    return Decisions(order, np.full(order.size, -1, np.int64))
