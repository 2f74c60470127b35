"""Everything compiled in this room, compiled beforehand; run at set-up, the features' room too.

In: nothing. Out: code in the cache beside the sources, loaded into this process. Promise: after
`warm_models`, on this machine, nothing of this room waits for a compiler.
"""

import numpy as np
import scipy.sparse as sp

from redumbrella.features.kernel import compilation
from redumbrella.models.products.multitask_ridge import JointRidge
from redumbrella.models.trees.forest import Forest
from redumbrella.models.trees.scorer import Scorer
from redumbrella.models.trees.tree_shap import Explainer


def warm_models() -> None:
    """Compile, or load from the cache, what scores, explains and fits, by using it once.

    A design is a float64 profile, maybe with a float32 history; trees have up to 64 leaves.
    """
    history = sp.csr_matrix(np.ones((1, 1), np.float32))
    for leaves in (2, 33):
        forest = _chain(leaves)
        Scorer(forest).raw(np.zeros((1, 1)), history)
    Explainer(forest).contributions(np.zeros((1, 1)), history)
    one = np.ones((1, 1), np.float32)
    rows = np.zeros(1, np.int64)
    JointRidge(history, np.ones((1, 1), np.uint8), one[0], rows).gradient(one)


def _chain(leaves: int) -> Forest:
    """A tree on two features in which every split has a leaf on its left."""
    splits = leaves - 1
    number = np.arange(splits, dtype=np.int32)
    return Forest(
        n_features=2,
        split_first=np.array([0, splits]),
        leaf_first=np.array([0, leaves]),
        feature=number % 2,
        threshold=number.astype(np.float64),
        is_category=np.zeros(splits, np.bool_),
        missing=np.zeros(splits, np.uint8),
        default_left=np.zeros(splits, np.bool_),
        left=~number,
        right=np.append(number[1:], np.int32(-leaves)),
        set_of=np.full(splits, -1, np.int32),
        split_rows=(leaves - number).astype(np.float64),
        leaf_value=np.zeros(leaves),
        leaf_rows=np.ones(leaves),
        sets=(),
    )


if __name__ == "__main__":
    compilation.warm_kernels()
    warm_models()
