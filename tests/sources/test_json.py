"""JSON of every shape that systems write: arrays, wrapped, lines, typed values; memory bounded."""

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any, TextIO, cast

import pytest
from opened_files import opened

from redumbrella.errors import DataError
from redumbrella.sources.formats.json_walk import TOP, walk_list, walk_lists

LEADS: list[dict[str, Any]] = [
    {
        "lead id": f"L{n}",
        "visits": n,
        "score": 44.0 if n % 2 else 0.25,
        "firm": {"size": n, "tags": ["x"]},
        "note": 'said "], [{" to me',
        "won": None if n % 3 == 0 else bool(n % 2),
    }
    for n in range(50)
]
RIGHT = [
    {
        "lead id": f"L{n}",
        "visits": str(n),
        "score": "44" if n % 2 else "0.25",
        "firm.size": str(n),
        "firm.tags": '["x"]',
        "note": 'said "], [{" to me',
        "won": None if n % 3 == 0 else "true" if n % 2 else "false",
    }
    for n in range(50)
]
SHAPES = {
    "array": json.dumps(LEADS),
    "pretty array": json.dumps(LEADS, indent=2),
    "HubSpot": json.dumps({"results": LEADS, "paging": {"next": None}}),
    "Salesforce": json.dumps({"totalSize": 50, "done": True, "records": LEADS}, indent=1),
    "OData": json.dumps({"@odata.context": "https://x", "value": LEADS}),
    "nested": json.dumps({"response": {"numFound": 50, "items": LEADS}, "errors": [{"a": 1}]}),
    "lines": "\n".join(json.dumps(lead) for lead in LEADS),
    "objects one after the other": "\n".join(json.dumps(lead, indent=1) for lead in LEADS),
    "a line for each of an array": "[\n" + ",\n".join(json.dumps(lead) for lead in LEADS) + "\n]",
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("name", ["a.json", "a.txt", "a.jsonl"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_every_shape_gives_the_same_records(
    tmp_path: Path, content: str, name: str, encoding: str
) -> None:
    path = tmp_path / name
    path.write_text(content, encoding=encoding)
    found = opened(path)
    assert found.rows == RIGHT
    assert found.bad == []


def test_where_wrapped_records_stand_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(SHAPES["nested"], encoding="utf-8")
    assert opened(path).notes == ['The records are the list "response.items" of the file.']


def test_typed_values_are_what_they_stand_for(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    mongo = {
        "_id": {"$oid": "65a0"},
        "at": {"$date": "2024-01-10T01:19:29.000Z"},
        "later": {"$date": {"$numberLong": "1704849569000"}},
        "visits": {"$numberInt": "4"},
        "amount": {"$numberDecimal": "1095.85"},
        "gone": None,
    }
    ga4 = {
        "event_name": "page_view",
        "event_params": [
            {"key": "page_location", "value": {"string_value": "https://x", "int_value": None}},
            {"key": "session", "value": {"int_value": "17"}},
        ],
        "user_properties": [
            {"key": "plan", "value": {"string_value": "pro", "set_timestamp_micros": "1"}}
        ],
    }
    path.write_text(f"{json.dumps(mongo)}\n{json.dumps(ga4)}\n", encoding="utf-8")
    first, second = [
        {name: value for name, value in row.items() if value is not None}
        for row in opened(path).rows
    ]
    assert first == {
        "_id": "65a0",
        "at": "2024-01-10T01:19:29.000Z",
        "later": "2024-01-10T01:19:29+00:00",
        "visits": "4",
        "amount": "1095.85",
    }
    assert second == {
        "event_name": "page_view",
        "event_params.page_location": "https://x",
        "event_params.session": "17",
        "user_properties.plan": "pro",
    }


def test_lists_that_are_no_pairs_stay_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    twice = [{"key": "a", "value": 1}, {"key": "a", "value": 2}]
    items = [{"sku": "x", "price": 3}]
    line = json.dumps({"id": 1, "twice": twice, "items": items})
    path.write_text(f"{line}\n{line}\n", encoding="utf-8")
    row, _ = opened(path).rows
    assert json.loads(row["twice"]) == twice
    assert json.loads(row["items"]) == items


def test_numbers_are_exact_and_what_is_none_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 12345678901234567890123, "x": NaN, "y": -Infinity}\n', encoding="utf-8")
    assert opened(path).rows == [{"id": "12345678901234567890123", "x": None, "y": None}]


def test_odd_text_and_deep_objects_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    deep = '{"a":' * 500 + "1" + "}" * 500
    path.write_text('[{"id": 1, "note": "half \\ud83d", "deep": ' + deep + "}]", encoding="utf-8")
    (row,) = opened(path).rows
    assert row["note"] == "half ?"
    assert len(row) == 3


def test_rows_as_lists_have_their_names_in_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    rows = [["id", "won"], ["1", "yes"], ["2"]]
    path.write_text(json.dumps({"range": "A1:B3", "values": rows}), encoding="utf-8")
    assert opened(path).rows == [{"id": "1", "won": "yes"}, {"id": "2", "won": None}]


def test_what_is_no_object_is_set_aside_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": 1}\n{"a": \n\n{"a": 2}\n', encoding="utf-8")
    found = opened(path)
    assert found.rows == [{"a": "1"}, {"a": "2"}]
    assert found.bad == [(2, "bad_json")]
    path.write_text('[{"a": 1},\n{"a": 2},\n5,\n{"a": 3}]', encoding="utf-8")
    found = opened(path)
    assert [row["a"] for row in found.rows] == ["1", "2", "3"]
    assert found.bad == [(3, "bad_json")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"a": 1},\n{"a": 2},\n{"a": 3', "line 3: this is no JSON: the file ends within"),
        ('[{"a": 1}\n{"a": 2}]', 'line 2: this is no JSON: "," is expected'),
        ('{"results": [{"a": 1}\n]', "line 2: this is no JSON: the file ends here"),
        ('[{"a": 1}]\n[{"a": 2}]', "line 2: this is no JSON: something follows"),
        ('{"results": [{"a": 1, "b": x}]}', "line 1: this is no JSON"),
        ("[" * 100_000, "too many brackets"),
        (json.dumps({f"k{n}": 1 for n in range(6_000)}), "more than 5,000 different names"),
    ],
)
def test_an_array_that_breaks_off_is_one_message(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        opened(path)


def test_values_across_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("redumbrella.sources.formats.json_walk._PIECE", 3)
    values = [{"n": -1234567890.5e3, "t": "a\\u00e9\n" * n, "l": [1, [2]]} for n in range(30)]
    text = json.dumps({"a": {"b": values}, "c": [123456, 7]})
    found = list(walk_list(io.StringIO(text), ("a", "b")))
    assert [one.value for one in found] == values
    text = "\n".join(json.dumps(value, indent=1) for value in values)
    assert [one.value for one in walk_list(io.StringIO(text), TOP)] == values
    lines = [one.line for one in walk_list(io.StringIO(text), TOP)]
    assert [text.splitlines()[line - 1] for line in lines] == ["{"] * 30
    assert {one.place for one in walk_lists(io.StringIO(text))} >= {TOP}


class Endless(io.TextIOBase):
    """An array that goes on and on."""

    def __init__(self) -> None:
        super().__init__()
        self.begins = True

    def read(self, size: int | None = -1, /) -> str:
        start, self.begins = "[" if self.begins else "", False
        return start + '{"id": 1234567890, "note": "some text"},\n' * 10_000


def test_a_large_array_needs_little_memory() -> None:
    walked = walk_list(cast("TextIO", Endless()), ())
    tracemalloc.start()
    try:
        for _ in range(300_000):
            next(walked)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000  # of 12 MB
