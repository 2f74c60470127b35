"""Which files a path means, and Parquet and JSON lines as records."""

import bz2
import gzip
import io
import lzma
import random
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import orjson
import pyarrow as pa
import pytest
from opened_files import opened
from pyarrow import parquet

from redumbrella.errors import DataError
from redumbrella.sources.formats.files import find_files, read_file
from redumbrella.sources.formats.records import as_text
from redumbrella.sources.formats.sql import database_tables


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


def test_structs_bytes_and_odd_types_of_parquet(tmp_path: Path) -> None:
    """Structs stayed text, and bytes that are text were left out."""
    company = [{"industry": "Health", "at": {"city": "Bern"}}, None]
    columns = {
        "id": pa.array([10**17 + 1, 2], pa.int64()),
        "customer": pa.array([10001.0, None]),
        "company": pa.array(company),
        "raw": pa.array(["Zürich".encode(), b""], pa.large_binary()),
        "uid": pa.array([bytes(15) + b"\1", None], pa.binary(16)),
        "key": pa.array([bytes(range(200, 216)), bytes(16)], pa.binary()),
        "hash": pa.array([b"\xff\xfe", b"x"], pa.binary()),
        "score": pa.array([float("nan"), 2.5], pa.float32()),
        "ratio": pa.array([float("inf"), float("-inf")]),
        "half": pa.array([1.5, None], pa.float16()),
        "took": pa.array([1_500, None], pa.duration("ms")),
        "huge": pa.array([Decimal("1.50"), None], pa.decimal256(50, 2)),
        "source": pa.array(["Web", "Fair"]).dictionary_encode(),
        "nothing": pa.nulls(2),
        "tags": pa.array([["a"], []]),
    }
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    found = opened(tmp_path / "a.parquet")
    assert found.rows == [
        {
            "id": 10**17 + 1,
            "customer": 10001.0,
            "company.industry": "Health",
            "company.at.city": "Bern",
            "raw": "Zürich",
            "uid": "00000000-0000-0000-0000-000000000001",
            "key": "c8c9cacb-cccd-cecf-d0d1-d2d3d4d5d6d7",
            "score": None,
            "ratio": None,
            "half": 1.5,
            "took": 1.5,
            "huge": "1.50",
            "source": "Web",
            "nothing": None,
            "tags": ["a"],
        },
        {
            **dict.fromkeys(found.columns),
            "id": 2,
            "raw": "",
            "key": "00000000-0000-0000-0000-000000000000",
            "score": 2.5,
            "source": "Fair",
            "tags": [],
        },
    ]
    assert set(found.notes) >= {
        'Column "hash" holds bytes that are no text and is left out.',
        'Column "ratio" holds 2 infinite numbers: they count as missing.',
    }


PACKINGS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda content: pa.compress(content, "zstd", asbytes=True),
    "zip": lambda content: zipped({"data": content, "__MACOSX/._data": b"x", "empty/": b""}),
}


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in files.items():
            archive.writestr(name, inside)
    return content.getvalue()


@pytest.mark.parametrize("pack", PACKINGS.values(), ids=PACKINGS)
def test_packed_files_of_every_kind(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    text = io.BytesIO()
    parquet.write_table(pa.table({"a": ["1", "2"], "b": ["x", "y"]}), text)
    for content in (b"a,b\n1,x\n2,y\n", b'[{"a":1,"b":"x"},{"a":2,"b":"y"}]', text.getvalue()):
        path = tmp_path / "leads.dat"
        path.write_bytes(pack(content))
        assert opened(path).rows == [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]
        rows = "".join(f"{n},{n * n}\n" for n in range(20_000)).encode()
        path.write_bytes(pack(b"a,b\n" + rows)[:-200])
        with pytest.raises(DataError, match=r"damaged .* file"):
            opened(path)


def test_an_archive_that_holds_no_single_table_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    for files, said in (
        ({"a.csv": b"a\n1\n", "b.csv": b"a\n1\n"}, r"2 files \(a.csv, b.csv\)"),
        ({"__MACOSX/x": b"1"}, "no file in it"),
        ({"Index/Document.iwa": b"1"}, "Apple Numbers"),
        ({"[Content_Types].xml": b"1", "word/document.xml": b"1"}, "Office document"),
        ({}, "no file in it"),
    ):
        path.write_bytes(zipped(files))
        with pytest.raises(DataError, match=said):
            opened(path)
    monkeypatch.setattr("redumbrella.sources.formats.packed._FREE_BYTES", 1_000)
    path.write_bytes(zipped({"a.csv": b"a,b\n" + b"0" * 1_000_000}))
    with pytest.raises(DataError, match="would unpack to"):
        opened(path)


def test_a_database_names_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "crm.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute('CREATE TABLE "all leads" (id text)')
        database.execute("CREATE VIEW zero AS SELECT 1")
    assert database_tables(path) == ["all leads", "zero"]
    with pytest.raises(DataError, match=r'url = "sqlite:///crm.db"\n  query = "select \* from'):
        opened(path)
    path.write_bytes(b"SQLite format 3\x00" + bytes(90))
    with pytest.raises(DataError, match="cannot be read"):
        opened(path)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_files_are_read_or_one_message(tmp_path: Path, seed: int) -> None:
    """Bytes changed, cut out or doubled anywhere: records or one message, never a traceback."""
    chance = random.Random(seed)
    rows = [{"id": f"L{n}", "n": n, "text": "Zürich, ß"} for n in range(60)]
    stored = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), stored)
    lines = "\n".join(orjson.dumps(row).decode() for row in rows)
    comma = "id,n,text\n" + "".join(f'{row["id"]},{row["n"]},"{row["text"]}"\n' for row in rows)
    contents = {
        "a.csv": comma.encode(),
        "a.json": orjson.dumps(rows),
        "a.jsonl": lines.encode(),
        "a.parquet": stored.getvalue(),
        "a.zip": zipped({"a.csv": comma.encode()}),
    }
    for name, content in contents.items():
        for _ in range(12):
            broken = bytearray(content)
            for _ in range(chance.randrange(1, 4)):
                at, size = chance.randrange(len(broken)), chance.randrange(20)
                more = chance.choice([b"", chance.randbytes(size), bytes(broken[at : at + size])])
                broken[at : at + size] = more
            path = tmp_path / name
            path.write_bytes(broken)
            with suppress(DataError):
                opened(path)
