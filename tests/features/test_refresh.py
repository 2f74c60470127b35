import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.errors import DataError
from redumbrella.features.kernel import SCOPES, Block, features, rows
from redumbrella.features.refresh import refresh_features
from redumbrella.features.streams import Stream, group_facts
from redumbrella.features.windows import FAMILY_NAMES, FeatureSet

DAY = 86_400_000_000
HOUR = DAY // 24
PEOPLE = 5
START = 50 * DAY
EVERYTHING = FeatureSet(window_days=(1, 7, 30), families=FAMILY_NAMES)
STREAM = Stream("s", ("a", "b"), has_duration=True, has_value=True)
PRODUCT_TYPE = np.array([0, 1, 0])


def blocks_of(facts, late):
    """A log of (person, at, code, duration, delay, product) facts, plain and in three scopes."""
    person, at, code, duration, delay, product = zip(*facts, strict=True) if facts else [()] * 6
    at = np.array(at, np.int64)
    log = group_facts(
        STREAM,
        np.array(person, np.int32),
        at,
        np.array(code, np.int64),
        people=PEOPLE,
        duration=np.array(duration, np.float64),
        value=np.array(duration, np.float64),
        known_at=at + np.array(delay, np.int64) if late else None,
        product=np.array(product, np.int32),
    )
    return [Block(log, EVERYTHING), *(Block(log, EVERYTHING, scope) for scope in SCOPES)]


def same(a, b):
    return (
        np.array_equal(a.indptr, b.indptr)
        and np.array_equal(a.indices, b.indices)
        and a.data.tobytes() == b.data.tobytes()
    )


facts = st.lists(
    st.tuples(
        st.integers(0, PEOPLE - 1),
        st.integers(0, 60 * 48).map(lambda half_hours: half_hours * HOUR // 2),
        st.integers(0, 1),
        st.sampled_from([0.1, 0.7, 12.3]),
        st.sampled_from([0, 0, HOUR, 3 * DAY]),
        st.integers(-1, 2),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(facts, st.booleans(), st.sampled_from([0, 24, 24, 24, 48, 168, 1, 25, -24]))
def test_a_refresh_equals_a_full_rebuild_bit_for_bit(some, late, hours):
    product = np.arange(PEOPLE) % 4 - 1
    before = START if hours >= 0 else START - hours * HOUR
    after = before + hours * HOUR
    known = [f for f in some if f[1] < max(before, after)]
    blocks_before = blocks_of(known if late else [f for f in known if f[1] < before], late)
    blocks_after = blocks_of(some, late)
    yesterday = features(blocks_before, rows(np.arange(PEOPLE), before, product, PRODUCT_TYPE))
    asked = rows(np.arange(PEOPLE), after, product, PRODUCT_TYPE)

    refreshed = refresh_features(yesterday, blocks_after, asked, before)

    assert same(refreshed.matrix, features(blocks_after, asked))


def test_only_rows_with_a_new_or_a_moving_fact_are_rebuilt():
    facts = [
        (0, START - 10 * DAY, 0, 1.0, 0, -1),  # stays between 7 and 30 days
        (1, START - 7 * DAY + 1, 0, 1.0, 0, -1),  # leaves the 7 days
        (2, START, 0, 1.0, 0, -1),  # new
        (3, START - 200 * DAY, 0, 1.0, 0, -1),  # long ago
    ]
    asked = rows(np.arange(PEOPLE), START + DAY)
    blocks = blocks_of(facts, late=False)[:1]
    yesterday = features(blocks, rows(np.arange(PEOPLE), START))
    refreshed = refresh_features(yesterday, blocks, asked, START)
    assert refreshed.rebuilt.tolist() == [1, 2]
    assert same(refreshed.matrix, features(blocks, asked))
    half_a_day = refresh_features(yesterday, blocks, rows(np.arange(5), START + DAY // 2), START)
    assert half_a_day.rebuilt.tolist() == [0, 1, 2, 3, 4]


def test_new_people_other_orders_and_known_changes():
    facts = [(p, START - 10 * DAY - p * HOUR, p % 2, 1.0, 0, -1) for p in range(PEOPLE)]
    corrected = [*facts[:4], (4, START - 11 * DAY, 0, 2.0, 0, -1)]
    yesterday = features(blocks_of(facts, late=False)[:1], rows(np.array([3, 4, 0]), START))
    blocks = blocks_of(corrected, late=False)[:1]
    asked = rows(np.array([0, 1, 3, 4]), START + DAY)
    place = np.array([2, -1, 0, 1])
    changed = np.array([False, False, False, True])
    refreshed = refresh_features(
        yesterday, blocks, asked, START, previous_row=place, changed=changed
    )
    assert refreshed.rebuilt.tolist() == [1, 3]
    assert same(refreshed.matrix, features(blocks, asked))


def test_a_matrix_of_other_columns_or_rows_is_refused():
    block = blocks_of([(0, 1, 0, 1.0, 0, -1)], late=False)[0]
    blocks, asked = [block, block], rows(np.arange(PEOPLE), START)
    with pytest.raises(DataError, match="columns"):
        refresh_features(features([block], asked), blocks, asked, START)
    with pytest.raises(DataError, match="Mark new rows"):
        refresh_features(features(blocks, rows(np.arange(3), START)), blocks, asked, START)
