"""The stages of a lead's life: it teaches at its creation, after each touch, and in silence.

In: for each closed lead a person, an instant of creation and one of closing, and the instants of
everybody's touches. Out: `Stages`, rows (lead, instant) with weights. Besides the touches there is
one instant in every long silence, because most open leads are asked about while nobody talks to
them; a score that knew only the moments after a touch would take silence for a recent touch.

Every stage of every lead counts alike, and all weights together sum to the number of leads. Were
each lead's stages to share one vote, the first stage of a lead that is won after thirty touches
would count a tenth of that of a lead that is lost after three, and every early score would be too
low (informative cluster size: Hoffman, Sen and Weinberg 2001). For the same reason a lead is
examined at a stage number drawn alike for all leads, and not at all if it never got so far.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.training.splits import Fold

SEED = 0  # the same leads give the same stages
MOST_PER_SUBJECT = 16
HEAVIEST = 5.0  # a stage stands for so many others at most, so that no robot rules the lesson
PEOPLE_ASKED = 3  # where people return, each period asks a third of them
LEAST_ASKED = 20
SILENCE = MICROSECONDS_PER_DAY


@dataclass(frozen=True)
class Stages:
    """Rows of lessons: subject (n,) numbers the lead or person, as_of (n,) UTC microseconds.

    weight: (n,) how much each row teaches. outcome_known: (n,) instant from which its outcome was
    known. asked: (n,) rows at which their lead is examined, at most one each; None for people.
    returns: whether a subject comes back in later periods (a person at many cutoffs), so that
    periods alone do not keep it on one side. settling: microseconds that deciding takes, see
    `maturity`.
    """

    subject: NDArray[np.intp]
    as_of: NDArray[np.int64]
    weight: NDArray[np.float64]
    outcome_known: NDArray[np.int64]
    asked: NDArray[np.bool_] | None = None
    returns: bool = False
    settling: int = 0

    def one_each(self, rows: NDArray[np.intp], seed: int = 0) -> NDArray[np.intp]:
        """At most one of these rows per subject, chosen without regard to the outcome.

        A lead: its row to be examined. A person: the row at an instant drawn for that person among
        the instants of these rows, if it was eligible then.
        """
        if self.asked is not None:
            return rows[self.asked[rows]]
        instants, number = np.unique(self.as_of[rows], return_inverse=True)
        people = int(self.subject.max(initial=-1)) + 1
        drawn = np.random.default_rng(seed).integers(0, max(instants.size, 1), people)
        return np.asarray(rows[drawn[self.subject[rows]] == number], np.intp)


def forward_folds(stages: Stages, folds: int, first_share: float = 0.5) -> list[Fold]:
    """Walk forward: learn from what was known when a period began, be asked about that period.

    Rows must be in order of time of their subjects. Nobody stands on both sides; every subject is
    asked once in a period. A period is left out when too little was known before it.
    """
    rows = np.arange(stages.subject.size)
    found: list[Fold] = []
    edges = np.linspace(first_share, 1.0, folds + 1)
    starts = stages.as_of if stages.returns else _first_instants(stages)
    places = np.sort(starts)
    for low, high in pairwise(edges.tolist()):
        begin = places[min(int(low * rows.size), rows.size - 1)]
        last = high >= 1.0
        end = places[-1] + 1 if last else places[min(int(high * rows.size), rows.size - 1)]
        known = stages.outcome_known <= begin
        asked = (starts >= begin) & (starts < end)
        if stages.returns:
            group = stages.subject % PEOPLE_ASKED == len(found) % PEOPLE_ASKED
            asked, known = asked & group, known & ~group
        test = stages.one_each(rows[asked], seed=len(found))
        train = rows[known & (starts < begin - stages.settling)]
        if test.size >= LEAST_ASKED and train.size >= LEAST_ASKED:
            found.append(Fold(train, test, stages.weight[train]))
    return found


def shuffled_folds(stages: Stages, folds: int, seed: int = 0) -> list[Fold]:
    """Every subject is asked once, by a model that learned from other subjects."""
    subjects, number = np.unique(stages.subject, return_inverse=True)
    folds = min(folds, subjects.size)
    part = np.random.default_rng(seed).permutation(subjects.size)[number] % folds
    rows = np.arange(stages.subject.size)
    found = []
    for k in range(folds):
        train = rows[part != k]
        found.append(Fold(train, stages.one_each(rows[part == k], seed=k), stages.weight[train]))
    return found


def _first_instants(stages: Stages) -> NDArray[np.int64]:
    """Each row's first instant of its subject: for a lead, its creation."""
    first = np.full(int(stages.subject.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, stages.subject, stages.as_of)
    return np.asarray(first[stages.subject], np.int64)


def lead_stages(
    person: NDArray[np.int32],
    created_at: NDArray[np.int64],
    closed_at: NDArray[np.int64],
    touch_person: NDArray[np.int32],
    touch_at: NDArray[np.int64],
    *,
    most_per_lead: int = MOST_PER_SUBJECT,
    silences: bool = True,
    settling: int = 0,
) -> Stages:
    """Stages of k closed leads, in order of lead and then of time.

    person: (k,) number of the lead's person, -1 = nobody known. closed_at: (k,) instant of the
    outcome; a lead whose close is not after its creation teaches at its creation alone. touches:
    (m,) person and instant, in order of both. silences: whether silences are stages too. Of more
    than `most_per_lead` stages some are drawn at random; the creation always stays.
    """
    first, end = spans(person, created_at, closed_at, touch_person, touch_at)
    lead, touched = _expand(first, end, touch_at)
    lead, instant = _distinct(lead, touched + 1)  # just after the touch: facts count before it
    quiet_lead, quiet_at = _silences(lead, instant, created_at, closed_at)
    if not silences:
        quiet_lead, quiet_at = quiet_lead[:0], quiet_at[:0]
    subject = np.concatenate([np.arange(person.size), lead, quiet_lead])
    as_of = np.concatenate([created_at, instant, quiet_at])
    ordered = np.lexsort((as_of, subject))
    subject, as_of = subject[ordered], as_of[ordered]
    stage = np.arange(subject.size) - np.searchsorted(subject, subject)
    asked = _asked(subject, stage)
    kept, weight = _thinned(subject, stage, asked, most_per_lead)
    weight *= person.size / max(float(weight.sum()), 1e-9)
    subject = subject[kept]
    return Stages(subject, as_of[kept], weight, closed_at[subject], asked[kept], settling=settling)


def spans(
    person: NDArray[np.int32],
    created_at: NDArray[np.int64],
    closed_at: NDArray[np.int64],
    by_person: NDArray[np.int32],
    at: NDArray[np.int64],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each lead's facts stand among the sorted facts: from one instant to before another.

    person (k,), created_at (k,), closed_at (k,): whose facts, and between which instants.
    by_person, at (m,): all facts in order of person and time. Gives first and end, each (k,).
    """
    # One sorted key of person and time lets one search serve all leads.
    places = np.unique(at)
    rank = np.searchsorted(places, at)
    key = by_person.astype(np.int64) * (places.size + 1) + rank
    base = person.astype(np.int64) * (places.size + 1)
    first = np.searchsorted(key, base + np.searchsorted(places, created_at))
    end = np.searchsorted(key, base + np.searchsorted(places, closed_at))
    nobody = (person < 0) | (closed_at <= created_at)
    return np.where(nobody, 0, first), np.where(nobody, 0, np.maximum(end, first))


def _expand(
    first: NDArray[np.intp], end: NDArray[np.intp], at: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Lead and instant of every touch within its span."""
    count = end - first
    lead = np.repeat(np.arange(first.size), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return lead, at[np.repeat(first, count) + within]


def _distinct(
    lead: NDArray[np.intp], at: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Several touches in one instant are one stage. Input and output are in order."""
    new = np.ones(lead.size, np.bool_)
    new[1:] = (lead[1:] != lead[:-1]) | (at[1:] != at[:-1])
    return lead[new], at[new]


def _silences(
    lead: NDArray[np.intp],
    at: NDArray[np.int64],
    created_at: NDArray[np.int64],
    closed_at: NDArray[np.int64],
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """One random instant in every silence longer than a day, the one before the close included."""
    everyone = np.arange(created_at.size)
    leads = np.concatenate([everyone, lead, everyone])
    instants = np.concatenate([created_at, at, np.maximum(closed_at, created_at)])
    order = np.lexsort((instants, leads))
    leads, instants = leads[order], instants[order]
    gap = np.diff(instants)
    long = (leads[1:] == leads[:-1]) & (gap > SILENCE)
    share = np.random.default_rng(SEED).random(int(long.sum()))
    quiet = instants[:-1][long] + (share * gap[long]).astype(np.int64)
    return leads[:-1][long], quiet


def _asked(subject: NDArray[np.intp], stage: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Rows at a stage number drawn for their lead from the numbers of all rows."""
    if subject.size == 0:
        return np.empty(0, np.bool_)
    drawn = np.random.default_rng(SEED + 2).choice(stage, int(subject.max()) + 1)
    return np.asarray(drawn[subject] == stage, np.bool_)


def _thinned(
    subject: NDArray[np.intp],
    stage: NDArray[np.intp],
    asked: NDArray[np.bool_],
    most: int,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows to keep, in order, and their weights: at most `most` per subject, first the creation,
    then the row that is asked, then others drawn at random, which stand for those left out."""
    lot = np.random.default_rng(SEED + 1).random(subject.size)
    lot[asked] = -1.0
    lot[stage == 0] = -2.0
    order = np.lexsort((lot, subject))
    rank = np.arange(subject.size) - np.searchsorted(subject, subject[order])
    kept = np.sort(order[rank < most])
    later = np.bincount(subject) - 1
    room = np.maximum(np.minimum(later, most - 1), 1)
    weight = np.minimum(later / room, HEAVIEST)[subject[kept]]
    weight[stage[kept] == 0] = 1.0
    return kept, weight
