"""The shape of what customers are worth, as stored and shown."""

from typing_extensions import TypedDict

from redumbrella.reports.measures import MeanError

# By the days since the last purchase; the order in which lists offer them.
SEGMENTS = ("active", "new", "at risk", "lost")


class BaseTotal(TypedDict):
    """Money that all customers together are expected to bring, with its 90 % interval."""

    expected: float
    low: float
    high: float
    level: float


class LifetimeHoldout(TypedDict):
    """The last part of the record, foretold from what was known before it.

    Money is revenue, not discounted. Errors are mean absolute errors of a customer's money,
    deviances Tweedie's at power 1.5; both by model, lower is better. `difference` is the deviance
    of the purchase models less that of the learned shares. `covered` is the share of customers
    whose money lay within the interval of 90 %.
    """

    start: str
    days: float
    customers: int
    mean_absolute_error: dict[str, float]
    deviance: dict[str, float]
    difference: MeanError | None
    covered: float
    expected: float
    low: float
    high: float
    actual: float


class SegmentFigures(TypedDict):
    """Customers of one segment: how many, their value together and on average."""

    by: str
    segment: str
    meaning: str
    customers: int
    total: float
    mean: float


class ValueBin(TypedDict):
    """How many customers have a value from low to below high, and that value together."""

    low: float
    high: float
    customers: int
    total: float


class Lifetime(TypedDict):
    """What the customers are worth: BG/NBD (r, alpha, a, b) and Gamma-Gamma (p, q, gamma).

    Times are in `unit`. Parameters are null where nothing was fitted. `shock` says how far whole
    periods go off: the deviation of the logarithm of actual over expected totals, learned from
    `periods` earlier ones. `base` is money within the horizon: revenue times margin, discounted.
    """

    as_of: str
    valued_at: str
    first_purchase: str
    unit: str
    horizon_days: float
    discount: float
    margin: float
    customers: int
    repeat_customers: int
    purchases: int
    refunded: float
    r: float | None
    alpha: float | None
    a: float | None
    b: float | None
    log_likelihood: float | None
    p: float | None
    q: float | None
    gamma: float | None
    amount_log_likelihood: float | None
    standard_errors: dict[str, float]
    correlation: float | None
    shock: dict[str, float] | None
    chosen: str
    why: str
    base: BaseTotal
    expected_purchases: float | None
    still_customers: float | None
    holdout: LifetimeHoldout | None
    churn_target: str | None
    segments: list[SegmentFigures]
    distribution: list[ValueBin]
    notes: list[str]
