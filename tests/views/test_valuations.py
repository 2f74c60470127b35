"""The list of valuations: what the base was worth, each time."""

import pytest
from stored import listed

from redumbrella.views.lifetime import lifetime_of
from redumbrella.views.valuations import VALUATIONS
from redumbrella.workspace import Workspace


def test_the_newest_valuation_is_what_the_report_says(shop: Workspace) -> None:
    (row,) = listed(shop, VALUATIONS).rows
    lifetime = lifetime_of(shop)
    assert lifetime is not None
    assert row["customers"] == lifetime["customers"] == 300
    assert row["expected"] == pytest.approx(lifetime["base"]["expected"])
    assert row["low"] < row["expected"] < row["high"]
