"""How long deciding takes, measured where slow decisions have had time to show."""

import numpy as np
import pytest

from redumbrella.clock import MICROSECONDS_PER_DAY as DAY
from redumbrella.training.maturity import settling_time


def test_the_older_half_says_how_long_deciding_takes() -> None:
    rng = np.random.default_rng(2)
    created = np.sort(rng.integers(0, 400 * DAY, 3_000))
    took = rng.exponential(10 * DAY, 3_000).astype(np.int64) + 1
    seen = created + took <= 400 * DAY  # slow young leads are still open
    found = settling_time(created[seen], (created + took)[seen])
    assert found / DAY == pytest.approx(10 * np.log(20), rel=0.15)


def test_at_most_a_third_of_the_record_is_given_up() -> None:
    created = np.arange(200) * DAY
    assert settling_time(created, created + 300 * DAY) / DAY == pytest.approx((199 + 300) / 3)


def test_few_closes_say_nothing() -> None:
    created = np.arange(50) * DAY
    assert settling_time(created, created + DAY) == 0
    many = np.arange(500) * DAY
    assert settling_time(many, many) == 0
