"""What is used: the blend of all families, or the base rate where the blend is not clearly better.

Which family is the best changes from one period to the next; the errors of a mean of families
change least (Bates and Granger 1969). So no single family is chosen by its log loss, but the table
of them all is kept. The blend has to beat the base rate by one and a half standard errors of their
difference, paired lead by lead within each fold, or its order has to hold in the folds, each judged
alone: where the share won jumps, log loss pays for the level, and a true order may still lose.

With too few conversions for a blend the simplest family is used whose difference to the best is
within one standard error (the one-standard-error rule of Breiman et al. 1984, on paired
differences). Leaving the base rate asks for more there too: among several families the luckiest
one beats it by one error on pure noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from redumbrella.evaluation.examination import BLEND, Examination
from redumbrella.evaluation.metrics import METRICS, Vector, row_log_loss
from redumbrella.evaluation.order import order_holds, orders_of

Measure = tuple[float, float]
ERRORS_TO_LEAVE_PRIOR = 1.5
ERRORS_TO_DISMISS = 2.0


@dataclass(frozen=True)
class ComparedFamily:
    """One family's results: (mean, standard error) over the folds for each metric.

    difference_to_best: log loss minus that of the best family, fold by fold.
    """

    family: str
    complexity: int
    metrics: Mapping[str, Measure]
    by_fold: Sequence[float]
    difference_to_best: Measure
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """All families side by side, the best one and the one in use.

    lead: how far the log loss of the blend, or of the best family where there is no blend, is below
    that of the base rate.
    """

    rows: Sequence[ComparedFamily]
    best: str
    chosen: str
    lead: Measure

    def row(self, family: str) -> ComparedFamily:
        """The results of one family."""
        return next(row for row in self.rows if row.family == family)


def compare(
    examination: Examination,
    complexity: Mapping[str, int],
    errors_to_leave_prior: float = ERRORS_TO_LEAVE_PRIOR,
) -> Comparison:
    """Judges the answers of an examination; complexity orders the families from simple up."""
    answers = {name: examination.probability(name) for name in examination.log_odds}
    losses = {
        name: [row_log_loss(p, y) for p, y in zip(folds, examination.won, strict=True)]
        for name, folds in answers.items()
    }
    means = {name: float(np.mean([rows.mean() for rows in losses[name]])) for name in losses}
    best = min(means, key=lambda name: (means[name], complexity[name]))
    rows = [
        ComparedFamily(
            family=name,
            complexity=complexity[name],
            metrics=_metrics(answers[name], examination.won),
            by_fold=[float(fold.mean()) for fold in losses[name]],
            difference_to_best=paired_difference(losses[name], losses[best]),
            seconds=examination.seconds[name],
        )
        for name in sorted(losses, key=lambda name: complexity[name])
    ]
    lead = paired_difference(losses["prior"], losses[BLEND if BLEND in losses else best])
    if BLEND in losses:
        is_clear = lead[0] > errors_to_leave_prior * lead[1]
        holds = order_holds(orders_of(examination.log_odds[BLEND], examination.won))
        chosen = BLEND if is_clear or holds else "prior"
    else:
        chosen = next(row.family for row in rows if _is_as_good(row, errors_to_leave_prior))
    return Comparison(rows, best, chosen, lead)


def _is_as_good(row: ComparedFamily, errors_to_leave_prior: float) -> bool:
    difference, error = row.difference_to_best
    return difference <= error * (errors_to_leave_prior if row.family == "prior" else 1.0)


def model_variance(examination: Examination, comparison: Comparison) -> float:
    """How differently the families that cannot be told apart see the leads.

    Mean squared distance on the log-odds scale between the chosen family and that plausible one
    which differs most from it. A family is plausible when its log loss is within two standard
    errors of the best. Their disagreement is part of what nobody knows (model uncertainty).
    """
    chosen = calibrated(examination, comparison.chosen)
    distances = [
        float(np.mean((calibrated(examination, row.family) - chosen) ** 2))
        for row in comparison.rows
        if row.difference_to_best[0] <= ERRORS_TO_DISMISS * row.difference_to_best[1]
        or row.family == comparison.best
    ]
    return max(distances, default=0.0)


def calibrated(examination: Examination, family: str) -> Vector:
    """Calibrated log-odds of all examined leads, one fold after the other."""
    line = examination.calibration(family)
    return line.apply(np.concatenate(examination.log_odds[family]))


def paired_difference(losses: Sequence[Vector], others: Sequence[Vector]) -> Measure:
    """Mean over the folds of the mean difference of the leads' losses, and its standard error.

    losses, others: one array per fold, lead by lead. The error is that of a stratified sample.
    """
    gaps = [a - b for a, b in zip(losses, others, strict=True)]
    variance = sum(float(gap.var(ddof=1)) / gap.size for gap in gaps if gap.size > 1)
    mean = float(np.mean([gap.mean() for gap in gaps]))
    return mean, float(np.sqrt(variance)) / len(gaps)


def lasting_difference(losses: Sequence[Vector], others: Sequence[Vector]) -> Measure:
    """Mean of `paired_difference`, and how sure it is for the periods to come.

    The error is that from lead to lead or that from period to period, the larger one: leads of one
    period say little about the next, and few periods can agree by chance.
    """
    mean, error = paired_difference(losses, others)
    gaps = [float((a - b).mean()) for a, b in zip(losses, others, strict=True)]
    return mean, max(error, _measure(gaps)[1])


def _metrics(answers: Sequence[Vector], won: Sequence[Vector]) -> dict[str, Measure]:
    return {
        metric: _measure([function(p, y) for p, y in zip(answers, won, strict=True)])
        for metric, function in METRICS.items()
    }


def _measure(values: Sequence[float] | Vector) -> Measure:
    """Mean and standard error of the mean of the known values."""
    known = np.asarray(values, np.float64)
    known = known[~np.isnan(known)]
    if known.size == 0:
        return float("nan"), float("nan")
    error = float(known.std(ddof=1) / np.sqrt(known.size)) if known.size > 1 else 0.0
    return float(known.mean()), error
