"""Everything compiled in this room, compiled beforehand; run at set-up, the models' room too.

In: nothing. Out: code in the cache beside the sources, loaded into this process. Promise: after
`warm_recommenders`, on this machine, nothing of this room waits for a compiler.
"""

import numpy as np
import scipy.sparse as sp

from redumbrella.features.kernel.compilation import warm_kernels
from redumbrella.models.compilation import warm_models
from redumbrella.recommenders.lists import Linear, SourceColumns
from redumbrella.recommenders.neighbours import co_occurrence, cosine_weights, local_ridge


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


if __name__ == "__main__":
    warm_kernels()
    warm_models()
    warm_recommenders()
