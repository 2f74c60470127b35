"""The size of the forests and the rate at which they grow belong together."""

import numpy as np
import pytest
from lead_worlds import draw, make_design, truth

from redumbrella.models import boosted
from redumbrella.models.boosted import LEARNING_RATE, Boosted, Growth

LEADS = 1_200


def test_a_large_record_takes_fewer_trees_that_count_double(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    design = make_design(LEADS)
    won = draw(truth(design))
    slow = Boosted().fit(design, won, np.ones(LEADS))
    monkeypatch.setattr(boosted, "LARGE_LEADS", LEADS - 1)
    fast = Boosted().fit(design, won, np.ones(LEADS))
    assert (slow.growth.rate, fast.growth.rate) == (LEARNING_RATE, 2 * LEARNING_RATE)
    assert fast.growth.rounds < slow.growth.rounds
    assert (len(slow.forests), len(fast.forests)) == (3, 2)


def test_a_quick_copy_keeps_the_rate_that_its_number_of_trees_was_found_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    design, half = make_design(LEADS), np.arange(0, LEADS, 2)
    won = draw(truth(design))
    monkeypatch.setattr(boosted, "LARGE_LEADS", LEADS - 1)  # the whole is large, half is not
    whole = Boosted().fit(design, won, np.ones(LEADS))
    copy = whole.quick().fit(design.take(half), won[half], np.ones(half.size))
    assert copy.growth == whole.growth
    slower = Boosted(given=Growth(whole.growth.rounds))
    slower.fit(design.take(half), won[half], np.ones(half.size))
    spread = [np.std(model.log_odds(design)) for model in (slower, copy)]
    assert spread[1] > 1.1 * spread[0]  # at half the rate these trees would stop half-way
