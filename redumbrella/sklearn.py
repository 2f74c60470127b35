"""Scikit-learn estimators over tables with mixed columns: the product's heart without a workspace.

In: a pandas, polars or pyarrow table, or an array (n, columns), of leads whose outcome is known,
and two labels. Out: calibrated probabilities with 90 % intervals and reasons, as numpy arrays and
dataclasses. Families are compared, blended and calibrated as `umbrella train` does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import ClassifierTags, Tags, assert_all_finite, check_consistent_length
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from redumbrella.errors import DataError, nearest
from redumbrella.evaluation.metrics import Vector, auc
from redumbrella.evaluation.regime import named
from redumbrella.features.matrix import Design
from redumbrella.features.records import Field, fit_records
from redumbrella.learning.lesson import Lesson, find_trending, learn
from redumbrella.learning.word_lessons import word_lessons
from redumbrella.models.registry import LABELS, LeadModel
from redumbrella.progress import silent
from redumbrella.reports.reasons import Reasons
from redumbrella.scores.reasons import lead_reasons
from redumbrella.scores.telling import usual_values
from redumbrella.sources.frames import array_table, frame_table, parsed_instants
from redumbrella.training.arrival import fit_arrival_time
from redumbrella.training.leaks import find_leaks
from redumbrella.training.observations import Observations
from redumbrella.views.explanation import Reason

RUNS_WITH_TIME = "rises or falls with time and did not help to see ahead; `keep` brings it back"


@dataclass(frozen=True)
class RowExplanation:
    """How a score comes about, in log-odds: base + all contributions + rest = log_odds.

    reasons: those that weigh most, heaviest first. rest: all that is not among them.
    """

    base: float
    reasons: tuple[Reason, ...]
    rest: float
    log_odds: float


class _LeadEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn ships no types
    """What the classifier and the ranker have in common: learning, intervals and reasons."""

    def __init__(
        self, time: str | None = None, keep: str | Sequence[str] = (), won: Any = None
    ) -> None:
        self.time = time
        self.keep = keep
        self.won = won

    def fit(self, X: Any, y: Any) -> Self:
        """Compares the families that the data allow, and fits the chosen one on all rows.

        X: (n, columns) table or array. y: (n,) two labels. Raises ValueError for labels that are
        not exactly two, for missing ones, and for a table that cannot be used.
        """
        table = self._read(X, reset=True)
        won = self._outcomes(y, table)
        position, dated = self._positions(table)
        if np.isnan(position).any():
            raise ValueError(
                f'The column "{self.time}" is to order the rows in time, but '
                f"{int(np.isnan(position).sum()):,} of its {position.size:,} values are missing. "
                "Fill them in or drop these rows."
            )
        order: NDArray[np.intp] = np.argsort(position, kind="stable")
        observed = Observations(
            closed=table.take(pa.array(order)),
            won=won[order],
            position=position[order],
            open=table.slice(0, 0),
            open_position=np.empty(0),
            order="none" if self.time is None else "created_at" if dated else "rows",
            open_among=False,
        )
        self._learn(observed, dated)
        return self

    def predict_interval(self, X: Any) -> NDArray[np.float64]:
        """Low and high end of the 90 % interval of each row's probability to be won, (n, 2)."""
        design = self._design(self._asked(X))
        log_odds, spread = self.model_.blend.log_odds(design), self.model_.spread
        return np.column_stack(spread.interval(log_odds, spread.deviation(design)))

    def explain(self, X: Any, top: int = 5) -> list[RowExplanation]:
        """Why each row has its probability to be won, n explanations.

        top: most reasons of each; dates come together as one, feature (times).
        """
        table = self._asked(X)
        design = self._design(table)
        parts = self.model_.blend.contributions(design)
        return [
            _explanation(told, top)
            for told in lead_reasons(
                table, design, parts, self.model_.usual, self.model_.encoder.telling(table)
            )
        ]

    def __sklearn_tags__(self) -> Tags:
        """Two classes, missing values, categories and texts; no sparse matrices."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags = ClassifierTags(multi_class=False)
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.required = True
        return tags

    def _probability(self, X: Any) -> Vector:
        """Calibrated probability of each row to be won, (n,)."""
        design = self._design(self._asked(X))
        return self.model_.blend.probability(design)

    def _asked(self, X: Any) -> pa.Table:
        """The rows of a fitted estimator's question, under the names and types of `fit`."""
        check_is_fitted(self)
        table = self._read(X, reset=False).rename_columns(self._names)
        for field in self.model_.encoder.fields:
            _require_kind(field, table[field.name])
        return table

    def _read(self, X: Any, *, reset: bool) -> pa.Table:
        """The typed table of X, with instants read in the time column."""
        try:
            if hasattr(X, "__arrow_c_stream__") and hasattr(X, "columns"):  # a series has none
                validate_data(self, X, skip_check_array=True, reset=reset)
                _require_rows(X)
                table = frame_table(X, self.n_features_in_)
            else:
                kind = None if isinstance(X, np.ndarray) else object
                array = validate_data(self, X, dtype=kind, ensure_all_finite=False, reset=reset)
                names = getattr(self, "feature_names_in_", range(array.shape[1]))
                table = array_table(array, [n if isinstance(n, str) else f"x{n}" for n in names])
            if reset:
                self._names = table.column_names
                _require_known("time", () if self.time is None else (self.time,), self._names)
                _require_known("keep", self._kept(), self._names)
            if self.time is None:
                return table
            place = self._names.index(self.time)
            instants = parsed_instants(self.time, table.column(place))
            return table.set_column(place, self.time, instants)
        except DataError as problem:  # scikit-learn's callers expect a ValueError
            raise ValueError(problem.message) from problem

    def _kept(self) -> tuple[str, ...]:
        return (self.keep,) if isinstance(self.keep, str) else tuple(self.keep)

    def _outcomes(self, y: Any, table: pa.Table) -> Vector:
        """1.0 for each row that was won, else 0.0, (n,); learns the classes."""
        labels = _labels(y)
        check_consistent_length(labels, range(table.num_rows))
        kind = type_of_target(labels, input_name="y", raise_unknown=True)
        classes = np.unique(labels)
        if kind != "binary":
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {kind}: y "
                f"has {classes.size:,} different values, but won or lost are two. Choose one of "
                "them, such as y == 'won'."
            )
        if classes.size < 2:
            raise ValueError(
                f"y has one class only, {classes.tolist()[0]!r} in all {labels.size:,} rows. Add "
                "rows with the other outcome: nothing can be learned from one."
            )
        if self.won is not None and self.won not in classes:
            raise ValueError(
                f"won={self.won!r} is no label of y, whose labels are {classes.tolist()}."
            )
        self.classes_ = classes
        self._won = int(self.won is None or bool(classes[1] == self.won))
        return np.asarray(labels == classes[self._won], np.float64)

    def _positions(self, table: pa.Table) -> tuple[Vector, bool]:
        """Where each row stands in time, (n,), NaN where unknown, and whether it is an instant.

        Without a time column the rows are shuffled: their order may be that of the outcomes.
        """
        if self.time is None:
            shuffled = np.random.default_rng(0).permutation(table.num_rows)
            return shuffled.astype(np.float64), False
        column = table[self.time]
        dated = pa.types.is_timestamp(column.type)
        if dated:
            column = column.cast(pa.int64()).cast(pa.float64(), safe=False)
        if not pa.types.is_floating(column.type):
            if column.null_count == len(column):
                return np.full(len(column), np.nan), False
            raise ValueError(
                f'The column "{self.time}" is to order the rows in time, but holds {column.type}. '
                "Give a column of dates, of ISO 8601 texts or of numbers."
            )
        return np.array(column.to_numpy(), np.float64), dated

    def _learn(self, observed: Observations, dated: bool) -> None:
        """Guards against leaks, encodes, compares and fits; sets what `fit` finds."""
        closed, keep = observed.closed, self._kept()
        # A number that orders the rows, such as a year, is no property of a lead.
        names = [name for name in closed.column_names if dated or name != self.time]
        leaks = find_leaks(closed, observed.won, observed.open, names, keep)
        left_out = {leak.column for leak in leaks if leak.severity == "leak" and not leak.kept}
        used = [name for name in names if name not in left_out]
        encoder = fit_records(closed, used, self.time if dated else None)
        running = find_trending(observed, encoder.transform(closed), keep)
        if running:
            encoder = encoder.without(running, RUNS_WITH_TIME)
        arrival = None if self.time is None else fit_arrival_time(observed.position, self.time)
        words = word_lessons(encoder, closed, observed)
        design = encoder.transform(closed)
        design = design if words is None else words.beside(design)
        lesson = learn(observed, design, arrival, silent, words)
        sources = sorted({f.source for f in lesson.design.features if f.kind != "words"})
        self.model_ = LeadModel(
            version="",
            target="y",
            regime=named(lesson.regime, lesson.comparison.chosen),
            reliable=lesson.regime.reliable,
            encoder=encoder if words is None else encoder.taught(words.weights()),
            arrival=arrival if lesson.decay.uses_arrival else None,
            blend=lesson.blend,
            spread=lesson.spread,
            usual=usual_values(closed, sources, lesson.design),
        )
        self.leaks_ = leaks
        self.ignored_ = {field.name: field.reason for field in encoder.ignored} | {
            leak.column: leak.evidence for leak in leaks if leak.column in left_out
        }
        self.families_ = _families(lesson)
        self.chosen_ = lesson.comparison.chosen
        self.weights_ = dict(lesson.weights)
        self.walks_forward_ = lesson.walks_forward
        self.regime_, self.reliable_ = self.model_.regime, self.model_.reliable

    def _design(self, table: pa.Table) -> Design:
        return self.model_.design(table, self._positions(table)[0])


class LeadClassifier(ClassifierMixin, _LeadEstimator):  # type: ignore[misc]
    """Probability that a lead is won: families compared, blended and calibrated.

    Columns are used as they are typed: numbers, yes or no, dates, and texts or categories as
    levels; missing values (None, NaN, infinity, empty text) and levels never seen need no care.
    The same rows give the same model: there is no random state.

    Parameters
    ----------
    time : name of the column that says when each row was made (dates, ISO 8601 texts or numbers).
        With it, folds walk forward in time, and how fast to forget is measured. Without it rows
        count as unordered and folds are shuffled. Columns of arrays are called x0, x1 ...
    keep : names of columns to use although they look like leaks or run with time.
    won : the label whose probability, interval and reasons are told; by default `classes_[1]`.

    Attributes
    ----------
    classes_, n_features_in_, feature_names_in_ : as everywhere in scikit-learn.
    families_ : what was compared on the same folds, one mapping per family with the mean and the
        standard error of each metric.
    chosen_, weights_ : the chosen family, and the weights of what it consists of.
    regime_, reliable_ : how much may be believed: "prior" or "rules" below 20 rows of the rarer
        label, "shrunken" below 40, then "model"; reliable from 300.
    leaks_ : columns that look as if they were only known after the outcome, with the evidence.
    ignored_ : columns that are not used, and why.
    walks_forward_ : whether the folds walked forward in time.
    model_ : the fitted LeadModel.

    Examples
    --------
    >>> import numpy as np, pyarrow as pa
    >>> rng = np.random.default_rng(0)
    >>> size, source = rng.normal(size=120), rng.choice(["fair", "web"], 120)
    >>> won = rng.random(120) < 1 / (1 + np.exp(1 - 2 * size - (source == "fair")))
    >>> leads = pa.table({"size": size, "source": source})
    >>> classifier = LeadClassifier().fit(leads, np.where(won, "yes", "no"))
    >>> classifier.regime_, classifier.chosen_
    ('model', 'blend')
    >>> classifier.predict_proba(leads[:2]).round(1)
    array([[0.7, 0.3],
           [0.7, 0.3]])
    >>> classifier.predict_interval(leads[:2]).round(1)
    array([[0.1, 0.7],
           [0.1, 0.6]])
    >>> classifier.explain(leads[:1])[0].reasons[0].text
    'the size is 0.126 (usually 0.105)'
    """

    def __sklearn_tags__(self) -> Tags:
        """The mixin would say that any number of classes can be told apart."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Calibrated probability of each label, (n, 2), in the order of `classes_`."""
        probability = self._probability(X)
        columns = [1.0 - probability, probability]
        return np.column_stack(columns if self._won else columns[::-1])

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier label of each row, (n,)."""
        said = self.predict_proba(X)
        return np.asarray(self.classes_[said.argmax(axis=1)])


class LeadRanker(_LeadEstimator):
    """Leads in order of their calibrated probability to be won; learns as `LeadClassifier` does.

    Parameters and attributes are those of `LeadClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(120, 2))
    >>> y = rng.random(120) < 1 / (1 + np.exp(1 - 2 * X[:, 0]))
    >>> ranker = LeadRanker().fit(X, y)
    >>> ranker.predict(X[:3]).round(1)
    array([0.1, 0.6, 0.1])
    >>> ranker.rank(X[:3])
    array([1, 0, 2])
    """

    def predict(self, X: Any) -> NDArray[np.float64]:
        """Calibrated probability to be won, (n,): multiply by an amount for expected value."""
        return self._probability(X)

    def rank(self, X: Any) -> NDArray[np.intp]:
        """Numbers of the rows, best first, (n,); ties stay in their order."""
        return np.argsort(-self.predict(X), kind="stable")

    def score(self, X: Any, y: Any) -> float:
        """Chance that a won row stands above a lost one (area under the ROC curve), 0 to 1."""
        said = self.predict(X)
        labels = _labels(y)
        check_consistent_length(labels, said)
        return auc(said, np.asarray(labels == self.classes_[self._won], np.float64))


def _labels(y: Any) -> NDArray[Any]:
    """y as a flat array without missing values, (n,), Python objects turned into their type."""
    labels: NDArray[Any] = column_or_1d(y, warn=True)
    if labels.dtype.kind not in "Of":
        return labels
    try:
        typed = pa.array(labels, from_pandas=True)
    except pa.ArrowException:
        raise ValueError(
            "Unknown label type: y mixes labels of several kinds, such as texts and numbers. Give "
            "all of them one type."
        ) from None
    if typed.null_count:
        raise ValueError(
            f"{typed.null_count:,} of the {labels.size:,} labels in y are missing. Learn from rows "
            "whose outcome is known, and ask about the others."
        )
    labels = typed.to_numpy(zero_copy_only=False)
    assert_all_finite(labels, input_name="y")
    return labels


def _require_rows(X: Any) -> None:
    for size, what in zip(X.shape, ("rows", "columns"), strict=True):
        if size == 0:
            raise ValueError(f"X has no {what} (shape {X.shape}): at least one is needed.")


def _require_known(parameter: str, names: Sequence[str], known: Sequence[str]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(
                f"{parameter}={name!r} is no column of X, whose columns are "
                f"{', '.join(known)}.{nearest(name, known)}"
            )


def _require_kind(field: Field, column: pa.ChunkedArray) -> None:
    """Refuses texts for numbers and the like, which would count as missing without a word."""
    has_values = column.null_count < len(column)
    is_time = pa.types.is_timestamp(column.type)
    fits = is_time if field.kind == "time" else not is_time and not pa.types.is_string(column.type)
    if has_values and field.kind not in ("category", "text") and not fits:
        raise ValueError(
            f'The column "{field.name}" was a {field.kind} in fit and holds {column.type} now. '
            "Convert it to what it was."
        )


def _families(lesson: Lesson) -> list[dict[str, Any]]:
    """The comparison as rows of a table."""
    rows = []
    for row in lesson.comparison.rows:
        found: dict[str, Any] = {"family": row.family, "label": LABELS[row.family]}
        for metric, (mean, error) in row.metrics.items():
            found |= {metric: mean, f"{metric}_error": error}
        rows.append(found | {"seconds": row.seconds})
    return rows


def _explanation(told: Reasons, top: int) -> RowExplanation:
    """The heaviest reasons of a row; what the others add joins the rest."""
    lines = sorted([*told["raises"], *told["lowers"]], key=lambda r: -abs(r["contribution"]))
    reasons = tuple(Reason(**line) for line in lines[: max(top, 0)])
    rest = told["rest"] + sum(line["contribution"] for line in lines[len(reasons) :])
    return RowExplanation(told["base"], reasons, rest, told["total"])
