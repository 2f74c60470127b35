"""Does the order of leads hold, period by period, whatever their level?

In: what was said of leads that a model had not seen, and what came, one array per period. Out: the
AUC of each period, judged alone, and whether they bear the order out. Pooled over periods an AUC
would count as order what is only another level.
"""

from collections.abc import Sequence

import numpy as np

from redumbrella.evaluation.metrics import Vector, auc, auc_error

Order = tuple[float, float]  # the AUC of one period and its standard error
ERRORS = 2.0  # on average the order is so many standard errors better than drawing lots


def orders_of(said: Sequence[Vector], won: Sequence[Vector]) -> list[Order]:
    """The order of each period in which some were won and some lost."""
    found = []
    for z, y in zip(said, won, strict=True):
        area, count = auc(z, y), float(y.sum())
        if not np.isnan(area):
            found.append((area, auc_error(area, count, y.size - count)))
    return found


def mean_order(orders: Sequence[Order]) -> Order:
    """The mean AUC of the periods and its standard error by chance."""
    areas, errors = np.array(orders).T
    return float(areas.mean()), float(np.sqrt(np.sum(errors**2))) / areas.size


def at_chance(orders: Sequence[Order]) -> int:
    """In how many periods the AUC is within its error of one half, or below."""
    return sum(area - error <= 0.5 for area, error in orders)


def order_holds(orders: Sequence[Order]) -> bool:
    """Whether the order is better than chance on the mean, and not at chance in most periods."""
    if not orders:
        return False
    mean, error = mean_order(orders)
    return mean > 0.5 + ERRORS * error and 2 * at_chance(orders) <= len(orders)
