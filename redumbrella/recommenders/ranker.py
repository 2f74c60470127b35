"""A boosted ranker over what all simple recommenders propose.

LambdaMART (Burges 2010; LightGBM, Ke et al. 2017): trees that put what a person bought above what
he did not. It learns at the instant one horizon before its last fact: the simple recommenders are
made from what was known then and propose products (`proposals`), and what the person bought in the
horizon after it is the outcome. Applied at a later instant, it is given the simple recommenders of
that instant.

Promise: the same for any number of threads; a list has n products while n <= TOP are allowed.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from redumbrella.models.parallel import THREADS
from redumbrella.models.trees.forest import parse_forest
from redumbrella.models.trees.lightgbm import lightgbm
from redumbrella.models.trees.scorer import Scorer
from redumbrella.recommenders.lists import Kind, Lists, best_of_given
from redumbrella.recommenders.parts import SimpleParts
from redumbrella.recommenders.proposals import Proposals, pairs_of

MOST_PEOPLE = 4_000  # to learn from
FEWEST_PEOPLE = 100
_PEOPLE = 1_000  # at a time
TREES = 120
PARAMETERS: dict[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "label_gain": [0, 1],
    "num_leaves": 15,
    "learning_rate": 0.07,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "max_bin": 63,
    "seed": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbosity": -1,
    "num_threads": THREADS,
}


@dataclass(frozen=True, eq=False)
class Ranker:
    """The trees, and the parts at the instant at which they are applied. rows: learned from."""

    trees: Any
    parts: SimpleParts
    rows: int

    @cached_property
    def scorer(self) -> Scorer:
        """The trees, made ready for many pairs."""
        return Scorer(parse_forest(self.trees))

    def best(
        self, people: NDArray[np.intp], n: int, allowed: NDArray[np.bool_], own: Any, kind: Kind
    ) -> Lists:
        """The n <= TOP best for each of `people`, as `lists.Linear.best` has it."""
        found = np.full((len(people), n), -1, np.int32)
        score = np.zeros((len(people), n), np.float32)
        for first in range(0, len(people), _PEOPLE):
            chunk = people[first : first + _PEOPLE]
            pairs = pairs_of(self.parts, chunk, allowed, own, kind)
            if not pairs.product.size:
                continue
            said = self.scorer.raw(pairs.X).astype(np.float32)
            rows = slice(first, first + len(chunk))
            best_of_given(pairs.start, pairs.product, said, found[rows], score[rows])
        return Lists(found, score)


def fit_ranker(then: SimpleParts, wanted: Any, now: SimpleParts, kind: Kind) -> Ranker | None:
    """Learned from `then` and what was bought in the horizon after it, to be applied to `now`.

    wanted: CSR of ones (people, products). None with fewer than 100 people to learn from.
    """
    own = then.own
    want = _of_kind(wanted, own, kind, then.sold)
    has_bought = np.diff(own.indptr) > 0
    people = np.flatnonzero((np.diff(want.indptr) > 0) & has_bought & then.known.teaches)
    if people.size < FEWEST_PEOPLE:
        return None
    people = people[np.unique(np.linspace(0, people.size - 1, MOST_PEOPLE).astype(np.intp))]
    taken, groups, outcomes = [], [], []
    for first in range(0, people.size, _PEOPLE):
        pairs = pairs_of(then, people[first : first + _PEOPLE], then.sold, own, kind)
        taken.append(pairs.X)
        groups.append(np.diff(pairs.start))
        outcomes.append(_is_in(want, pairs))
    X, outcome = np.concatenate(taken), np.concatenate(outcomes)
    group = np.concatenate(groups)
    library = lightgbm()
    rows = library.Dataset(X, outcome, group=group[group > 0], params=PARAMETERS)
    return Ranker(library.train(PARAMETERS, rows, TREES), now, len(outcome))


def wanted_of_kind(parts: SimpleParts, wanted: Any, kind: Kind) -> Any:
    """What could have stood on a list of this kind of all that was bought, CSR of ones."""
    return _of_kind(wanted, parts.own, kind, parts.sold)


def _of_kind(wanted: Any, own: Any, kind: Kind, sold: NDArray[np.bool_]) -> Any:
    """Cells of `wanted` that a list of this kind may hold."""
    size = np.diff(wanted.indptr)
    row = np.repeat(np.arange(wanted.shape[0], dtype=np.int64), size)
    key = row * wanted.shape[1] + wanted.indices
    mine = np.repeat(np.arange(own.shape[0], dtype=np.int64), np.diff(own.indptr))
    is_own = np.isin(key, mine * own.shape[1] + own.indices)
    keep = sold[wanted.indices]
    if kind != "all":
        keep &= is_own if kind == "again" else ~is_own
    found = wanted.copy()
    found.data = np.where(keep, found.data, 0.0).astype(np.float32)
    found.eliminate_zeros()
    return found


def _is_in(want: Any, pairs: Proposals) -> NDArray[np.int32]:
    """1 for pairs that were bought."""
    part = want[pairs.people]
    key = np.repeat(np.arange(part.shape[0], dtype=np.int64), np.diff(part.indptr))
    bought = key * part.shape[1] + part.indices
    return np.isin(pairs.row * part.shape[1] + pairs.product, bought).astype(np.int32)
