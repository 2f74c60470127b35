"""Hand-made points: what a careful person would write on one screen.

Each rule is one threshold or one value of one feature; a lead gets whole points for every rule
that it meets, and log-odds = intercept + slope * points. The rules are chosen one after the other,
each the most telling one given those before it, at most one per feature; slope and intercept are
fitted.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.figures import quantity
from redumbrella.models.base import Contributions, Family, Parts, Regime, Vector, base_log_odds
from redumbrella.models.calibration import fit_line

MAX_RULES = 8
MAX_POINTS = 10
LEAST_SHARE = 0.01
LEAST_LEADS = 10
MAX_ROWS = 20_000
TELLING = 10.8  # chi-square with one degree of freedom, 0.1 %: thousands of rules are tried

Sign = Literal[">=", "<=", "is", "missing", "seen"]


@dataclass(frozen=True)
class Rule:
    """One line of the card: leads whose feature compares so get these points.

    sign: ">=" and "<=" compare a number, "is" a category's code, "missing" asks for no value,
    "seen" for a history value above zero. rate: share won among the training leads that meet it.
    """

    column: int
    sign: Sign
    threshold: float
    points: int
    leads: int
    rate: float


@dataclass
class Points(Family):
    """A card of rules with whole points."""

    features: tuple[Feature, ...] = ()
    rules: tuple[Rule, ...] = ()
    slope: float = 0.0
    intercept: float = 0.0
    usual: Vector = field(default_factory=lambda: np.empty(0))

    name: ClassVar[str] = "points"
    label: ClassVar[str] = "Hand-made points"
    complexity: ClassVar[int] = 1
    needs: ClassVar[Regime] = "rules"
    blends: ClassVar[bool] = False

    def fit(self, design: Design, won: Vector, weight: Vector) -> Self:
        """Chooses the rules, rounds their points, fits the line from points to log-odds."""
        self.features = design.features
        self.rules = _choose_rules(design, won, weight)
        self.slope, self.intercept = 0.0, base_log_odds(won, weight)
        met = self._met(design)
        self.usual = weight @ met / weight.sum()
        if self.rules:
            total = met @ self._points
            spread = max(float(total.std()), 1e-9)
            slope, intercept = fit_line((total - total.mean()) / spread, won, weight)
            self.slope = slope / spread
            self.intercept = intercept - self.slope * float(total.mean())
        return self

    def log_odds(self, design: Design) -> Vector:
        """intercept + slope * points."""
        return np.asarray(self.intercept + self.slope * (self._met(design) @ self._points))

    def contributions(self, design: Design) -> Contributions:
        """slope * (points of the rule, less what the usual lead gets from it)."""
        values = np.zeros((design.rows, len(self.features)))
        each = self.slope * (self._met(design) - self.usual) * self._points
        for n, rule in enumerate(self.rules):
            values[:, rule.column] += each[:, n]
        base = self.intercept + self.slope * float(self.usual @ self._points)
        return Contributions(base, values)

    def to_parts(self) -> Parts:
        """The card itself."""
        facts = {
            "rules": [asdict(rule) for rule in self.rules],
            "slope": self.slope,
            "intercept": self.intercept,
        }
        return Parts(facts, {"usual": self.usual})

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The card that `to_parts` described."""
        facts = parts.facts
        rules = tuple(Rule(**rule) for rule in facts["rules"])
        return cls(features, rules, facts["slope"], facts["intercept"], parts.arrays["usual"])

    def sentence(self, rule: Rule) -> str:
        """A rule in words: 'previous outcome is success', 'age is at least 60'."""
        feature = self.features[rule.column]
        name = " ".join(feature.name.replace("_", " ").replace(".", " ").split())
        if feature.kind == "words" and rule.sign in (">=", "<="):
            most = "at least" if rule.sign == ">=" else "at most"
            return f"the words of {name.removesuffix(' words')} speak {most} {rule.threshold:+.2f}"
        if feature.kind == "flag" and rule.sign in (">=", "<="):
            return f"{name} is {'yes' if rule.sign == '>=' else 'no'}"
        return {
            ">=": f"{name} is at least {quantity(rule.threshold, 6)}",
            "<=": f"{name} is at most {quantity(rule.threshold, 6)}",
            "is": f"{name} is {feature.levels[int(rule.threshold)] if feature.levels else ''}",
            "missing": f"{name} is missing",
            "seen": f"{name} happened",
        }[rule.sign]

    @property
    def _points(self) -> Vector:
        return np.array([rule.points for rule in self.rules], np.float64)

    def _met(self, design: Design) -> Vector:
        met = [_meets(design, rule.column, rule.sign, rule.threshold) for rule in self.rules]
        return np.column_stack(met).astype(np.float64) if met else np.zeros((design.rows, 0))


def _choose_rules(design: Design, won: Vector, weight: Vector) -> tuple[Rule, ...]:
    """Rules one after the other: each the most telling one given those before it."""
    thin = np.arange(0, design.rows, max(1, design.rows // MAX_ROWS))
    design, won, weight = design.take(thin), won[thin], weight[thin]
    if not 0 < won.sum() < won.size:
        return ()
    candidates, met = _frequent_candidates(design)
    chosen: list[int] = []
    coefficients, expected = np.empty(0), np.full(won.size, float(weight @ won / weight.sum()))
    while len(chosen) < MAX_RULES:
        gain = _score_statistic(met, won, weight, expected)
        taken = {candidates[k].column for k in chosen}
        gain[[candidate.column in taken for candidate in candidates]] = 0.0
        if gain.size == 0 or gain.max() < TELLING:
            break
        chosen.append(int(np.argmax(gain)))
        coefficients, expected = _refit(met[:, chosen], won, weight)
    top = float(np.abs(coefficients).max()) if chosen else 1.0
    rules = []
    for k, coefficient in zip(chosen, coefficients, strict=True):
        rows = met[:, k] > 0
        points = round(MAX_POINTS * float(coefficient) / top)
        rate = float(weight[rows] @ won[rows] / weight[rows].sum())
        leads = int(rows.sum()) * max(1, design.rows // max(thin.size, 1))
        rules.append(replace(candidates[k], points=points, leads=leads, rate=rate))
    return tuple(rule for rule in rules if rule.points)


def _frequent_candidates(design: Design) -> tuple[list[Rule], Vector]:
    """Candidate rules that neither hardly any nor nearly all leads meet, and who meets them."""
    least = max(LEAST_LEADS, LEAST_SHARE * design.rows)
    rules, columns = [], []
    for column, feature in enumerate(design.features):
        for sign, threshold in _candidates(design, column, feature):
            meets = _meets(design, column, sign, threshold)
            if least <= meets.sum() <= design.rows - least:
                rules.append(Rule(column, sign, threshold, 0, 0, 0.0))
                columns.append(meets)
    met = np.column_stack(columns).astype(np.float64) if columns else np.zeros((design.rows, 0))
    return rules, met


def _score_statistic(met: Vector, won: Vector, weight: Vector, expected: Vector) -> Vector:
    """Rao's (1948) score test of adding each rule to what is expected already, chi-square 1."""
    surprise = weight * (won - expected)
    information = weight * expected * (1.0 - expected)
    mean = information @ met / information.sum()
    variance = information @ met - information.sum() * mean**2
    return np.asarray((surprise @ met - surprise.sum() * mean) ** 2 / np.maximum(variance, 1e-9))


def _refit(met: Vector, won: Vector, weight: Vector) -> tuple[Vector, Vector]:
    from sklearn.linear_model import LogisticRegression

    solver = LogisticRegression(C=1.0).fit(met, won, sample_weight=weight)
    return solver.coef_.ravel(), solver.predict_proba(met)[:, 1]


def _candidates(design: Design, column: int, feature: Feature) -> list[tuple[Sign, float]]:
    if feature.kind == "history":
        return [("seen", 0.0)]
    x = design.profile[:, column]
    known = x[~np.isnan(x)]
    missing: list[tuple[Sign, float]] = [("missing", 0.0)] if known.size < x.size else []
    if feature.kind == "category":
        codes, counts = np.unique(known, return_counts=True)
        frequent = codes[np.argsort(-counts)[:20]]
        return [*missing, *(("is", float(code)) for code in frequent)]
    if known.size == 0:
        return missing
    thresholds = np.unique(np.quantile(known, np.linspace(0.05, 0.95, 10)))
    return [
        *missing,
        *((">=", float(t)) for t in thresholds),
        *(("<=", float(t)) for t in thresholds),
    ]


def _meets(design: Design, column: int, sign: str, threshold: float) -> NDArray[np.bool_]:
    width = design.profile.shape[1]
    if sign == "seen":
        assert design.history is not None
        return np.asarray(design.history[:, [column - width]].toarray().ravel() > 0)
    x = design.profile[:, column]
    if sign == "missing":
        return np.isnan(x)
    with np.errstate(invalid="ignore"):
        return np.asarray(
            {">=": x >= threshold, "<=": x <= threshold, "is": x == threshold}[sign], np.bool_
        )
