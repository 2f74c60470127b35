"""How likely a person is to buy what stands on his list, within the horizon, at every place.

In: `Outcomes`, lists that one method made at earlier instants for everybody who could have been
given one (not only for those who then bought) and what came of them. Out: `ListProbability`, from
such lists of today to probabilities.

On the earlier outcomes two things are learned from what is known of a place when it is shown:

    z = w0 + w1 s + w2 log(place) + w3 log(days since the last purchase) + w4 log(faded purchases)

where s are the log-odds of what came true at that score (isotonic regression: a score has no unit,
and grows as it likes), by a logistic regression with a small ridge. On the newest outcomes, which
it has not seen, a second isotonic regression (Barlow et al. 1972; Zadrozny and Elkan 2002) says
what came true at each z. w1 is not below 0 and w2 not above it, so a probability never rises down a
list. With outcomes of one instant alone, each half of the people is asked what was learned on the
other.

Promise: `ListCalibration` is measured on people of the newest outcomes, by what was learned from
others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.figures import counted
from redumbrella.recommenders.lists import Lists
from redumbrella.recommenders.parts import SimpleParts

Numbers = NDArray[np.float64]
FEWEST_HITS = 50
RIDGE = 1.0
DRAWN_TO = 5.0  # rows of a step of the isotonic regression's own mean that are the share of all
TENTHS = 10
_STEPS = 100  # of Newton's method, at most


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Lists of people and what came of them within the horizon.

    person: (people,) numbers. score: float32 (people, n), NaN where there is no product. is_hit:
    (people, n) whether it was bought. days: (people,) since the last purchase, 0 for those without
    one. purchases: (people,).
    """

    person: NDArray[np.int64]
    score: NDArray[np.float32]
    is_hit: NDArray[np.bool_]
    days: NDArray[np.float32]
    purchases: NDArray[np.float32]

    @classmethod
    def of(
        cls, lists: Lists, people: NDArray[np.intp], parts: SimpleParts, is_hit: NDArray[np.bool_]
    ) -> Self:
        """Of lists that were made from `parts`."""
        days, purchases = _history(people, parts)
        return cls(people.astype(np.int64), _scores(lists), is_hit, days, purchases)

    @property
    def hits(self) -> int:
        """How many products were bought."""
        return int(self.is_hit.sum())

    @property
    def rows(self) -> tuple[list[Numbers], NDArray[np.bool_]]:
        """The four columns, (rows,), of all places that hold a product; whether it was bought."""
        there = np.isfinite(self.score)
        columns = _columns(self.score, self.days, self.purchases)
        told = [np.broadcast_to(column, there.shape)[there] for column in columns]
        return told, self.is_hit[there]

    def where(self, keep: NDArray[np.bool_]) -> Self:
        """Of some of the people."""
        return type(self)(
            self.person[keep],
            self.score[keep],
            self.is_hit[keep],
            self.days[keep],
            self.purchases[keep],
        )


@dataclass(frozen=True, eq=False)
class Steps:
    """A rising function: straight between (at, value), level beyond them."""

    at: Numbers
    value: Numbers

    def __call__(self, x: Numbers) -> Numbers:
        """Its value at each x."""
        return np.asarray(np.interp(x, self.at, self.value))


@dataclass(frozen=True)
class ListCalibration:
    """How true the probabilities were of people from whom nothing was learned.

    log_loss: mean of -log of what was said of what happened. log_loss_of_share: that of saying the
    same of every place. tenths: mean probability, share that came true, and rows, for ten equal
    parts of the rows in order of what was said of them.
    """

    rows: int
    hits: int
    people: int
    log_loss: float
    log_loss_of_share: float
    tenths: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True, eq=False)
class ListProbability:
    """What was learned of one method's lists. weight: (5,), of 1 and the columns."""

    of_score: Steps
    weight: Numbers
    of_log_odds: Steps
    calibration: ListCalibration

    def of(self, lists: Lists, people: NDArray[np.intp], parts: SimpleParts) -> NDArray[np.float32]:
        """The probability of each place of lists made from `parts`: float32 (people, n), NaN where
        there is no product and where no score put it there.
        """
        score = _scores(lists)
        raw = _Learned(self.of_score, self.weight)
        found = self.of_log_odds(raw.log_odds(_columns(score, *_history(people, parts))))
        return np.where(np.isfinite(score), found, np.nan).astype(np.float32)


def fit_probability(outcomes: Sequence[Outcomes]) -> ListProbability | str:
    """From the outcomes at one or more instants, the earliest first; a sentence that says why where
    there were too few.
    """
    usable = [one for one in outcomes if one.hits >= FEWEST_HITS]
    if not usable:
        return _too_few(outcomes)
    last, earlier = usable[-1], usable[:-1]
    calibration = _checked(earlier, last)
    if earlier:
        learned = _learn(earlier)
        columns, is_hit = last.rows
        z = learned.log_odds(columns)
    else:
        learned = _learn([last])
        halves = [last.where(half) for half in _halves(last)]
        asked = [
            (_learn([other]).log_odds(one.rows[0]), one.rows[1])
            for one, other in (halves, halves[::-1])
        ]
        z, is_hit = (np.concatenate(parts) for parts in zip(*asked, strict=True))
    return ListProbability(learned.of_score, learned.weight, isotonic(z, is_hit), calibration)


def isotonic(x: Numbers, is_hit: NDArray[np.bool_]) -> Steps:
    """The rising function of x nearest to what happened, each level of it drawn to the share of all
    as if DRAWN_TO more rows had had that: no level is 0 or 1 because few rows are on it.
    """
    from sklearn.isotonic import isotonic_regression

    at, number = np.unique(x, return_inverse=True)
    rows = np.bincount(number).astype(np.float64)
    hits = np.bincount(number, is_hit)
    level = isotonic_regression(hits / rows, sample_weight=rows)
    block = np.cumsum(np.append(0, np.diff(level) > 0))
    rows_of, hits_of = np.bincount(block, rows), np.bincount(block, hits)
    share = _share(is_hit)
    value = (hits_of + DRAWN_TO * share) / (rows_of + DRAWN_TO)
    middle = np.bincount(block, at * rows) / rows_of
    return Steps(middle, np.maximum.accumulate(value))


class _Learned:
    """The logistic regression: from columns to log-odds."""

    def __init__(self, of_score: Steps, weight: Numbers) -> None:
        self.of_score, self.weight = of_score, weight

    def log_odds(self, columns: Sequence[Numbers]) -> Numbers:
        """z of the four columns, of any shapes that go together."""
        score, *others = columns
        z = self.weight[0] + self.weight[1] * _logit(self.of_score(score))
        for weight, column in zip(self.weight[2:], others, strict=True):
            z = z + weight * column
        return np.asarray(z)


def _learn(outcomes: Sequence[Outcomes]) -> _Learned:
    rows = [one.rows for one in outcomes]
    is_hit = np.concatenate([hit for _, hit in rows])
    score, *others = (np.concatenate(parts) for parts in zip(*(x for x, _ in rows), strict=True))
    of_score = isotonic(score, is_hit)
    columns = [_logit(of_score(score)), *others]
    used = list(range(len(columns)))
    weight = _logistic(columns, is_hit)
    for column, sign in ((1, -1.0), (0, 1.0)):  # the place, the score
        if weight[used.index(column) + 1] * sign < 0:
            used.remove(column)
            weight = _logistic([columns[one] for one in used], is_hit)
    full = np.zeros(len(columns) + 1)
    full[[0, *(column + 1 for column in used)]] = weight
    return _Learned(of_score, full)


def _logistic(X: Sequence[Numbers], is_hit: NDArray[np.bool_]) -> Numbers:
    """Weights of 1 and the columns by Newton's method; columns are scaled, so the ridge is fair.

    Sums are not left to a solver of others: they may depend on its threads.
    """
    mean = np.array([column.mean() for column in X])
    scale = np.array([column.std() or 1.0 for column in X])
    scaled = [(column - m) / s for column, m, s in zip(X, mean, scale, strict=True)]
    columns = [np.ones(is_hit.size), *scaled]
    size = len(columns)
    ridge = np.diag([0.0, *[RIDGE] * (size - 1)])
    share = _share(is_hit)
    weight = np.zeros(size)
    weight[0] = np.log(share / (1.0 - share))
    for _ in range(_STEPS):
        z = sum(w * column for w, column in zip(weight, columns, strict=True))
        p = 1.0 / (1.0 + np.exp(-np.clip(z, -30.0, 30.0)))
        slope = np.array([float((column * (p - is_hit)).sum()) for column in columns])
        curve = np.zeros((size, size))
        for j in range(size):
            for k in range(j + 1):
                curve[j, k] = curve[k, j] = (columns[j] * columns[k] * p * (1.0 - p)).sum()
        step = np.linalg.solve(curve + ridge, slope + ridge @ weight)
        weight = weight - np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    plain = weight[1:] / scale
    return np.append(weight[0] - float((plain * mean).sum()), plain)


def _checked(earlier: Sequence[Outcomes], last: Outcomes) -> ListCalibration:
    """Each half of the last people by what was learned from the earlier ones and the other half."""
    said, share, came = [], [], []
    for half in _halves(last):
        mine, other = last.where(half), last.where(~half)
        learned = _learn(earlier or [other])
        columns, is_hit = other.rows
        steps = isotonic(learned.log_odds(columns), is_hit)
        asked, is_mine = mine.rows
        said.append(steps(learned.log_odds(asked)))
        share.append(np.full(is_mine.size, _share(is_hit)))
        came.append(is_mine)
    p, level, hit = np.concatenate(said), np.concatenate(share), np.concatenate(came)
    return calibration_of(p, hit, level, len(last.person))


def calibration_of(
    said: Numbers, came: NDArray[np.bool_], share: Numbers, people: int
) -> ListCalibration:
    """What was said of rows beside what came true; share: (rows,) what would be said of every row
    alike.
    """
    order = np.argsort(said, kind="stable")
    parts = [part for part in np.array_split(order, TENTHS) if part.size]
    tenths = [(float(said[one].mean()), float(came[one].mean()), int(one.size)) for one in parts]
    losses = [_log_loss(one, came) for one in (said, share)]
    return ListCalibration(len(said), int(came.sum()), people, losses[0], losses[1], tuple(tenths))


def _log_loss(said: Numbers, came: NDArray[np.bool_]) -> float:
    return float(-np.log(np.where(came, said, 1.0 - said)).mean())


def _halves(outcomes: Outcomes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Every second person, and the others."""
    odd = np.arange(len(outcomes.person)) % 2 == 1
    return odd, ~odd


def _columns(
    score: NDArray[np.float32], days: NDArray[np.float32], purchases: NDArray[np.float32]
) -> list[Numbers]:
    """score, log of the place, of days since the last purchase, of purchases; (people, n) together,
    each as small as it can be.
    """
    place = np.log(np.arange(1, score.shape[1] + 1))[None, :]
    since, many = (np.log1p(one.astype(np.float64))[:, None] for one in (days, purchases))
    return [score.astype(np.float64), place, since, many]


def _history(
    people: NDArray[np.intp], parts: SimpleParts
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Days since the last purchase, 0 for those without one, and purchases, each halved as the
    personal recommender does: all that were ever made grow with the record, and so would say more
    of each later instant.
    """
    last = parts.last_bought[people]
    days = np.where(last >= 0, (parts.instant - last) / MICROSECONDS_PER_DAY, 0.0)
    return days.astype(np.float32), parts.faded_purchases[people]


def _scores(lists: Lists) -> NDArray[np.float32]:
    """Scores, NaN where there is no product."""
    return np.where(lists.products >= 0, lists.score, np.nan).astype(np.float32)


def _share(is_hit: NDArray[np.bool_]) -> float:
    """Share that was bought, never 0 or 1."""
    return (float(is_hit.sum()) + 0.5) / (is_hit.size + 1.0)


def _logit(p: Numbers) -> Numbers:
    return np.asarray(np.log(p / (1.0 - p)))


def _too_few(outcomes: Sequence[Outcomes]) -> str:
    people = max((len(one.person) for one in outcomes), default=0)
    if not people:
        return (
            "How likely a purchase is cannot be said: there is no horizon with a history before "
            "it, or nobody was known then who could have been given this list."
        )
    hits = max(one.hits for one in outcomes)
    return (
        f"How likely a purchase is cannot be said: of the lists of {people:,} people, "
        f"{counted(hits, 'product')} {'was' if hits == 1 else 'were'} bought within a horizon; "
        f"{FEWEST_HITS} are needed."
    )
