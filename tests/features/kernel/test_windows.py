import numpy as np
import pytest

from redumbrella.errors import SettingsError
from redumbrella.features.kernel.windows import (
    DEFAULT_FAMILIES,
    FAMILIES,
    FAMILY_NAMES,
    FeatureSet,
    layout,
)


def test_hundred_kinds_make_more_than_eleven_thousand_variables():
    events = layout(FeatureSet(), 100, has_duration=True, has_value=True)
    assert events.n_columns > 11_000
    assert layout(FeatureSet(), 120, has_duration=True, has_value=False).n_columns > 11_000


def test_a_small_layout_by_hand():
    plan = layout(
        FeatureSet((7, 30), ("count", "seen", "count_trend", "distinct")),
        2,
        has_duration=False,
        has_value=False,
    )
    # A code: count in 7d, 30d, all; seen in all; trends 7d/30d and 30d/all.
    assert plan.code_width == 6
    # The stream: count and distinct in three windows, two trends.
    assert plan.stream_width == 8
    assert plan.n_columns == 2 * 6 + 8
    # Newest fact within 7 days: all six cells; within 30: two counts, seen, one trend; older: two.
    assert np.diff(plan.code_cells.start).tolist() == [6, 4, 2]
    assert np.diff(plan.stream_cells.start).tolist() == [8, 5, 2]
    assert plan.window_of_day.tolist() == [0] * 7 + [1] * 23 + [2]


def test_every_column_of_a_block_belongs_to_exactly_one_variable():
    plan = layout(FeatureSet(families=FAMILY_NAMES), 3, has_duration=True, has_value=True)
    for block, width in ((plan.of_code, plan.code_width), (plan.of_stream, plan.stream_width)):
        columns = [start + w for _, start, first, end in block for w in range(first, end)]
        assert columns == list(range(width))


def test_families_that_need_what_a_stream_lacks_are_left_out():
    plan = layout(FeatureSet(), 1, has_duration=False, has_value=True)
    present = {FAMILIES[number].name for number in plan.of_code[:, 0]}
    assert "value_max" in present
    assert not {name for name in present if name.startswith("duration")}


def test_version_changes_with_meaning_and_with_nothing_else():
    version = FeatureSet().version
    assert version == FeatureSet().version
    assert version == FeatureSet(families=tuple(reversed(DEFAULT_FAMILIES))).version
    assert version != FeatureSet(window_days=(1, 7)).version
    assert version != FeatureSet(families=("count",)).version
    assert version != FeatureSet(long_seconds=60).version
    assert len({FeatureSet(families=(name,)).version for name in FAMILY_NAMES}) == len(FAMILIES)


def test_no_window_but_all():
    plan = layout(FeatureSet((), ("count", "count_trend")), 1, has_duration=False, has_value=False)
    assert (plan.n_windows, plan.code_width) == (1, 1)


@pytest.mark.parametrize("days", [(7, 3), (7, 7), (0,), (1.5,), (40_000,)])
def test_bad_windows_are_refused_with_what_is_expected(days):
    with pytest.raises(SettingsError, match="ascending"):
        FeatureSet(window_days=days)


def test_an_unknown_family_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match='Did you mean "active_days"'):
        FeatureSet(families=("active_day",))


def test_too_many_columns_are_refused():
    with pytest.raises(SettingsError, match="max_kinds"):
        layout(FeatureSet(), np.iinfo(np.int32).max // 50, has_duration=False, has_value=False)
