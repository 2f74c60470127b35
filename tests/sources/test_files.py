"""Which files a path means, and Parquet and JSON lines as records."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from redumbrella.errors import DataError
from redumbrella.sources.files import find_files, read_file
from redumbrella.sources.records import as_text


def touch(path: Path, content: str = "a,b\n1,2\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def test_paths_lists_and_globs(tmp_path: Path) -> None:
    root = tmp_path / "work"
    for name in ("b.csv", "a.csv", "deep/c.csv", "odd[1].csv"):
        touch(root / name)
    outside = touch(tmp_path / "outside.csv")

    def names(*patterns: str) -> list[str]:
        files, problems = find_files(patterns, root)
        assert problems == []
        return [file.name for file in files]

    assert names("b.csv", "a.csv") == ["b.csv", "a.csv"]
    assert names("?.csv") == ["a.csv", "b.csv"]
    assert names("**/*.csv") == ["a.csv", "b.csv", "deep/c.csv", "odd[1].csv"]
    assert names("a.csv", "*.csv") == ["a.csv", "b.csv", "odd[1].csv"]
    assert names("odd[1].csv") == ["odd[1].csv"]
    assert names(str(outside), "../outside.csv") == [str(outside)]


def test_what_is_missing_is_said_with_what_is_near(tmp_path: Path) -> None:
    touch(tmp_path / "leads.csv")
    _, problems = find_files(["laeds.csv", "x.parquet", "*.xyz", "no/where.csv", "."], tmp_path)
    assert 'There is no file "laeds.csv"' in problems[0]
    assert 'Did you mean "leads.csv"?' in problems[0]
    assert "there are: leads.csv" in problems[1]
    assert 'No file matches "*.xyz"' in problems[2]
    assert "does not exist" in problems[3]
    assert "is a folder" in problems[4]


def test_kinds_and_fingerprints(tmp_path: Path) -> None:
    names = ["a.csv", "a.CSV.gz", "a.jsonl", "a.ndjson.gz", "a.pq", "a"]
    for name in names:
        touch(tmp_path / name)
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "b.dat")
    files, _ = find_files(
        ["a.csv", "a.CSV.gz", "a.jsonl", "a.ndjson.gz", "a.pq", "a", "b.dat"], tmp_path
    )
    kinds = ["delimited", "delimited", "json", "json", "parquet", "delimited", "parquet"]
    assert [file.kind for file in files] == kinds
    before = files[0].fingerprint()
    assert files[5].fingerprint() == before
    touch(tmp_path / "a.csv", "a,b\n1,3\n")
    assert files[0].fingerprint() != before
    assert files[0].size == 8


def test_parquet_keeps_types_and_leaves_bytes_out(tmp_path: Path) -> None:
    table = pa.table(
        {
            "n": [1.5, None],
            "at": pa.array([datetime(2024, 1, 1, tzinfo=UTC)] * 2, pa.timestamp("ns", "UTC")),
            "bytes": pa.array([b"x\xff", b"y"], pa.binary()),
            "N": ["x", "y"],
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet")
    records = read_file(find_files(["a.parquet"], tmp_path)[0][0], None)
    assert records.columns == ("n", "at", "N (2)")
    (chunk,) = records.chunks
    assert chunk.rows.column("n").to_pylist() == [1.5, None]
    assert chunk.numbers.tolist() == [1, 2]
    assert "holds bytes" in records.notes[0]
    touch(tmp_path / "broken.parquet", "PAR1 nothing")
    with pytest.raises(DataError, match="not a readable Parquet"):
        read_file(find_files(["broken.parquet"], tmp_path)[0][0], None)


def test_json_lines_of_any_shape(tmp_path: Path) -> None:
    touch(
        tmp_path / "a.jsonl",
        '{"id": 1, "firm": {"size": 2.5, "tags": ["x"]}, "ok": true}\n'
        "\n"
        "not json\n"
        "[1]\n"
        '{"id": "2", "late": "é", "firm": null}\n',
    )
    records = read_file(find_files(["a.jsonl"], tmp_path)[0][0], None)
    (chunk,) = records.chunks
    assert chunk.rows.to_pylist() == [
        {
            "id": "1",
            "firm.size": "2.5",
            "firm.tags": '["x"]',
            "ok": "true",
            "late": None,
            "firm": None,
        },
        {"id": "2", "firm.size": None, "firm.tags": None, "ok": None, "late": "é", "firm": None},
    ]
    assert chunk.numbers.tolist() == [1, 5]
    assert [(line.line, line.reason) for line in records.bad] == [(3, "bad_json"), (4, "bad_json")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("x", "x"),
        (True, "true"),
        (3, "3"),
        (3.0, "3"),
        (0.25, "0.25"),
        (Decimal("1.50"), "1.50"),
        (date(2024, 1, 2), "2024-01-02"),
        (datetime(2024, 1, 2, 3, tzinfo=UTC), "2024-01-02T03:00:00+00:00"),
        ([1, "a"], '[1,"a"]'),
    ],
)
def test_values_as_text(value: object, text: str | None) -> None:
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (PermissionError(13, "Permission denied"), "may not be read: check its rights"),
        (OSError(5, "Input/output error"), "cannot be read: Input/output error"),
        (FileNotFoundError(2, "No such file"), "is gone"),
    ],
)
def test_what_the_system_refuses_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: OSError, said: str
) -> None:
    """An unreadable file was a traceback where its fingerprint was taken."""
    (tmp_path / "leads.csv").write_text("id,won\n1,0\n", encoding="utf-8")
    files, problems = find_files(["leads.csv"], tmp_path)
    assert problems == []

    def refuse(*_: object, **__: object) -> None:
        raise problem

    for ask in (files[0].fingerprint, lambda: list(read_file(files[0], None).chunks)):
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refuse)
            with pytest.raises(DataError, match=said):
                ask()


def test_a_parquet_file_with_a_broken_page_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "leads.parquet"
    parquet.write_table(pa.table({"id": [str(n) for n in range(5_000)]}), path)
    whole = bytearray(path.read_bytes())
    whole[4 : len(whole) // 2] = bytes(len(whole) // 2 - 4)
    path.write_bytes(whole)
    files, _ = find_files(["leads.parquet"], tmp_path)
    with pytest.raises(DataError, match="not a readable Parquet file"):
        list(read_file(files[0], None).chunks)
