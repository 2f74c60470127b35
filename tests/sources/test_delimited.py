"""Delimited text in every usual encoding; no record disappears."""

import csv
import gzip
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redumbrella.errors import DataError
from redumbrella.sources.formats.delimited import line_numbers, read_delimited
from redumbrella.sources.formats.records import LONG_FIELD, BadLine, unique_names
from redumbrella.sources.formats.text_format import inspect_delimited, sniff_delimiter
from redumbrella.sources.formats.text_walk import MOST_IN_FIELD


def read(path: Path, delimiter: str | None = None) -> tuple[dict[int, list[str]], list[BadLine]]:
    """Good records by number, and bad lines."""
    form = inspect_delimited(path, delimiter)
    assert form is not None
    bad: list[BadLine] = []
    records = {}
    for chunk in read_delimited(path, form, bad, []):
        columns = [column.to_pylist() for column in chunk.rows.columns]
        for number, *values in zip(chunk.numbers.tolist(), *columns, strict=True):
            records[number] = values
    return records, bad


@pytest.mark.parametrize(
    ("sample", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b;c\n1,5;2,5;3\n", ";"),
        ("a\tb\n1, 2\t3\n", "\t"),
        ("a|b\n1;2|3\n", "|"),
        ('"a;x","b"\n"1;2","3"\n', ","),
        ("a,b\n1,2", ","),
        ("just one column\nvalue\n", None),
        ("name, first;amount\nx;1\ny;2\n", ";"),
    ],
)
def test_the_delimiter_is_sniffed(sample: str, delimiter: str | None) -> None:
    assert sniff_delimiter(sample) == delimiter


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1"]
)
@pytest.mark.parametrize("packed", [False, True])
def test_encodings(tmp_path: Path, encoding: str, packed: bool) -> None:
    text = "name;city;price\r\nJosé;Zürich;1 €\r\nAnn;Bern;2 €\r\n"
    if encoding == "latin-1":  # a byte that Windows-1252 does not have
        text = text.replace("€", "\x81")
    content = text.encode(encoding)
    path = tmp_path / "any name"
    path.write_bytes(gzip.compress(content) if packed else content)
    records, bad = read(path)
    sign = "\x81" if encoding == "latin-1" else "€"
    assert list(records.values()) == [["José", "Zürich", f"1 {sign}"], ["Ann", "Bern", f"2 {sign}"]]
    assert bad == []
    form = inspect_delimited(path, None)
    assert form is not None
    assert form.columns == ("name", "city", "price")
    assert bool(form.notes) == (encoding in {"cp1252", "latin-1"})


def test_ragged_records_are_set_aside_with_their_number(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n1,2,3\n4,5\n6,7,8,9\n\nx,y,z\n", encoding="utf-8")
    records, bad = read(path)
    assert records == {2: ["1", "2", "3"], 5: ["", "", ""], 6: ["x", "y", "z"]}
    assert [(line.line, line.reason, line.raw) for line in bad] == [
        (3, "ragged", "4,5"),
        (4, "ragged", "6,7,8,9"),
    ]
    assert bad[0].message == "2 values, but the header has 3 columns"


def test_many_blocks_keep_their_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redumbrella.sources.formats.delimited.BLOCK_BYTES", 1 << 16)
    lines = [f"{number},x,y" if number % 1000 else f"{number},x" for number in range(2, 60_002)]
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n" + "\n".join(lines) + "\n", encoding="utf-8")
    records, bad = read(path)
    assert len(records) + len(bad) == 60_000
    assert all(int(values[0]) == number for number, values in records.items())
    assert [line.line for line in bad] == list(range(1000, 60_001, 1000))


def test_lines_of_records_with_line_ends_inside(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,"b\nb"\n1,"x\ny\nz"\n2,y\n3,z\n', encoding="utf-8")
    form = inspect_delimited(path, None)
    assert form is not None
    assert form.columns == ("a", "b\nb")
    assert read(path)[0] == {2: ["1", "x\ny\nz"], 3: ["2", "y"], 4: ["3", "z"]}
    assert line_numbers(path, form, [2, 3, 4]) == {2: 3, 3: 6, 4: 7}


def test_line_ends_and_quotes_of_other_systems(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,b\r1,"say ""hi"""\r2,5" pipe\r')
    assert list(read(path)[0].values()) == [["1", 'say "hi"'], ["2", '5" pipe']]
    path.write_text("sep=;\na;b\n1;2\n", encoding="utf-8")
    assert read(path)[0] == {3: ["1", "2"]}
    path.write_text("\n\na,b\n1,2\n", encoding="utf-8")
    assert read(path)[0] == {4: ["1", "2"]}


def lines_of(number: int) -> str:
    return "".join(f"{row},x\n" for row in range(number))


# The texts are written when they are asked for: long ones would be part of the name of a test.
NEVER_CLOSED: dict[str, tuple[Callable[[], str], int]] = {
    "few lines": (lambda: 'a,b\n0,x\n1,"open\n' + lines_of(3), 3),
    "millions after it": (lambda: 'a,b\n1,"open\n' + lines_of(3_000_000), 2),
    "in the middle": (lambda: f'a,b\n{lines_of(500_000)}1,"open\n{lines_of(500_000)}', 500_002),
    "one closed before": (lambda: f'a,b\n0,"in\nside"\n1,"open\n{lines_of(2)}', 4),
    "the last record has too few values": (lambda: 'a,b,c\n1,"open,3\n4,5,6\n', 2),
    "the quote of another record closes it, after more lines than a text has": (
        lambda: f'a,b\n1,"open\n{lines_of(300_000)}2,"open\n3,x\n',
        2,
    ),
    "another closes it": (lambda: f'a,b,c\n1,"open,2\n{lines_of(60)}"x","y"\n', 2),
    "in the header": (lambda: 'a,"b\n1,x\n2,y\n', 1),
    "in the header of many": (lambda: f'a,"b\n{lines_of(90_000)}', 1),
    "below a separator": (lambda: f'sep=,\na,"b\n{lines_of(3)}', 2),
}


@pytest.mark.parametrize("case", NEVER_CLOSED)
def test_a_quote_that_is_never_closed_is_named_with_its_line(tmp_path: Path, case: str) -> None:
    content, line = NEVER_CLOSED[case]
    path = tmp_path / "a.csv"
    path.write_text(content(), encoding="utf-8")
    with pytest.raises(DataError, match=f"a.csv, line {line}: a quote .* never closed"):
        read(path)


def test_odd_quotes_that_are_none_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,5" pipe\n2,"two\nlines"\n', encoding="utf-8")
    assert read(path) == ({2: ["1", '5" pipe'], 3: ["2", "two\nlines"]}, [])


@pytest.mark.parametrize("where", ["first", "last"])
@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_long_fields_are_read_up_to_a_limit_and_then_set_aside(
    tmp_path: Path, where: str, quoted: bool, encoding: str
) -> None:
    path = tmp_path / "a.csv"
    lengths = [131_073, MOST_IN_FIELD, MOST_IN_FIELD + 1, 20_000_000]
    mark = '"' if quoted else ""
    long = "".join(f"long,{mark}{'é' * length}{mark},c\n" for length in lengths)
    others = "".join(f'{n},5" pipe,c\n' for n in range(40_000)) + "short,c\n"
    content = f"a,b,c\n{long + others if where == 'first' else others + long}"
    path.write_text(content, encoding=encoding)
    records, bad = read(path)
    first = 2 if where == "first" else 40_003
    assert [len(records[first + n][1]) for n in range(2)] == lengths[:2]
    assert len(records) == 40_002
    found = [(line.line, line.reason) for line in bad]
    ragged = (40_006 if where == "first" else 40_002, "ragged")
    assert sorted(found) == sorted([(first + 2, LONG_FIELD), (first + 3, LONG_FIELD), ragged])
    said = {line.line: line.message for line in bad}
    assert said[first + 2].startswith('column "b" holds 250,001 characters, at most 250,000')
    assert '"b" holds 20,000,000 characters' in said[first + 3]
    assert all(len(line.raw) <= 200 for line in bad)


def test_a_record_of_many_long_fields(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    names = [f"c{number}" for number in range(30)]
    rows = [["x" * 120_000] * 30, ["y" * 200_000] * 30, ["z"] * 30]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *rows])
    records, bad = read(path)
    assert records == {2: rows[0], 4: rows[2]}
    assert [(line.line, line.reason) for line in bad] == [(3, LONG_FIELD)]
    assert "6,000,031 characters in one row" in bad[0].message


def test_a_line_of_names_that_never_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for content in ("x" * 10_001 + ",b\n1,2\n", ",".join("abcd" for _ in range(60_000)) + "\n1\n"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match="a line of column names is expected"):
            inspect_delimited(path, None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04 rest of a workbook", "damaged ZIP"),
        (b"\xd0\xcf\x11\xe0 old workbook", "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"SQLite format 3\x00", "url = "),
        (bytes(range(256)) * 20, "not a text file"),
        (b"\x1f\x8b\x08\x00broken", "damaged gzip"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], "breaks off"),
        (gzip.compress(b"a,b\n1,2\n" * 1000, mtime=0)[:-12], "damaged gzip"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "leads.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        inspect_delimited(path, None)


def test_an_empty_file_has_no_format(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for content in (b"", b"\n\n", b"\xef\xbb\xbf", b" \n"):
        path.write_bytes(content)
        assert inspect_delimited(path, None) is None
    path.write_text("a,b\n", encoding="utf-8")
    assert read(path) == ({}, [])


def test_names_are_made_unique() -> None:
    names, notes = unique_names([" a ", "A", "", "a (2)", "b"])
    assert names == ("a", "A (2)", "column 3", "a (2) (2)", "b")
    assert len(notes) == 3


@pytest.mark.parametrize(
    ("second", "unique"),
    [
        ("STATUS", "STATUS (2)"),
        ("Status\u200b", "Status (2)"),
        ("\u2060Status\u00a0", "Status (2)"),
        ("Sta\u00adtus", "Sta\u00adtus (2)"),
        ("Status\0", "Status (2)"),
    ],
)
def test_names_that_look_alike_are_told_apart(second: str, unique: str) -> None:
    names, notes = unique_names(["Status", second])
    assert names == ("Status", unique)
    assert len(notes) == 1
    assert f'it is called "{unique}"' in notes[0]
    assert unique_names(["two  words", "e\u0301", "two words", "\u00e9", "\u200b"])[0] == (
        *("two  words", "e\u0301", "two words (2)", "\u00e9 (2)", "column 5"),
    )


cells = st.text(
    st.one_of(st.sampled_from('\n\t",; '), st.characters(exclude_categories=("Cs", "Cc"))),
    max_size=8,
)


@given(st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_what_was_written_is_read(rows: list[tuple[str, str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("a", "b", "c"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text(text.getvalue(), encoding="utf-8", newline="")
        records, bad = read(path, ",")
    assert bad == []
    assert [tuple(values) for values in records.values()] == rows
