"""What is known of contacts: how many fill a day."""

import numpy as np
import pytest

from redumbrella.decisions.contacts import ContactLength


@pytest.mark.parametrize("spread", [3.0, 9.0])
def test_a_day_is_filled_nineteen_times_in_twenty(spread: float) -> None:
    contacts = ContactLength(9.0, spread).contacts_in(150.0)
    lengths = np.random.default_rng(0).gamma(
        (9.0 / spread) ** 2, spread**2 / 9.0, (20_000, contacts)
    )
    assert (lengths.sum(axis=1) >= 150.0).mean() == pytest.approx(0.95, abs=0.03)


def test_contacts_of_one_length_do_not_reach_beyond_the_day() -> None:
    assert ContactLength(9.0).contacts_in(150.0) == 16
    assert ContactLength(10.0).contacts_in(30.0) == 3
    assert ContactLength(10.0).contacts_in(0.0) == 0
