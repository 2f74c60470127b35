"""Lists: full, without doubles, in the order of the score; reasons that add up to it."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from recommender_worlds import END, small_interactions

from redumbrella.recommenders.lists import (
    Kind,
    Linear,
    Reasons,
    SourceColumns,
    Term,
    blend,
    similar_products,
)
from redumbrella.recommenders.parts import (
    COLLABORATIVE,
    PERSONAL,
    RECENT,
    SimpleParts,
    fit_parts,
    situation_of,
)


@pytest.fixture(scope="module")
def parts() -> SimpleParts:
    return fit_parts(situation_of(small_interactions(), 14.0), END)


def drawn(seed: int, people: int = 12, m: int = 9, n: int = 15) -> tuple[Linear, sp.csr_matrix]:
    rng = np.random.default_rng(seed)

    def sparse(rows: int, columns: int, share: float) -> sp.csr_matrix:
        cells = np.where(rng.random((rows, columns)) < share, rng.normal(size=(rows, columns)), 0)
        return sp.csr_matrix(cells.astype(np.float32))

    columns = SourceColumns(np.arange(m, dtype=np.int32), np.zeros(m, np.int32), ("purchase",))
    # Few different numbers, so that there are ties.
    b = rng.integers(3, size=n).astype(np.float32) / 4
    own = sp.csr_matrix((rng.random((people, n)) < 0.3).astype(np.int32))
    return Linear(sparse(people, m, 0.3), sparse(m, n, 0.3), b, columns), own


@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 20),
    kind=st.sampled_from(["all", "new", "again"]),
    share=st.floats(0, 1),
)
def test_a_list_holds_the_best_that_are_allowed_each_once(
    seed: int, n: int, kind: Kind, share: float
) -> None:
    linear, own = drawn(seed)
    allowed = np.random.default_rng(seed + 1).random(15) < share
    people = np.arange(12)[::-1]
    found = linear.best(people, n, allowed, own, kind)
    whole = (linear.x @ linear.W).toarray() + linear.b
    for row, person in enumerate(people):
        mine = own[person].toarray().ravel() > 0
        may = allowed & {"all": mine | True, "new": ~mine, "again": mine}[kind]
        shown = found.products[row][found.products[row] >= 0]
        assert len(set(shown.tolist())) == shown.size == min(n, may.sum())
        assert may[shown].all()
        best = np.sort(whole[person][may])[::-1][: shown.size]
        np.testing.assert_allclose(found.score[row][: shown.size], best, atol=1e-5)


def test_equal_scores_stand_in_order_of_their_numbers() -> None:
    columns = SourceColumns.of_kinds(("purchase",), 4)
    x, W = sp.csr_matrix((1, 4), dtype=np.float32), sp.csr_matrix((4, 4), dtype=np.float32)
    linear = Linear(x, W, np.array([1, 2, 2, 1], np.float32), columns)
    own = sp.csr_matrix((1, 4), dtype=np.int32)
    shown = linear.best(np.arange(1), 4, np.ones(4, bool), own, "all").products
    assert shown.tolist() == [[1, 2, 0, 3]]


@pytest.mark.parametrize("name", [PERSONAL, COLLABORATIVE, "blend"])
def test_reasons_add_up_to_the_score_and_name_only_what_the_person_did(
    parts: SimpleParts, name: str
) -> None:
    if name == "blend":
        pair = parts.linear[COLLABORATIVE], parts.linear[RECENT]
        linear = blend(*pair, 0.5, parts.sold, parts.own, "all")
    else:
        linear = parts.linear[name]
    people = np.arange(0, 100, 7)
    shown = linear.best(people, 10, parts.sold, parts.own, "all")
    for row, person in enumerate(people):
        mine = set(parts.own[person].indices.tolist())
        for place in range(10):
            score = float(shown.score[row, place])
            told = linear.reasons(int(person), int(shown.products[row, place]))
            assert told.score == pytest.approx(score, abs=1e-5)
            added = sum(term.value for term in told.terms) + told.base
            assert added == pytest.approx(score, abs=1e-5)
            assert {term.product for term in told.terms} <= mine
    assert 0 <= told.share(2) <= 1


@pytest.mark.parametrize("number", [-1, 12])
def test_nobodys_number_is_refused(number: int) -> None:
    linear, own = drawn(0)
    with pytest.raises(IndexError, match="numbered 0 to 11"):
        linear.best(np.array([3, number]), 2, np.ones(15, bool), own, "all")
    with pytest.raises(IndexError, match="numbered 0 to 11"):
        linear.scores(np.array([number]), np.array([0, 1]), np.zeros(1, np.int32))


def test_reasons_in_words() -> None:
    terms = (Term("purchase", 0, 0.5), Term("purchase", 1, 0.21), Term("product_view", 0, 0.2))
    names = ["a mug", "a lamp"]
    told = Reasons(1.0, terms, 0.09)
    text = "because of purchase of a mug and purchase of a lamp, together 71\u00a0% of the score"
    assert told.because(names) == text
    against = Reasons(0.3, (Term("purchase", 1, 0.5), Term("purchase", 0, -0.2)), 0.0)
    assert against.because(names).endswith("100\u00a0% of what speaks for it")
    assert Reasons(0.1, (), 0.1).because(names) == ""
    assert (
        Reasons(0.1, (Term("job is clerk", -1, 0.1),), 0.0)
        .because(names)
        .startswith("because of job is clerk")
    )


def test_a_blend_is_the_sum_of_its_parts_each_by_its_best(parts: SimpleParts) -> None:
    first, second = parts.linear[PERSONAL], parts.linear[COLLABORATIVE]
    both = blend(first, second, 0.5, parts.sold, parts.own, "all")
    person, every = np.array([5]), np.arange(len(parts.known.products), dtype=np.int32)
    start = np.array([0, every.size])
    said = [one.scores(person, start, every) for one in (both, first, second)]
    peaks = [
        one.best(person, 1, parts.sold, parts.own, "all").score[0, 0] for one in (first, second)
    ]
    expected = said[1] / peaks[0] + 0.5 * said[2] / peaks[1]
    np.testing.assert_allclose(said[0], expected, atol=2e-3)  # popularity only breaks ties


def test_similar_products_are_those_bought_together_else_those_alike(
    parts: SimpleParts,
) -> None:
    linear = parts.linear[COLLABORATIVE]
    content = Linear(linear.x, linear.W[::-1].tocsr(), linear.b, linear.columns)
    product = int(np.argmax(parts.neighbours.count.max(axis=1)))
    rare = int(np.argmin(parts.neighbours.count.max(axis=1)))
    assert parts.neighbours.most_common(rare) < 5 <= parts.neighbours.most_common(product)
    found = similar_products(linear, content, parts.neighbours, product, 5)
    assert found.products.tolist() == linear.similar(product, 5).products.tolist()
    assert product not in found.products
    found = similar_products(linear, content, parts.neighbours, rare, 5)
    assert found.products.tolist() == content.similar(rare, 5).products.tolist()
