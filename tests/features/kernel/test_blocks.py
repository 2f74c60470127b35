import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from window_matrices import block_names, scoped_features, window_features

from redumbrella.errors import DataError
from redumbrella.features.kernel.blocks import (
    Block,
    MatrixBuffer,
    features,
    rows,
)
from redumbrella.features.kernel.streams import Stream, group_facts
from redumbrella.features.kernel.windows import FAMILY_NAMES, FeatureSet
from redumbrella.features.names import column_names

DAY = 86_400_000_000
HOUR = DAY // 24
EVERYTHING = FeatureSet(window_days=(1, 7, 30), families=FAMILY_NAMES)
STREAM = Stream("s", ("a", "b", "c"), has_duration=True, has_value=True)


def log_of(facts, people=4, stream=STREAM, **optional):
    """A log of (person, at, code, duration, value) facts."""
    person, at, code, duration, value = zip(*facts, strict=True) if facts else [()] * 5
    return group_facts(
        stream,
        np.array(person, np.int32),
        np.array(at, np.int64),
        np.array(code, np.int64),
        people=people,
        duration=np.array(duration, np.float64),
        value=np.array(value, np.float64),
        **optional,
    )


def same(a, b):
    return (
        a.shape == b.shape
        and np.array_equal(a.indptr, b.indptr)
        and np.array_equal(a.indices, b.indices)
        and a.data.tobytes() == b.data.tobytes()
    )


instants = st.integers(0, 40 * 24).map(lambda hours: hours * HOUR)
facts = st.lists(
    st.tuples(
        st.integers(0, 3),
        instants,
        st.integers(0, 2),
        st.sampled_from([0.1, 0.7, 1234.5, 1e-3]),
        st.sampled_from([0.1, 0.2, 19.99, -3.3, 1e9]),
    ),
    max_size=40,
)
asked = st.lists(st.tuples(st.integers(-1, 3), instants), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(facts, facts, asked)
def test_facts_from_the_instant_on_never_change_a_row(past, future, wanted):
    """The leak test: only what happened strictly before as_of may be in a row."""
    person, as_of = np.array(wanted).T
    latest = dict.fromkeys(range(4), 0)
    for p, instant in wanted:
        latest[p] = max(latest.get(p, 0), instant)
    late = [(p, latest[p] + at, *rest) for p, at, *rest in future]
    without = window_features(log_of(past), person, as_of, EVERYTHING)
    with_future = window_features(log_of(past + late), person, as_of, EVERYTHING)
    assert same(without, with_future)


@settings(max_examples=60, deadline=None)
@given(facts, st.lists(st.integers(0, 40 * 24), min_size=40, max_size=40), asked)
def test_facts_not_yet_known_never_change_a_row(some, delays, wanted):
    person, as_of = np.array(wanted).T
    known = np.array([f[1] + d * HOUR for f, d in zip(some, delays, strict=False)], np.int64)
    late = log_of(some, known_at=known)
    for row, (p, instant) in enumerate(wanted):
        learned = [f for f, k in zip(some, known, strict=True) if k < instant]
        expected = window_features(log_of(learned), person, as_of, EVERYTHING)[row]
        found = window_features(late, np.array([p]), instant, EVERYTHING)
        assert same(found, expected)


@settings(max_examples=60, deadline=None)
@given(facts, st.randoms(), asked)
def test_the_order_of_the_facts_changes_nothing(some, random, wanted):
    person, as_of = np.array(wanted).T
    shuffled = list(some)
    random.shuffle(shuffled)
    first = window_features(log_of(some), person, as_of, EVERYTHING)
    second = window_features(log_of(shuffled), person, as_of, EVERYTHING)
    assert same(first, second)


@settings(max_examples=40, deadline=None)
@given(facts, asked)
def test_rows_alone_and_people_apart_are_as_together(some, wanted):
    person, as_of = np.array(wanted).T
    together = window_features(log_of(some), person, as_of, EVERYTHING)
    for row, (p, instant) in enumerate(wanted):
        theirs = log_of([(0, *rest) for q, *rest in some if q == p], people=1)
        alone = window_features(theirs, np.array([min(p, 0)]), instant, EVERYTHING)
        assert same(alone, together[row])


def world(people, n, kinds, seed=0):
    random = np.random.default_rng(seed)
    stream = Stream("s", tuple(f"k{i}" for i in range(kinds)), has_duration=True)
    person = random.integers(0, people, n).astype(np.int32)
    at = np.sort(random.integers(0, 400 * DAY, n))
    code, duration = random.integers(0, kinds, n), random.random(n)
    return group_facts(stream, person, at, code, people=people, duration=duration)


def test_threads_and_chunks_change_nothing():
    log = world(people=9_000, n=60_000, kinds=20)
    person = np.random.default_rng(1).integers(-1, 9_000, 9_000).astype(np.int32)
    one, three = (window_features(log, person, 390 * DAY, FeatureSet(), threads=t) for t in (1, 3))
    assert same(one, three)
    halves = [window_features(log, half, 390 * DAY, FeatureSet()) for half in
              (person[:4_000], person[4_000:])]  # fmt: skip
    assert np.array_equal(np.concatenate([half.data for half in halves]), one.data)


def test_several_callers_at_once_get_the_same():
    log, person = world(people=5_000, n=30_000, kinds=10), np.arange(5_000, dtype=np.int32)
    expected = window_features(log, person, 390 * DAY, FeatureSet())
    found = []
    callers = [
        threading.Thread(
            target=lambda: found.append(window_features(log, person, 390 * DAY, FeatureSet()))
        )
        for _ in range(4)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 4
    assert all(same(expected, one) for one in found)


def test_a_person_without_history_has_an_empty_row():
    matrix = window_features(log_of([(0, 5, 0, 1.0, 1.0)]), np.array([3, -1, 0]), 6, EVERYTHING)
    assert np.diff(matrix.indptr).tolist()[:2] == [0, 0]
    assert matrix[2].nnz > 0
    assert window_features(log_of([]), np.array([0]), 6, EVERYTHING).nnz == 0
    assert window_features(log_of([]), np.array([], int), 6, EVERYTHING).shape[0] == 0


def test_the_matrix_is_a_proper_csr_matrix():
    matrix = window_features(world(50, 2_000, 7), np.arange(50), 390 * DAY, FeatureSet())
    assert matrix.dtype == np.float32
    assert matrix.indices.dtype == matrix.indptr.dtype == np.int32
    matrix.has_sorted_indices = matrix.has_canonical_format = False
    before = matrix.indices.copy()
    matrix.sum_duplicates()
    assert np.array_equal(matrix.indices, before)
    matrix.check_format(full_check=True)


def test_times_before_1970_and_far_in_the_future():
    centuries = 300 * 365 * DAY
    log = log_of([(0, -3 * DAY, 0, 1.0, 1.0), (1, centuries - DAY, 0, 1.0, 1.0)])
    names = column_names(STREAM, EVERYTHING)
    matrix = window_features(log, np.array([0, 0, 1]), np.array([0, centuries, centuries]),
                             EVERYTHING).toarray()  # fmt: skip
    found = {name: matrix[:, column] for column, name in enumerate(names)}
    assert found["s.a.count.7d"].tolist() == [1, 0, 1]
    assert found["s.a.count.1d"].tolist() == [0, 0, 0]
    assert found["s.a.count.all"].tolist() == [1, 1, 1]
    hours = 24 / found["s.a.last_seen.all"].astype(np.float64) - 24
    assert np.rint(hours).tolist() == [72, (300 * 365 + 3) * 24, 24]


def test_a_million_events_of_one_person_take_their_share_of_time_only():
    log = world(people=2, n=1_000_000, kinds=5)
    person = np.zeros(3, np.int32)
    matrix = window_features(log, person, 390 * DAY, FeatureSet())
    column = column_names(log.stream, FeatureSet()).index("s.any.count.all")
    assert matrix[0, column] == np.searchsorted(log.facts.at[: log.offsets[1]], 390 * DAY)


def test_ten_thousand_kinds():
    log = world(people=20, n=50_000, kinds=10_000)
    matrix = window_features(log, np.arange(20), 500 * DAY, FeatureSet())
    names = column_names(log.stream, FeatureSet())
    assert matrix.shape == (20, len(names))
    ends = [name.endswith(".count.all") and ".any." not in name for name in names]
    assert matrix.sum(axis=0).A1[ends].sum() == 50_000


def test_scopes_by_hand():
    """Three calls about products 0, 1 and 2, of which 0 and 2 are of one type."""
    stream = Stream("activities", ("call/refused", "call"), has_duration=True)
    log = group_facts(
        stream,
        np.zeros(4, np.int32),
        np.array([1, 2, 3, 4]),
        np.array([0, 1, 1, 1]),
        people=1,
        duration=np.array([10.0, 400.0, 500.0, 20.0]),
        product=np.array([0, 1, 2, -1]),
    )
    chosen = FeatureSet((), ("count", "share", "long_share"))
    product, types = np.array([0, 1, -1, 3]), np.array([5, 6, 5, -1])
    blocks = [Block(log, chosen, scope) for scope in ("this_product", "this_product_type")]
    blocks.append(Block(log, chosen, "everything"))
    matrix = scoped_features(log, np.zeros(4, np.int32), 9, product, types, chosen).toarray()
    found = {name: matrix[:, column].tolist() for column, name in enumerate(block_names(blocks))}
    assert found["activities.call/refused.count.this_product.all"] == [1, 0, 0, 0]
    assert found["activities.call.count.this_product.all"] == [0, 1, 0, 0]
    assert found["activities.call.count.this_product_type.all"] == [1, 1, 0, 0]
    assert found["activities.call/refused.share.this_product_type.all"] == [0.5, 0, 0, 0]
    assert found["activities.call.long_share.this_product_type.all"] == [1, 1, 0, 0]
    assert found["activities.any.count.everything.all"] == [4, 4, 4, 4]
    assert found["activities.call.long_share.everything.all"] == pytest.approx([2 / 3] * 4)


def test_blocks_side_by_side_are_each_block_alone():
    first, second = world(30, 900, 3), log_of([(0, DAY, 1, 2.0, 3.0), (2, 5, 0, 1.0, 1.0)], 30)
    wanted = rows(np.arange(30), 390 * DAY)
    blocks = [Block(first, FeatureSet()), Block(second, EVERYTHING)]
    both = features(blocks, wanted).toarray()
    alone = [features([block], wanted).toarray() for block in blocks]
    assert np.array_equal(both, np.hstack(alone))
    assert both.shape[1] == len(block_names(blocks))


def test_a_buffer_is_used_again():
    log, buffer = world(30, 900, 3), MatrixBuffer()
    first = window_features(log, np.arange(30), 390 * DAY, FeatureSet(), buffer=buffer)
    kept = first.copy()
    second = window_features(log, np.arange(10), 390 * DAY, FeatureSet(), buffer=buffer)
    assert np.shares_memory(first.data, second.data)
    assert same(second, kept[:10])


def test_impossible_rows_are_refused():
    log = log_of([(0, 5, 0, 1.0, 1.0)])
    with pytest.raises(DataError, match="4 people"):
        window_features(log, np.array([4]), 6, EVERYTHING)
    with pytest.raises(DataError, match="one instant"):
        window_features(log, np.array([0, 1]), np.array([6]), EVERYTHING)
    with pytest.raises(DataError, match="product"):
        scoped_features(log, np.array([0]), 6, np.array([0]), np.array([0]), EVERYTHING)
