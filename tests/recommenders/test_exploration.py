"""Young products take some places; the chances that are told are the ones with which they do."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from recommender_worlds import DAY, END, small_interactions

from redumbrella.errors import SettingsError
from redumbrella.recommenders.content import Catalogue
from redumbrella.recommenders.exploration import (
    Exploration,
    Explored,
    explored,
    uniform_numbers,
    young_products,
)
from redumbrella.recommenders.lists import Lists
from redumbrella.recommenders.parts import SimpleParts, fit_parts, situation_of

PRODUCTS = 40


def drawn(
    seed: int, people: int = 6, n: int = 12, young: int = 8
) -> tuple[Lists, list[str], sp.csr_matrix, NDArray[np.bool_]]:
    """Lists of different lengths, what was bought, and the young: the last products."""
    rng = np.random.default_rng(seed)
    products = np.array([rng.permutation(PRODUCTS - 4)[:n] for _ in range(people)], np.int32)
    length = rng.integers(n + 1, size=people)
    length[0] = n
    products[np.arange(n) >= length[:, None]] = -1
    score = np.sort(rng.random((people, n)).astype(np.float32))[:, ::-1]
    own = sp.csr_matrix((rng.random((people, PRODUCTS)) < 0.2).astype(np.int32))
    is_young = np.arange(PRODUCTS) >= PRODUCTS - young
    return Lists(products, score), [f"p{one}" for one in range(people)], own, is_young


def row_of(found: Explored, row: int) -> tuple[bytes, ...]:
    parts = found.lists.products, found.lists.score, found.is_explored, found.chance
    return tuple(part[row].tobytes() for part in parts)


@pytest.mark.parametrize(
    ("share", "shown", "young"), [(0.05, 10, 8), (0.4, 10, 8), (0.5, 9, 2), (0.3, 12, 1), (0, 9, 3)]
)
def test_what_happens_over_many_seeds_is_what_the_chances_say(
    share: float, shown: int, young: int
) -> None:
    """Each list is drawn for a hundred people on forty seeds."""
    one, ids, own, is_young = drawn(3, young=young)
    many, draws = 100, 4_000
    row = np.repeat(np.arange(len(ids)), many)
    lists, own = Lists(one.products[row], one.score[row]), own[row]
    names = [f"{ids[of]}-{place}" for place, of in enumerate(row)]
    often, told = np.zeros((len(ids), PRODUCTS)), np.full((len(ids), PRODUCTS), np.nan)
    given_away = np.zeros(len(ids))
    for seed in range(draws // many):
        found = explored(lists, names, own, is_young, Exploration(share, shown, str(seed)))
        at, place = np.nonzero(found.lists.products >= 0)
        cells, chance = (row[at], found.lists.products[at, place]), found.chance[at, place]
        np.add.at(often, cells, 1)
        given_away += np.bincount(row, found.is_explored.sum(axis=1))
        known = ~np.isnan(told[cells])
        # A product has one chance, whatever the draw.
        np.testing.assert_array_equal(told[cells][known], chance[known])
        told[cells] = chance
    was = ~np.isnan(told)
    error = np.sqrt(told[was] * (1 - told[was]) / draws)
    assert (np.abs(often[was] / draws - told[was]) <= 4.5 * error + 1e-6).all()
    full = (one.products[:, :shown] >= 0).sum(axis=1)
    mine = own[::many].toarray()[:, is_young] > 0
    on_list = np.array([np.isin(np.flatnonzero(is_young), row) for row in one.products])
    expected = np.minimum(share * full, (~mine & ~on_list).sum(axis=1))
    assert (np.abs(given_away / draws - expected) < 4.5 * 0.5 / np.sqrt(draws) + 1e-9).all()


@given(
    seed=st.integers(0, 10_000),
    share=st.floats(0, 0.5),
    shown=st.integers(1, 14),
    young=st.integers(0, PRODUCTS),
)
def test_only_what_is_young_and_new_to_the_person_takes_a_later_place(
    seed: int, share: float, shown: int, young: int
) -> None:
    lists, ids, own, is_young = drawn(seed, young=young)
    found = explored(lists, ids, own, is_young, Exploration(share, shown, str(seed)))
    before, after = lists.products, found.lists.products
    np.testing.assert_array_equal(after >= 0, before >= 0)
    np.testing.assert_array_equal(found.is_explored, after != before)
    assert np.isnan(found.lists.score[found.is_explored]).all()
    for row, shown_to in enumerate(after):
        real = shown_to[shown_to >= 0]
        assert len(set(real.tolist())) == real.size
        real_before = before[row][before[row] >= 0]
        tried = shown_to[found.is_explored[row]]
        assert is_young[tried].all()
        assert not np.isin(tried, before[row]).any()
        assert not (own[row].toarray().ravel()[tried] > 0).any()
        places = np.flatnonzero(found.is_explored[row])
        visible = min(shown, real.size)
        assert ((places >= visible // 2) & (places < visible)).all()
        # On average exactly the share is given away, unless there is not enough to give it to.
        free = int((is_young & (own[row].toarray().ravel() == 0)).sum())
        free -= int((is_young[real_before] & (own[row].toarray().ravel()[real_before] == 0)).sum())
        given = min(share * visible, free)
        chance, later = found.chance[row], visible - visible // 2
        np.testing.assert_allclose(chance[: visible // 2], 1)
        np.testing.assert_allclose(chance[visible : real.size], 1)
        kept = np.setdiff1d(np.arange(visible // 2, visible), places)
        np.testing.assert_allclose(chance[kept], 1 - given / max(later, 1), atol=1e-6)
        np.testing.assert_allclose(chance[places], given / max(free, 1), atol=1e-6)
    assert (np.isnan(found.chance) == (after < 0)).all()


def test_a_draw_rests_on_the_seed_and_the_persons_id_alone() -> None:
    lists, ids, own, is_young = drawn(5, people=40)
    exploration = Exploration(0.3, 10, "shop 2026-11-29")
    whole = explored(lists, ids, own, is_young, exploration)
    assert whole.is_explored.any()
    order = np.random.default_rng(0).permutation(40)[:25]
    some = Lists(lists.products[order], lists.score[order])
    found = explored(some, [ids[one] for one in order], own[order], is_young, exploration)
    for row, one in enumerate(order):
        assert row_of(found, row) == row_of(whole, int(one))
    other = explored(lists, ids, own, is_young, replace(exploration, seed="next week"))
    assert (other.lists.products != whole.lists.products).any()


def test_the_numbers_are_even_and_do_not_hang_together() -> None:
    first, second = uniform_numbers("a", [f"p{one}" for one in range(20_000)])
    for numbers in (first, second):
        assert ((numbers >= 0) & (numbers < 1)).all()
        counts = np.bincount((numbers * 20).astype(int), minlength=20)
        assert (np.abs(counts - 1_000) < 4.5 * np.sqrt(1_000)).all()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
    assert uniform_numbers("ab", ["c"]).tolist() != uniform_numbers("a", ["bc"]).tolist()
    assert uniform_numbers("a", []).shape == (2, 0)
    assert np.isfinite(uniform_numbers("\udcff", ["\udcfe"])).all()


@pytest.mark.parametrize("share", [-0.1, 0.51, float("nan")])
def test_a_share_that_cannot_be_given_away_is_refused(share: float) -> None:
    with pytest.raises(SettingsError, match="lies between 0 and"):
        Exploration(share)


@pytest.fixture(scope="module")
def parts() -> SimpleParts:
    return fit_parts(situation_of(small_interactions(), 14.0), END)


def test_young_is_what_was_listed_or_first_bought_within_a_horizon(parts: SimpleParts) -> None:
    step, everything = 14 * DAY, np.ones(len(parts.known.products), np.bool_)
    since = parts.listed_since
    border = int(np.sort(since)[-3])  # three products are first bought from here on
    found = young_products(parts, parts.instant - border + 1, everything)
    assert found.sum() == 3
    np.testing.assert_array_equal(found, since >= border)
    begin = int(parts.known.at.min())
    assert not young_products(parts, parts.instant - begin + 1, everything).any()
    size = everything.size
    catalogue = Catalogue.empty(size)
    listed = np.full(size, END - 50 * DAY)
    listed[:4] = [END - DAY, END, END + DAY, END - 15 * DAY]
    dated = replace(catalogue, listed_at=listed, is_dated=np.ones(size, np.bool_))
    found = young_products(replace(parts, catalogue=dated), step, everything)
    assert np.flatnonzero(found).tolist() == [0, 1]
    everything[0] = False
    assert not young_products(replace(parts, catalogue=dated), step, everything)[0]
