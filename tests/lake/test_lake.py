"""The lake keeps rows, versions, odd names and widened types."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from redumbrella.errors import DataError, EngineError, NotFoundError
from redumbrella.lake.lake import Lake

TIME = pa.timestamp("us", "UTC")


def rows(start: int, **columns: Any) -> pa.Table:
    count = len(next(iter(columns.values())))
    orders = pa.array(range(start, start + count), pa.int64())
    learned = pa.array([0] * count, TIME)
    internal = {"_ingested_at": learned, "_order": orders, "_row_hash": orders}
    return pa.table({**columns, **internal})


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    assert lake.tables() == ()
    assert not lake.exists("leads")
    assert lake.version("leads") is None
    with pytest.raises(NotFoundError, match="umbrella ingest"):
        lake.read("leads")


def test_append_read_and_versions(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.append("leads", rows(0, lead_id=["b", "a"], won=[True, None])) == 0
    assert lake.append("leads", rows(2, lead_id=["b", "c"], won=[False, None])) == 1
    assert lake.version("leads") == 1
    assert lake.tables() == ("leads",)
    assert lake.read("leads")["lead_id"].to_pylist() == ["b", "a", "b", "c"]
    assert lake.read("leads", ["won"]).column_names == ["won"]
    newest = lake.current("leads", ["lead_id", "won", "_order"])
    assert newest.to_pylist() == [
        {"lead_id": "b", "won": False, "_order": 2},
        {"lead_id": "a", "won": None, "_order": 1},
        {"lead_id": "c", "won": None, "_order": 3},
    ]


def test_facts_have_no_versions(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("events", rows(0, person_id=["p", "p"], kind=["view", "view"]))
    assert lake.current("events").num_rows == 2


def test_odd_names_and_types_survive(tmp_path: Path) -> None:
    moment = datetime(2024, 5, 1, 12, tzinfo=UTC)
    fields = {
        'Size (k€), "net"; {a}=\t': [1.5],
        "Größe\nin cm": ["x"],
        "select": [True],
        "it's": pa.array([moment], TIME),
    }
    lake = Lake(tmp_path / "odd ' földer 100%?*#")
    lake.append("leads", rows(0, lead_id=["a"], **fields))
    table = lake.read("leads")
    assert [table[name].to_pylist() for name in fields] == [[1.5], ["x"], [True], [moment]]
    assert table.schema.field("it's").type == TIME
    assert lake.read("leads", list(fields)).column_names == list(fields)


@pytest.mark.parametrize("name", ["a[b", "a]b", "a^b", "a|b", "a%20b"])
def test_a_folder_that_delta_cannot_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(EngineError, match="rename the folder"):
        Lake(tmp_path / name).append("leads", rows(0, lead_id=["a"]))


def test_a_new_field_is_added_and_empty_before(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("leads", rows(0, lead_id=["a"]))
    lake.append("leads", rows(1, lead_id=["b"], size=[2.0]))
    lake.append("leads", rows(2, lead_id=["c"]))
    assert lake.read("leads")["size"].to_pylist() == [None, 2.0, None]


def test_conflicting_types_become_text(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    moment = pa.array([datetime(2024, 5, 1, tzinfo=UTC)], TIME)
    lake.append("leads", rows(0, lead_id=["a"], size=[3.0], ratio=[0.25], flag=[True], at=moment))
    lake.append(
        "leads", rows(1, lead_id=["b"], size=["big"], ratio=["?"], flag=["maybe"], at=["soon"])
    )
    lake.append("leads", rows(2, lead_id=["c"], size=[4.0]))
    table = lake.read("leads")
    assert table["size"].to_pylist() == ["3", "big", "4"]
    assert table["ratio"].to_pylist() == ["0.25", "?", None]
    assert table["flag"].to_pylist() == ["true", "maybe", None]
    assert table["at"].to_pylist() == ["2024-05-01T00:00:00.000000Z", "soon", None]


def test_batches_are_appended_and_tables_replaced(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    batches = rows(0, lead_id=[str(number) for number in range(10)]).to_batches(3)
    lake.append("leads", pa.RecordBatchReader.from_batches(batches[0].schema, batches))
    assert lake.read("leads")["_order"].to_pylist() == list(range(10))
    lake.overwrite("leads", rows(5, lead_id=["z"]))
    assert lake.read("leads")["lead_id"].to_pylist() == ["z"]


def test_an_empty_append_leaves_a_readable_table(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("leads", rows(0, lead_id=["a"]).slice(0, 0))
    assert lake.current("leads").num_rows == 0
    assert lake.query("SELECT count(*) AS n FROM leads")["n"].to_pylist() == [0]


def test_sql_over_all_tables(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("leads", rows(0, lead_id=["a", "b"]))
    lake.append("reps", rows(0, rep_id=["r"]))
    joined = lake.query("SELECT lead_id, rep_id FROM leads, reps ORDER BY lead_id")
    assert joined.to_pylist() == [{"lead_id": "a", "rep_id": "r"}, {"lead_id": "b", "rep_id": "r"}]
    with pytest.raises(EngineError, match="nope"):
        lake.query("SELECT nope FROM leads")


def test_errors_name_what_is_near(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.append("leads", rows(0, lead_id=["a"]))
    with pytest.raises(NotFoundError, match='Did you mean "leads"'):
        lake.read("laeds")
    with pytest.raises(NotFoundError, match='Did you mean "lead_id"'):
        lake.current("leads", ["leadid"])
    with pytest.raises(DataError, match="_order"):
        lake.append("leads", pa.table({"lead_id": ["x"]}))
    log = tmp_path / "leads" / "_delta_log" / f"{0:020}.json"
    log.write_text("{broken", encoding="utf-8")
    with pytest.raises(EngineError, match="damaged"):
        lake.read("leads")
