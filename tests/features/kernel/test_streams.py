import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.errors import DataError
from redumbrella.features.kernel.person_index import PersonIndex
from redumbrella.features.kernel.streams import (
    Stream,
    encode_kinds,
    group_facts,
    learn_vocabulary,
    log_from_table,
)

CALLS = Stream("calls", ("call", "mail"), has_duration=True, has_value=True)


def columns(facts):
    person, at, code, duration, value, known_at, product = (
        zip(*facts, strict=True) if facts else [()] * 7
    )
    return {
        "person": np.array(person, np.int32),
        "at": np.array(at, np.int64),
        "code": np.array(code, np.int64),
        "duration": np.array(duration, np.float32),
        "value": np.array(value, np.float64),
        "known_at": np.array(known_at, np.int64),
        "product": np.array(product, np.int32),
    }


def contents(log):
    return [log.offsets.tobytes(), *(column.tobytes() for column in log.facts)]


facts = st.lists(
    st.tuples(
        st.integers(-1, 3),
        st.integers(-3, 3),
        st.integers(-1, 1),
        st.sampled_from([math.nan, 0.0, 1.5, 7.25]),
        st.sampled_from([math.nan, -1.0, 0.1]),
        st.integers(0, 2),
        st.integers(-1, 1),
    ),
    max_size=40,
)


@settings(max_examples=100, deadline=None)
@given(facts, st.randoms())
def test_a_log_does_not_depend_on_the_order_of_its_facts(some, random):
    shuffled = list(some)
    random.shuffle(shuffled)
    first = group_facts(CALLS, people=4, **columns(some))
    second = group_facts(CALLS, people=4, **columns(shuffled))
    assert contents(first) == contents(second)


@settings(max_examples=50, deadline=None)
@given(facts)
def test_a_log_keeps_every_fact_of_its_people_and_codes(some):
    log = group_facts(CALLS, people=4, **columns(some))
    kept = [fact for fact in some if fact[0] >= 0 and fact[2] >= 0]
    assert len(log) == len(kept)
    for person in range(4):
        low, high = log.offsets[person], log.offsets[person + 1]
        theirs = sorted((f[1], f[2]) for f in kept if f[0] == person)
        assert list(zip(log.facts.at[low:high], log.facts.code[low:high], strict=True)) == theirs


def test_many_slices_give_the_same_log_as_one():
    random = np.random.default_rng(1)
    n = 400_000
    given_columns = {
        "person": random.integers(-1, 50, n).astype(np.int32),
        "at": np.sort(random.integers(0, 10_000, n)),
        "code": random.integers(0, 2, n),
        "duration": random.random(n).astype(np.float32),
        "value": random.random(n),
    }
    one, four = (group_facts(CALLS, people=50, threads=t, **given_columns) for t in (1, 4))
    assert contents(one) == contents(four)


def test_a_million_facts_in_one_instant_are_ordered():
    n = 1_000_000
    duration = np.random.default_rng(0).random(n).astype(np.float32)
    stream = Stream("s", ("a",), has_duration=True)
    nothing = np.zeros(n, np.int32)
    log = group_facts(stream, nothing, nothing, nothing, people=1, duration=duration)
    assert np.array_equal(log.facts.duration, np.sort(duration))


def test_rare_kinds_are_pooled_and_named():
    kinds = pa.array(["b", "a", "b", "c", None, "d", "a", "b", "other"])
    vocabulary = learn_vocabulary(kinds, max_kinds=2)
    assert vocabulary.codes == ("a", "b", "other")
    assert vocabulary.pooled == ("c", "d")
    assert encode_kinds(kinds, vocabulary.codes).tolist() == [1, 0, 1, 2, -1, 2, 0, 1, 2]
    assert encode_kinds(kinds.dictionary_encode(), ("a",)).tolist() == [
        *(-1, 0, -1, -1, -1, -1, 0, -1, -1)
    ]


def test_too_many_kinds_are_refused():
    with pytest.raises(DataError, match="max_kinds"):
        learn_vocabulary(pa.array(["a"]), max_kinds=100_000)


def test_a_table_becomes_a_log():
    table = pa.table(
        {
            "person_id": ["x", "y", "x", "stranger"],
            "at": pa.array([4, 3, 2, 1], pa.timestamp("us", "UTC")),
            "kind": ["call", "call", "mail", "call"],
            "duration_s": pa.array([None, 1, 2, 3], pa.int64()),
            "value": pa.array([1.0, None, 2.0, 3.0]),
            "seen_at": pa.array([None, 9, 2, 1], pa.timestamp("us", "UTC")),
        }
    )
    log = log_from_table(table, CALLS, PersonIndex.of(pa.array(["x", "y"])), known_at="seen_at")
    assert log.offsets.tolist() == [0, 2, 3]
    assert log.facts.at.tolist() == [2, 4, 3]
    assert log.facts.code.tolist() == [1, 0, 0]
    assert log.facts.known_at.tolist() == [2, 4, 9]
    np.testing.assert_array_equal(log.facts.duration, np.array([2, math.nan, 1], np.float32))


def test_a_table_without_a_column_or_with_a_fact_without_time_is_refused():
    people = PersonIndex.of(pa.array(["x"]))
    stream = Stream("s", ("a",))
    with pytest.raises(DataError, match='no column "at"'):
        log_from_table(pa.table({"person_id": ["x"], "kind": ["a"]}), stream, people)
    timeless = pa.table(
        {"person_id": ["x"], "at": pa.array([None], pa.timestamp("us")), "kind": ["a"]}
    )
    with pytest.raises(DataError, match="1 facts have no time"):
        log_from_table(timeless, stream, people)


@pytest.mark.parametrize(
    ("person", "code", "duration", "message"),
    [
        ([0], [2], [1.0], "code 2"),
        ([5], [0], [1.0], "person 5"),
        ([0], [0], [1.0, 2.0], "lengths"),
        ([0], [0], None, "lengths"),
    ],
)
def test_columns_that_do_not_fit_are_refused(person, code, duration, message):
    stream = Stream("s", ("a", "b"), has_duration=True)
    lengths = None if duration is None else np.array(duration)
    with pytest.raises(DataError, match=message):
        group_facts(stream, np.array(person), np.array([1]), np.array(code), people=1,
                    duration=lengths)  # fmt: skip
