"""What the words of a text speak for, learned from outcomes, and said of no lead that taught it.

In: texts of n closed rows as vocabularies read them, outcomes, who teaches. Out: weights of words
(a ridge-logistic model, one prior variance each for words, pairs and pieces: models.ridge), and
values of the texts for a fold. Promise: the value of a row to be examined comes from the fold's
past alone, and that of a row that teaches from other leads of the same past (cross-fitting), so
that a model that learns from it sees words as useful as they will be, not as they were remembered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.evaluation.metrics import row_log_loss
from redumbrella.features.matrix import Design
from redumbrella.features.records import RecordEncoder
from redumbrella.features.words import Numbers, Vector, Vocabulary, distinct_texts, values_at
from redumbrella.models.base import probability_of
from redumbrella.models.linear.ridge import estimate_variances, solve
from redumbrella.models.parallel import run_all
from redumbrella.training.observations import Observations
from redumbrella.training.splits import Fold, Rows

PARTS, PARTS_OF_MANY, MANY_ROWS = 5, 3, 20_000
MOST_CELLS = 3_000_000  # of the rows that teach words: every k-th row where texts are long
CELLS_FOR_VARIANCE = 500_000
LEAST_OUTCOMES = 20  # of the rarer kind, for words to be taught at all
STEPS = 60
FACTORS = (1.0, 3.0, 10.0)
SEED = 0


@dataclass(frozen=True, eq=False)
class Texts:
    """One text field of n rows: X (texts, columns) of the different texts, place (n,) of each row.

    A place of -1 is a row without a text.
    """

    X: sp.csr_matrix
    place: Numbers
    vocabulary: Vocabulary

    def taught_by(self, won: Vector, rows: Rows) -> "Taught | None":
        """The rows as they teach these words, None where they cannot."""
        rows = rows[self.place[rows] >= 0]
        cells = int(np.diff(self.X.indptr)[self.place[rows]].sum())
        rows = rows[:: max(1, -(-cells // MOST_CELLS))]
        if min(won[rows].sum(), (1.0 - won[rows]).sum()) < LEAST_OUTCOMES:
            return None
        X = self.X[self.place[rows]].astype(np.float64)
        some = slice(None, None, max(1, -(-X.nnz // CELLS_FOR_VARIANCE)))
        variance = _variances(X[some], won[rows][some], self.vocabulary.group)
        return Taught(X, won[rows], rows, variance)

    def values(self, weights: Vector, rows: Rows) -> Vector:
        """Log-odds of some rows' texts, NaN where there is none."""
        return values_at(self.X @ weights, self.place[rows])


@dataclass(frozen=True, eq=False)
class Taught:
    """Rows that teach words: X (m, columns), won (m,), their numbers (m,), prior variances."""

    X: sp.csr_matrix
    won: Vector
    rows: Rows
    variance: Vector

    def weights(self, chosen: NDArray[np.bool_] | None = None) -> Vector:
        """Log-odds of each column, learned from all of the rows or from those chosen (m,)."""
        X, won = (self.X, self.won) if chosen is None else (self.X[chosen], self.won[chosen])
        if not 0 < won.sum() < won.size:
            return np.zeros(X.shape[1])
        return solve(X, won, np.ones(won.size), self.variance, steps=STEPS)[1]


@dataclass(frozen=True, eq=False)
class WordLessons:
    """The text fields of n closed rows.

    won: (n,). teaches: rows that do not repeat each other. part: (n,) number of a part of the
    leads; rows of one lead are in one part.
    """

    texts: Sequence[Texts]
    won: Vector
    teaches: Rows
    part: Numbers

    def weights(self) -> list[Vector]:
        """What all rows teach, one array per field."""
        return [
            np.zeros(texts.X.shape[1]) if taught is None else taught.weights()
            for texts, taught in zip(self.texts, self._taught, strict=True)
        ]

    def variance(self) -> float:
        """How far off the log-odds of a lead's words are, as a mean variance over the leads.

        Two halves without a common lead differ by chance alone (half-sample replication, see
        models.uncertainty).
        """
        total = 0.0
        for texts, taught in zip(self.texts, self._taught, strict=True):
            if taught is None:
                continue
            half = np.random.default_rng(SEED).permutation(taught.rows.size) % 2 == 0
            gap = texts.X @ (taught.weights(half) - taught.weights(~half))
            total += float(np.mean(gap[texts.place[taught.rows]] ** 2)) / 4.0
        return total

    @cached_property
    def _taught(self) -> list[Taught | None]:
        """All rows that teach, of each field."""
        return [texts.taught_by(self.won, self.teaches) for texts in self.texts]

    def values(self, fold: Fold) -> Vector:
        """Values of all texts for one fold, (n, fields); NaN for rows of neither side."""
        teaches = np.intersect1d(fold.train, self.teaches)
        found = np.full((self.won.size, len(self.texts)), np.nan)
        for k, texts in enumerate(self.texts):
            taught = texts.taught_by(self.won, teaches)
            if taught is None:
                found[:, k] = texts.values(np.zeros(texts.X.shape[1]), np.arange(self.won.size))
                continue
            if fold.test.size:
                found[fold.test, k] = texts.values(taught.weights(), fold.test)
            for part in range(int(self.part.max()) + 1):
                rows = fold.train[self.part[fold.train] == part]
                weights = taught.weights(self.part[taught.rows] != part)
                found[rows, k] = texts.values(weights, rows)
        return found

    def folds(self, folds: Sequence[Fold]) -> list[Fold]:
        """The folds with the values that their own past gives to texts."""
        values = run_all([partial(self.values, fold) for fold in folds])
        return [replace(fold, words=own) for fold, own in zip(folds, values, strict=True)]

    def beside(self, design: Design) -> Design:
        """The design of all n rows with values that none of a row's own part taught."""
        rows = np.arange(self.won.size)
        return design.with_words(self.values(Fold(rows, rows[:0])))


def _variances(X: sp.csr_matrix, won: Vector, group: NDArray[np.intp]) -> Vector:
    """Prior variance of each column: as the outcomes say, times the factor that foresees best.

    Where columns outnumber rows, what is known of each is overstated and its variance understated,
    so the factor is tried on every fourth row.
    """
    variance = estimate_variances(X, won, np.ones(won.size), group)
    held = np.arange(won.size) % 4 == 0
    seen, asked = won[~held], won[held]
    if not 0 < seen.sum() < seen.size:
        return variance
    losses = []
    for factor in FACTORS:
        base, weights = solve(X[~held], seen, np.ones(seen.size), factor * variance, steps=STEPS)
        losses.append(row_log_loss(probability_of(base + X[held] @ weights), asked).mean())
    return np.asarray(FACTORS[int(np.argmin(losses))] * variance)


def word_lessons(
    encoder: RecordEncoder, records: pa.Table, observed: Observations
) -> WordLessons | None:
    """The texts of the records (n rows) that teach; None where no field is read as words."""
    texts = []
    for field in encoder.texts:
        assert field.words is not None
        different, place = distinct_texts(records[field.name])
        texts.append(Texts(field.words.matrix(different), place, field.words))
    if not texts:
        return None
    subject = np.arange(observed.won.size) if observed.stages is None else observed.stages.subject
    parts = PARTS if observed.independent().size < MANY_ROWS else PARTS_OF_MANY
    drawn = np.random.default_rng(SEED).permutation(int(subject.max()) + 1) % parts
    return WordLessons(texts, observed.won, observed.independent(), drawn[subject])
