"""Hand-made points: what a careful person would write on one screen.

Each rule is one threshold or one value of one feature; a lead gets whole points for every rule
that it meets, and log-odds = intercept + slope * points. The rules are chosen one after the other,
each the most telling one given those before it, at most one per feature; slope and intercept are
fitted.
"""

from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar, Literal, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.features.phrases import rule_sentence
from redumbrella.features.sentences import seen_sentence
from redumbrella.models.base import Contributions, Family, Parts, Regime, Vector, base_log_odds
from redumbrella.models.calibration import fit_line
from redumbrella.settings.labels import Labels

MAX_RULES = 8
MAX_POINTS = 10
LEAST_SHARE = 0.01
LEAST_LEADS = 10
MAX_ROWS = 20_000
LEVEL = 1e-9
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

    def sentence(self, rule: Rule, labels: Labels) -> str:
        """A rule in words: 'the previous outcome is success', 'the age is at least 60'."""
        feature = self.features[rule.column]
        if rule.sign == "seen":
            return seen_sentence(feature.name)
        return rule_sentence(feature, rule.sign, rule.threshold, labels)

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
    candidates = _frequent_candidates(design)
    columns = np.array([rule.column for rule in candidates.rules], np.intp)
    chosen: list[int] = []
    met = np.zeros((design.rows, 0))
    coefficients, expected = np.empty(0), np.full(won.size, float(weight @ won / weight.sum()))
    while len(chosen) < MAX_RULES:
        gain = _score_statistic(candidates, won, weight, expected)
        gain[np.isin(columns, columns[chosen])] = 0.0
        if gain.size == 0 or gain.max() < TELLING:
            break
        # Two rules that part the leads alike are level but for rounding: the first is taken.
        chosen.append(int(np.argmax(gain >= (1.0 - LEVEL) * gain.max())))
        rule = candidates.rules[chosen[-1]]
        met = np.column_stack([met, _meets(design, rule.column, rule.sign, rule.threshold)])
        coefficients, expected = _refit(met, won, weight)
    top = float(np.abs(coefficients).max()) if chosen else 1.0
    rules = []
    for n, (k, coefficient) in enumerate(zip(chosen, coefficients, strict=True)):
        rows = met[:, n] > 0
        points = round(MAX_POINTS * float(coefficient) / top)
        rate = float(weight[rows] @ won[rows] / weight[rows].sum())
        leads = int(rows.sum()) * max(1, design.rows // max(thin.size, 1))
        rules.append(replace(candidates.rules[k], points=points, leads=leads, rate=rate))
    return tuple(rule for rule in rules if rule.points)


@dataclass(frozen=True)
class _Candidates:
    """Candidate rules, and what is needed to sum over the leads that meet each of them.

    cells: per profile column the cell of each lead, (n,), and the number of cells; rules about that
    column are met in neighbouring cells. first, last: the cells of each rule, (r,), counted on from
    column to column. seen: (n, q) which leads have a history value above zero, None where rules
    about the history, which stand last, are none.
    """

    rules: list[Rule]
    cells: list[tuple[NDArray[np.intp], int]]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    seen: sp.csr_matrix | None

    def sums(self, of_leads: Vector) -> Vector:
        """The sum over the leads that meet each rule, (r,). of_leads: (n,)."""
        by_cell = [np.bincount(cell, of_leads, size) for cell, size in self.cells]
        below = np.concatenate([[0.0], np.cumsum(np.concatenate([*by_cell, np.empty(0)]))])
        found = below[self.last + 1] - below[self.first]
        if self.seen is None:
            return np.asarray(found)
        return np.concatenate([found, np.asarray(of_leads @ self.seen).ravel()])

    def only(self, kept: NDArray[np.bool_]) -> "_Candidates":
        """Some of the rules."""
        about_profile = self.first.size
        first, last = (cells[kept[:about_profile]] for cells in (self.first, self.last))
        seen = None if self.seen is None else self.seen[:, np.flatnonzero(kept[about_profile:])]
        rules = [rule for rule, keep in zip(self.rules, kept, strict=True) if keep]
        return _Candidates(rules, self.cells, first, last, seen)


def _frequent_candidates(design: Design) -> _Candidates:
    """Candidate rules that neither hardly any nor nearly all leads meet."""
    rules, cells, borders, begin = [], [], [], 0
    for column, feature in enumerate(design.profile_features):
        cell, size, found = _cut(design.profile[:, column], feature)
        cells.append((cell, size))
        for sign, threshold, *cells_met in found:
            rules.append(Rule(column, sign, threshold, 0, 0, 0.0))
            borders.append((begin + cells_met[0], begin + cells_met[1]))
        begin += size
    seen = None
    if design.history is not None:
        seen = (design.history > 0).astype(np.float64)
        of_history = range(design.profile.shape[1], len(design.features))
        rules += [Rule(column, "seen", 0.0, 0, 0, 0.0) for column in of_history]
    first, last = np.array(borders, np.intp).reshape(-1, 2).T
    found_rules = _Candidates(rules, cells, first, last, seen)
    least = max(LEAST_LEADS, LEAST_SHARE * design.rows)
    leads = np.round(found_rules.sums(np.ones(design.rows)))
    return found_rules.only((least <= leads) & (leads <= design.rows - least))


def _cut(
    x: Vector, feature: Feature
) -> tuple[NDArray[np.intp], int, list[tuple[Sign, float, int, int]]]:
    """The cell of each value, (n,), how many cells there are, and rules about the values.

    A rule has a sign, a threshold and the first and last cell in which it is met. The last cell of
    all is that of missing values.
    """
    is_missing = np.isnan(x)
    known = x[~is_missing]
    if feature.kind == "category":
        codes, counts = np.unique(known, return_counts=True)
        frequent = codes[np.argsort(-counts)[:20]].astype(int).tolist()
        empty = int(codes.max(initial=-1)) + 1
        cell = np.where(is_missing, empty, x)
        rules: list[tuple[Sign, float, int, int]] = [("is", float(c), c, c) for c in frequent]
    else:
        at = np.linspace(0.05, 0.95, 10)
        thresholds = np.unique(np.quantile(known, at)) if known.size else np.empty(0)
        # A cell of its own for each threshold and for what lies between two of them.
        empty = 2 * thresholds.size + 1
        below, upto = (np.searchsorted(thresholds, x, side) for side in ("left", "right"))
        cell = np.where(is_missing, empty, below + upto)
        rules = [(">=", t, 2 * n + 1, empty - 1) for n, t in enumerate(thresholds.tolist())]
        rules += [("<=", t, 0, 2 * n + 1) for n, t in enumerate(thresholds.tolist())]
    missing: list[tuple[Sign, float, int, int]] = [("missing", 0.0, empty, empty)]
    return cell.astype(np.intp), empty + 1, missing * bool(is_missing.any()) + rules


def _score_statistic(
    candidates: _Candidates, won: Vector, weight: Vector, expected: Vector
) -> Vector:
    """Rao's (1948) score test of adding each rule to what is expected already, chi-square 1."""
    surprise = weight * (won - expected)
    information = weight * expected * (1.0 - expected)
    informed = candidates.sums(information)
    mean = informed / information.sum()
    variance = informed - information.sum() * mean**2
    surprised = candidates.sums(surprise) - surprise.sum() * mean
    return np.asarray(surprised**2 / np.maximum(variance, 1e-9))


def _refit(met: Vector, won: Vector, weight: Vector) -> tuple[Vector, Vector]:
    from sklearn.linear_model import LogisticRegression

    solver = LogisticRegression(C=1.0).fit(met, won, sample_weight=weight)
    return solver.coef_.ravel(), solver.predict_proba(met)[:, 1]


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
