"""Reasons of many lists at once are those of one score at a time."""

import numpy as np
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.recommenders.lists import Linear, SourceColumns
from redumbrella.recommenders.reasons import largest_terms


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_the_largest_terms_are_those_of_the_exact_reasons(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, products = 5, 7
    x = sp.random(people, products, 0.5, "csr", np.float32, rng)
    W = sp.random(products, products, 0.5, "csr", np.float32, rng)
    W.data -= 0.3
    b = (rng.random(products) - 0.2).astype(np.float32)
    linear = Linear(x, W, b, SourceColumns.of_kinds(("purchase",), products))
    asked = np.tile(np.arange(-1, products, dtype=np.int32), (people, 1))
    columns, share = largest_terms(linear, np.arange(people), asked)
    assert (columns[:, 0] == -1).all()
    for person in range(people):
        for place, product in enumerate(asked[person].tolist()):
            if product < 0:
                continue
            exact = linear.reasons(person, product)
            positive = [term for term in exact.terms if term.value > 0]
            told = [one for one in columns[person, place].tolist() if one >= 0]
            sizes = {term.product: term.value for term in positive}
            assert len(told) == min(2, len(positive))
            assert [round(sizes[one], 5) for one in told] == [
                round(term.value, 5) for term in sorted(positive, key=lambda t: -t.value)[:2]
            ]
            if told:
                assert abs(share[person, place] - exact.share(len(told))) < 1e-4
