"""The shape of the report that is stored with a model (`models.report`, format 1).

Every metric in it is measured out of sample. Training writes it, everything else only reads it;
the names are part of the contract with the outside (`umbrella report --format json`).
"""

from typing import Literal, NotRequired

from typing_extensions import TypedDict  # pydantic reads this one on Python 3.11

from redumbrella.reports.customers import Lifetime
from redumbrella.reports.measures import Family, MeanError, Measured, Regime, Spread, VerdictName
from redumbrella.reports.products import ProductsReport

FORMAT = 1


class IgnoredColumn(TypedDict):
    """A source column that no model uses, and why."""

    column: str
    reason: str


class Counts(TypedDict):
    """How many records the model rests on: leads, or rows of people at instants."""

    about: Literal["leads", "people"]
    leads: int
    closed: int
    won: int
    lost: int
    open: int
    rejected_rows: int
    features: int
    ignored_columns: list[IgnoredColumn]


class Period(TypedDict):
    """The time the records span (ISO 8601), and what orders them: a time or the row order."""

    first: str | None
    last: str | None
    order: Literal["created_at", "rows"]


class FamilyResult(TypedDict):
    """One model family on the common folds; differences are paired, in log loss."""

    family: Family
    label: str
    log_loss: MeanError
    auc: MeanError
    average_precision: MeanError
    brier: MeanError
    calibration_error: MeanError
    difference_to_best: MeanError
    chosen: bool
    seconds: float
    note: str


Fold = TypedDict(
    "Fold",
    {
        "fold": int,
        "train_rows": int,
        "test_rows": int,
        "from": str | None,
        "to": str | None,
        "base_rate": float,
        "log_loss": dict[str, float],
    },
)


class Chosen(TypedDict):
    """The family in use, why, and the weights when it is a blend."""

    family: Family
    why: str
    blend: dict[str, float] | None


class Verdict(TypedDict):
    """Whether the scores may be relied on, and why."""

    verdict: VerdictName
    reasons: list[str]


class Stability(TypedDict):
    """The same model on repeated random 70/30 splits."""

    repeats: int
    rows: NotRequired[int]  # reports of earlier versions do not say
    train_share: float
    log_loss: Spread
    auc: Spread


OutOfTime = TypedDict(
    "OutOfTime",
    {
        "from": str | None,
        "to": str | None,
        "rows": int,
        "won": int,
        "base_rate": float,
        "log_loss": Measured,
        "auc": Measured,
        "average_precision": Measured,
        "brier": Measured,
        "calibration_error": Measured,
        "prior_log_loss": Measured,
    },
)


PeriodFacts = TypedDict(
    "PeriodFacts",
    {
        "from": str | None,
        "to": str | None,
        "rows": int,
        "won": float,
        "expected": float,
        "auc": Measured,
    },
)


class LevelFacts(TypedDict):
    """How sure the order is and how sure the level, measured period by period.

    wandering: standard deviation of the level between periods, beyond chance, in log-odds.
    deviation: of the error that all leads of a list share. words: the same as sentences.
    """

    measured: bool
    wandering: float
    deviation: float
    periods: list[PeriodFacts]
    words: list[str]


class CalibrationPoint(TypedDict):
    """Leads with about the same predicted probability, and the share that was won."""

    mean_probability: float
    observed: float
    count: int
    observed_low: float
    observed_high: float


class ConfusionPoint(TypedDict):
    """What happens when leads at or above a threshold are worked; capacity is their share."""

    threshold: float
    capacity: float
    tp: int
    fp: int
    tn: int
    fn: int
    accuracy: float | None
    precision: float | None
    recall: float | None


class Confusion(TypedDict):
    """The confusion matrix over thresholds."""

    default_threshold: float
    why: str
    rows: int
    curve: list[ConfusionPoint]


class LiftPoint(TypedDict):
    """The best `share` of leads: their rate over the average rate, and the share of wins in it."""

    share: float
    lift: float
    captured: float


class Importance(TypedDict):
    """How much of all contributions a feature makes, and its direction in words."""

    feature: str
    label: str
    share: float
    effect: str


class PointsRule(TypedDict):
    """One line of the points card."""

    text: str
    points: float
    leads: int
    rate: float


class Points(TypedDict):
    """The points card: readable on one screen, the baseline of every comparison."""

    base_rate: float
    rules: list[PointsRule]


class Leak(TypedDict):
    """A field that seems to be known only after the outcome."""

    column: str
    reason: str
    evidence: str
    severity: Literal["leak", "suspect"]
    kept: bool


class Gate(TypedDict):
    """One success criterion of umbrella.toml and whether it is met."""

    name: str
    required: float
    measured: float | None
    passed: bool


class ScoreBin(TypedDict):
    """How many open leads have a probability between low and high."""

    low: float
    high: float
    count: int


class StreamFacts(TypedDict):
    """One stream of facts: how many kinds it has, and how many rare ones are pooled."""

    name: str
    kinds: int
    pooled: int


class HistoryFacts(TypedDict):
    """What the model sees of histories: variables made, variables kept, rows that taught.

    version: of the feature sets; lake: version of each table of the lake.
    """

    version: str
    lake: dict[str, int | None]
    variables: int
    kept: int
    rows: int
    streams: list[StreamFacts]


class MemoryTried(TypedDict):
    """One way to weigh the past.

    log_loss: of two quick models on leads they had not seen. half_life_share: the share of the
    record after which a lead counts half; null where all count alike.
    """

    label: str
    half_life_share: float | None
    sees_time_of_arrival: bool
    log_loss: float
    chosen: bool


class Forgetting(TypedDict):
    """How much past the model uses, and the ways that were tried."""

    half_life_share: float | None
    sees_time_of_arrival: bool
    trials: list[MemoryTried]


class ReportDocument(TypedDict):
    """Everything that is known about one trained model.

    newest_lead: when the newest lead came, closed or open (ISO 8601); null where that is not known.
    held_out: how many closed leads it did not learn from, so that they could be scored.
    """

    format: int
    workspace: str
    currency: str
    target: str
    model_version: str
    as_of: str
    trained_at: str
    regime: Regime
    reliable: bool
    regime_reason: str
    counts: Counts
    period: Period
    families: list[FamilyResult]
    folds: list[Fold]
    walks_forward: bool
    chosen: Chosen
    baselines: list[str]
    verdict: Verdict
    stability: Stability | None
    out_of_time: OutOfTime | None
    calibration: list[CalibrationPoint]
    confusion: Confusion | None
    lift: list[LiftPoint]
    importance: list[Importance]
    points: Points | None
    leaks: list[Leak]
    gates: list[Gate]
    level: NotRequired[LevelFacts]  # reports of earlier versions do not say
    score_distribution: list[ScoreBin]
    forgetting: Forgetting | None
    history: HistoryFacts | None
    values: dict[str, object] | None
    products: ProductsReport | None
    lifetime: Lifetime | None
    newest_lead: str | None
    held_out: int
    notes: list[str]
