"""Histories: streams learned from facts, the same columns again, nothing from the future."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.clock import MICROSECONDS_PER_DAY as DAY
from redumbrella.features.history import Asked, HistoryEncoder, learn_history
from redumbrella.features.kernel.narrow import narrowed

TIME = pa.timestamp("us", "UTC")


def activities(rows: list[tuple[str, int, str, float | None, str | None]]) -> pa.Table:
    """person, day, code, duration, product."""
    columns = list(zip(*rows, strict=True)) if rows else [[], [], [], [], []]
    return pa.table(
        {
            "person_id": pa.array(columns[0], pa.string()),
            "at": pa.array([day * DAY for day in columns[1]], TIME),
            "code": pa.array(columns[2], pa.string()),
            "duration_s": pa.array(columns[3], pa.float64()),
            "product_id": pa.array(columns[4], pa.string()),
            "rep_id": pa.array(["r"] * len(rows), pa.string()),
        }
    )


CALLS = activities(
    [
        ("ann", 10, "call", 600.0, "loan"),
        ("ann", 12, "call/refused", 30.0, "card"),
        ("bob", 11, "mail", None, None),
    ]
)


def learned(table: pa.Table = CALLS, *, has_product: bool = True) -> HistoryEncoder:
    kinds = {"loan": "credit", "card": "credit", "fund": "saving"}
    return learn_history({"activities": table}, kinds, has_age=True, has_product=has_product)


def asked(*people: str, day: int, product: str | None = "loan") -> Asked:
    n = len(people)
    return Asked(
        pa.chunked_array([list(people)], pa.string()),
        np.full(n, day * DAY),
        pa.chunked_array([[product] * n], pa.string()),
        np.full(n, 9 * DAY),
    )


def values(encoder: HistoryEncoder, table: pa.Table, rows: Asked) -> dict[str, np.ndarray]:
    matrix = encoder.matrix(encoder.group({"activities": table}), rows).toarray()
    return {f.name: matrix[:, k] for k, f in enumerate(encoder.history_features)}


def test_scopes_tell_this_product_from_its_type_and_from_everything() -> None:
    found = values(learned(), CALLS, asked("ann", day=20))
    assert found["activities.any.count.this_product.all"] == [1]
    assert found["activities.any.count.this_product_type.all"] == [2]
    assert found["activities.any.count.everything.all"] == [2]
    assert found["activities.call.long_share.this_product.all"] == [1.0]
    plain = learned(has_product=False)
    assert "activities.any.count.all" in [f.name for f in plain.history_features]


def test_a_row_sees_only_what_happened_before_its_instant() -> None:
    encoder = learned(has_product=False)
    at_the_call = values(encoder, CALLS, asked("ann", day=10))
    assert at_the_call["activities.any.count.all"] == [0]
    a_day_later = values(encoder, CALLS, asked("ann", day=11))
    assert a_day_later["activities.any.count.all"] == [1]


def test_the_dense_columns_are_age_and_latest_fact() -> None:
    encoder = learned(has_product=False)
    history = encoder.group({"activities": CALLS})
    profile = encoder.profile(history, asked("ann", "bob", "nobody", day=12))
    names = [feature.name for feature in encoder.profile_features]
    assert names == ["age", "activities.latest", "reps.latest"]
    levels = encoder.profile_features[1].levels
    assert profile[:, 0].tolist() == [3.0, 3.0, 3.0]
    assert levels[int(profile[0, 1])] == "call"  # the refusal is not before the instant
    assert levels[int(profile[1, 1])] == "mail"
    assert np.isnan(profile[2, 1])


def test_a_kind_never_seen_in_training_counts_as_other() -> None:
    encoder = learned(has_product=False)
    later = activities([("ann", 10, "fax", None, None), ("cid", 10, "call", 5.0, None)])
    found = values(encoder, later, asked("ann", "cid", day=11))
    assert found["activities.other.count.all"].tolist() == [1, 0]
    assert found["activities.call.count.all"].tolist() == [0, 1]


def test_ten_thousand_kinds_are_pooled_and_counted() -> None:
    table = activities([("ann", 1, f"kind {k}", None, None) for k in range(10_000)])
    encoder = learned(table, has_product=False)
    stream = encoder.streams[0]
    assert len(stream.codes) == 301
    assert stream.pooled == 9_700
    found = values(encoder, table, asked("ann", day=2))
    assert found["activities.other.count.all"] == [9_700]


def test_the_encoder_comes_back_from_json_with_the_columns_it_kept() -> None:
    encoder = learned().keeping(np.array([5, 2]))
    again = HistoryEncoder.from_json(encoder.to_json())
    assert again == encoder
    assert again.columns == (2, 5)
    whole = learned()
    picked = [whole.history_features[k] for k in (2, 5)]
    assert list(again.history_features) == picked
    history = whole.group({"activities": CALLS})
    rows = asked("ann", "bob", day=30)
    np.testing.assert_array_equal(
        again.matrix(history, rows).toarray(), whole.matrix(history, rows).toarray()[:, [2, 5]]
    )


@pytest.mark.parametrize("table", [None, activities([])])
def test_without_facts_every_row_is_there_and_empty(table: pa.Table | None) -> None:
    encoder = learned(has_product=False)
    history = encoder.group({} if table is None else {"activities": table})
    assert encoder.matrix(history, asked("ann", day=9)).nnz == 0
    assert np.isnan(encoder.profile(history, asked("ann", day=9))[0, 1])


facts = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cid"]),
        st.integers(0, 40),
        st.sampled_from(["call", "mail", "call/refused"]),
        st.none() | st.floats(0, 4_000),
        st.sampled_from([None, "loan", "card", "fund"]),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(facts=facts, extra=facts, day=st.integers(0, 45), seed=st.integers(0, 9))
def test_later_facts_and_the_order_of_facts_change_nothing(
    facts: list, extra: list, day: int, seed: int
) -> None:
    encoder = learned()
    rows = asked("ann", "bob", "cid", "dan", day=day)
    table = activities(facts)
    future = activities([fact for fact in extra if fact[1] >= day])
    more = pa.concat_tables([table, future])
    mixed = more.take(np.random.default_rng(seed).permutation(more.num_rows))

    def made(source: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        history = encoder.group({"activities": source})
        return encoder.matrix(history, rows).toarray(), encoder.profile(history, rows)

    expected, shuffled = made(table), made(mixed)
    np.testing.assert_array_equal(expected[0], shuffled[0])
    # Two facts in one instant have no order, so which of them is the latest may differ by code.
    np.testing.assert_array_equal(expected[1], shuffled[1])


def test_narrowed_is_two_cuts_at_once() -> None:
    rng = np.random.default_rng(3)
    history = learned().group({"activities": CALLS})
    whole = learned().matrix(history, asked("ann", "bob", "ann", day=15))
    rows = rng.integers(0, 3, 7)
    columns = np.sort(rng.choice(whole.shape[1], 40, replace=False))
    cut = narrowed(whole, rows, columns)
    np.testing.assert_array_equal(cut.toarray(), whole[rows][:, columns].toarray())
    assert cut.has_canonical_format
