"""Purchases to histories: occasions, refunds, units, and nothing from after the end."""

import numpy as np
import pytest
from numpy.typing import NDArray

from redumbrella.customers.history import split_holdout, summarise
from redumbrella.errors import DataError

#         person, day, amount
ROWS = [
    (7, 10.2, 20.0),
    (7, 10.9, 5.0),  # the same day: one occasion
    (3, 12.5, 40.0),
    (7, 14.0, 30.0),
    (7, 14.5, -12.0),  # netted against its own day
    (3, 20.1, -40.0),  # a refund on a day of its own is no purchase
    (7, 30.0, 10.0),
    (5, 31.0, 15.0),
    (5, 31.5, -15.0),  # bought and given back: never a customer by day 40
    (5, 45.0, 9.0),
    (3, 50.0, 8.0),
]


def columns() -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    person, at, amount = zip(*ROWS, strict=True)
    return np.array(person), np.array(at), np.array(amount)


def test_a_history_counts_positive_occasions() -> None:
    known = summarise(*columns(), end=40.0)
    assert known.person.tolist() == [3, 7]
    assert known.frequency.tolist() == [0, 2]
    assert known.first.tolist() == [12, 10]
    assert known.recency.tolist() == [0, 20]
    assert known.age.tolist() == [28, 30]
    assert known.mean_amount == pytest.approx([0, (18 + 10) / 2])
    assert known.refunded == pytest.approx(-40.0)


def test_the_order_of_rows_does_not_matter() -> None:
    order = np.random.default_rng(0).permutation(len(ROWS))
    plain, mixed = (summarise(*(v[o] for v in columns()), end=60.0) for o in (slice(None), order))
    assert mixed.frequency.tolist() == plain.frequency.tolist()
    assert mixed.mean_amount == pytest.approx(plain.mean_amount)


def test_units_and_occasions_are_the_callers() -> None:
    weeks = summarise(*columns(), end=40.0, unit_days=7.0)
    assert weeks.recency == pytest.approx([0, 20 / 7])
    assert weeks.age == pytest.approx([4, 30 / 7])
    assert weeks.first.tolist() == [12, 10]
    merged = summarise(*columns(), end=40.0, occasion_days=7.0)
    # Days 10 and 12 are of the week from day 7; 14 and 20 share one.
    assert merged.first.tolist() == [7, 7]
    assert merged.frequency.tolist() == [0, 2]
    assert merged.recency.tolist() == [0, 21]


def test_a_holdout_tells_what_the_known_customers_did() -> None:
    split = split_holdout(*columns(), cut=20.0, end=50.0)
    assert split.history.person.tolist() == [3, 7]
    assert split.history.frequency.tolist() == [0, 1]
    assert split.history.age.tolist() == [8, 10]
    assert split.purchases.tolist() == [1, 1]  # person 5 was not known, day 50 is included
    assert split.amount.tolist() == [8, 10]
    assert split.horizon == 30
    assert split_holdout(*columns(), cut=20.0, end=49.0, unit_days=7).purchases.tolist() == [0, 1]


def test_nothing_after_the_cut_changes_the_history() -> None:
    person, at, amount = columns()
    changed = np.where(at > 21, 999.0, amount)
    for paid in (amount, changed):
        known = split_holdout(person, at, paid, cut=20.0, end=60.0).history
        assert known.mean_amount.tolist() == [0, 18]
    only = at < 21
    alone = summarise(person[only], at[only], amount[only], 20.0)
    assert alone.frequency.tolist() == known.frequency.tolist()
    assert alone.recency.tolist() == known.recency.tolist()
    assert alone.refunded == known.refunded == -40.0
    assert summarise(*columns(), end=19.0).refunded == 0.0


def test_no_purchases_are_no_customers() -> None:
    empty = summarise([], [], [], 10.0)
    assert empty.person.size == empty.frequency.size == 0
    early = split_holdout(*columns(), cut=5.0, end=60.0)
    assert early.history.person.size == early.purchases.size == 0


def test_impossible_purchases_are_refused() -> None:
    with pytest.raises(DataError, match="shapes"):
        summarise([1, 2], [1.0], [1.0], 5.0)
    with pytest.raises(DataError, match="not a number"):
        summarise([1], [np.nan], [1.0], 5.0)
    with pytest.raises(DataError, match="after the cut"):
        split_holdout(*columns(), cut=20.0, end=20.0)
