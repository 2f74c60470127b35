"""Records found by hand are those of Python's own reader, however the text is cut."""

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.sources.formats import text_walk
from redumbrella.sources.formats.text_walk import TextStream, walk_text

cells = st.text(st.sampled_from('ab\n\r",;é '), max_size=6)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=8), st.data())
@settings(max_examples=200, deadline=None)
def test_records_lines_and_lengths(rows: list[list[str]], data: st.DataObject) -> None:
    text = io.StringIO(newline="")
    end = data.draw(st.sampled_from(["\n", "\r\n"]))
    has_returns = "\r" in "".join(cell for row in rows for cell in row)  # left bare by csv
    quoting = csv.QUOTE_ALL if has_returns else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(rows)
    size = data.draw(st.integers(1, 40))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_walk, "_PIECE", size)
        found = list(walk_text(io.StringIO(text.getvalue(), newline=""), ","))
    assert "".join(record.text or "" for record in found) == text.getvalue()
    assert [record.columns for record in found] == [len(row) for row in rows]
    assert [record.longest[1] for record in found] == [max(map(len, row)) for row in rows]
    assert [record.number for record in found] == list(range(1, len(rows) + 1))
    assert not any(record.is_open or record.is_torn for record in found)
    lines = [len(re.findall("\r\n|\r|\n", record.text or "")) for record in found]
    assert [record.last_line - record.line + 1 for record in found] == lines


def test_what_is_wrong_with_quotes() -> None:
    text = '\ufeff"a",b\n1,5" pipe\n2,"x"y\n3,"two\nlines","open\nto the end'
    found = list(walk_text(io.StringIO(text, newline=""), ","))
    assert [record.line for record in found] == [1, 2, 3, 4]
    assert [record.is_torn for record in found] == [False, False, True, False]
    assert [record.is_open for record in found] == [False, False, False, True]
    assert [record.opened for record in found] == [1, 0, 3, 5]


def test_a_stream_gives_all_bytes_in_any_portions() -> None:
    pieces = ["aé", "", "\n" * 5, "end"]
    whole = "".join(pieces).encode()
    assert TextStream(iter(pieces)).read() == whole
    stream, parts = TextStream(iter(pieces)), []
    while part := stream.read(3):
        parts.append(part)
    assert b"".join(parts) == whole
    assert stream.readable()
