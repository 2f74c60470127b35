import pytest
from hypothesis import given
from hypothesis import strategies as st

from redumbrella.errors import DataError
from redumbrella.features.kernel.blocks import SCOPES
from redumbrella.features.kernel.streams import Stream
from redumbrella.features.kernel.windows import FAMILY_NAMES, FeatureSet
from redumbrella.features.names import column_names, parse_name


@given(st.text(min_size=1), st.sampled_from(["", *SCOPES]))
def test_names_are_unique_and_come_apart_again_whatever_the_code(code, scope):
    stream = Stream("events", (code, code + ".count.7d"), has_duration=True, has_value=True)
    names = column_names(stream, FeatureSet((7, 30), FAMILY_NAMES), scope)
    assert len(names) == len(set(names)) or "any" in stream.codes
    for name in names:
        parts = parse_name(name)
        assert str(parts) == name
        assert parts.code in (*stream.codes, "any")
        assert parts.scope == scope


@pytest.mark.parametrize("name", ["", "age", "events.count.7d", "events.a.number.7d"])
def test_other_names_are_refused(name):
    with pytest.raises(DataError, match="not the name of a window variable"):
        parse_name(name)
