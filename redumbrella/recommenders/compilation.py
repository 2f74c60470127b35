"""Everything compiled in this room, compiled beforehand; run at set-up, the models' room too.

In: nothing. Out: code in the cache beside the sources, loaded into this process. Promise: after
`warm_recommenders`, on this machine, nothing of this room waits for a compiler.
"""

import numpy as np
import pyarrow as pa
import scipy.sparse as sp

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.features.kernel.compilation import warm_kernels
from redumbrella.models.compilation import warm_models
from redumbrella.recommenders.interactions import interactions_of
from redumbrella.recommenders.lists import Linear, SourceColumns
from redumbrella.recommenders.neighbours import co_occurrence, cosine_weights, local_ridge
from redumbrella.recommenders.parts import fit_parts, situation_of
from redumbrella.recommenders.ranker import fit_ranker
from redumbrella.recommenders.reasons import largest_terms


def warm_recommenders() -> None:
    """Compile, or load from the cache, what counts, regresses and makes lists, by using it once."""
    x = sp.csr_matrix(np.ones((3, 2), np.float32))
    neighbours = co_occurrence(x)
    cosine_weights(neighbours, 2)
    columns = SourceColumns.of_kinds(("purchase",), 2)
    linear = Linear(x, local_ridge(neighbours, 2), np.zeros(2, np.float32), columns)
    people = np.arange(3)
    for kind in ("all", "new", "again"):
        linear.best(people, 1, np.ones(2, np.bool_), x, kind)
    linear.scores(people, np.arange(4), np.zeros(3, np.int32))
    largest_terms(linear, people, np.zeros((3, 1), np.int32))
    _rank_a_small_shop()


def _rank_a_small_shop() -> None:
    """Two hundred people who buy one of seven products every day, and a ranker for them."""
    people, days = 200, 6
    number = np.arange(people * days)
    purchases = pa.table(
        {
            "person_id": [f"{one:03d}" for one in number % people],
            "product_id": [f"{one}" for one in (number % people + number // people) % 7],
            "at": pa.array((number // people) * MICROSECONDS_PER_DAY, pa.timestamp("us", "UTC")),
            "amount": np.ones(number.size),
        }
    )
    end = days * MICROSECONDS_PER_DAY
    situation = situation_of(interactions_of(purchases, None, end), 1.0)
    now, then = fit_parts(situation, end), fit_parts(situation, end - situation.step)
    wanted = situation.interactions.bought_between(then.instant, end)
    ranker = fit_ranker(then, wanted, now, "all")
    if ranker is not None:
        ranker.best(np.arange(people), 1, now.sold, now.own, "all")


if __name__ == "__main__":
    warm_kernels()
    warm_models()
    warm_recommenders()
