"""REST of every list of the catalogue: pages, downloads, what they refuse, HEAD."""

import csv
import io
from typing import Any

import orjson
import pyarrow.parquet as pq
import pytest
from served import HTTP
from stored import listed

from redumbrella.views.catalogue import VIEWS
from redumbrella.views.leads import LEADS
from redumbrella.views.listing import every_row
from redumbrella.views.table import View
from redumbrella.workspace import Workspace

V1 = "/api/v1"
FORMS = ("csv", "json", "jsonl", "parquet")
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
each_list = pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)


def as_json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


@each_list
def test_a_page_is_the_read_model(full: Workspace, full_address: str, view: View) -> None:
    answer = HTTP.get(f"{full_address}{V1}/{view.name}?page_size=2")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == as_json(listed(full, view, page_size=2).to_json())
    assert answer.json()["rows"]


@each_list
@pytest.mark.parametrize("form", FORMS)
def test_a_download_has_every_row_whatever_the_size_of_pages(
    full: Workspace, full_address: str, view: View, form: str
) -> None:
    """Also those of the second page of a list that is longer than one."""
    answer = HTTP.get(f"{full_address}{V1}/{view.name}.{form}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[form]
    assert answer.headers["content-disposition"] == f'attachment; filename="{view.name}.{form}"'
    if form == "csv":
        names, *rows = list(csv.reader(io.StringIO(answer.text)))
    elif form == "parquet":
        table = pq.read_table(io.BytesIO(answer.content))
        names, rows = table.column_names, table.to_pylist()
    else:
        rows = answer.json() if form == "json" else [
            orjson.loads(line) for line in answer.content.splitlines()
        ]  # fmt: skip
        assert rows == as_json(list(every_row(full, view, view.query({}))))
        names = list(rows[0])
    assert names == [field.name for field in view.fields]
    assert len(rows) == listed(full, view).total
    if view is LEADS:
        assert len(rows) == 60 > view.query({}).page_size


@each_list
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("asked", ["page=1", "page_size=10", "page=2&page_size=10"])
def test_a_download_knows_no_pages(full_address: str, view: View, form: str, asked: str) -> None:
    answer = HTTP.get(f"{full_address}{V1}/{view.name}.{form}?{asked}")
    assert answer.status_code == 400
    assert answer.json()["error"]["reason"] == "unknown_parameter"


@each_list
def test_a_page_beyond_the_end_has_no_rows(full: Workspace, full_address: str, view: View) -> None:
    answer = HTTP.get(f"{full_address}{V1}/{view.name}?page=99")
    found = answer.json()
    assert (answer.status_code, found["rows"], found["page"]) == (200, [], 99)
    assert found["total"] == listed(full, view).total > 0
    assert found["pages"] < 99


@each_list
def test_a_value_that_no_row_has_is_told(full_address: str, view: View) -> None:
    for name in view.filters:
        for suffix in ("", *(f".{form}" for form in FORMS)):
            answer = HTTP.get(f"{full_address}{V1}/{view.name}{suffix}?{name}=no-such-value")
            error = answer.json()["error"]
            assert (answer.status_code, error["reason"]) == (404, "unknown_value"), name
            assert '"no-such-value"' in error["message"]


@each_list
def test_an_unknown_target_is_told_where_a_list_is_of_one(full_address: str, view: View) -> None:
    for suffix in ("", *(f".{form}" for form in FORMS)):
        answer = HTTP.get(f"{full_address}{V1}/{view.name}{suffix}?target=conversoin")
        # The target of a list of one is looked up; that of models is a filter; others have none.
        status, reason = (
            (404, "unknown_target") if view.target
            else (404, "unknown_value") if "target" in view.filters
            else (400, "unknown_parameter")
        )  # fmt: skip
        assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason)


def test_models_are_filtered_by_their_target(full_address: str) -> None:
    for target in ("conversion", "products"):
        answer = HTTP.get(f"{full_address}{V1}/models?target={target}").json()
        assert {row["target"] for row in answer["rows"]} == {target}
        assert answer["query"]["target"] == target


@each_list
def test_filters_and_order_hold_for_downloads_too(
    full: Workspace, full_address: str, view: View
) -> None:
    sort = next(iter(view.sorts))
    everyone = listed(full, view.of or view).rows
    has = {n: c for n, c in view.filters.items() if any(row[c.name] for row in everyone)}
    asked = {"sort": f"-{sort}"}
    for name, column in list(has.items())[:1]:
        asked[name] = next(row[column.name] for row in everyone if row[column.name])
    rows = HTTP.get(f"{full_address}{V1}/{view.name}.json", params=asked).json()
    assert rows == as_json(list(every_row(full, view, view.query(asked))))
    assert rows


@each_list
@pytest.mark.parametrize("suffix", ["", *(f".{form}" for form in FORMS)])
def test_head_answers_as_get_without_a_body(full_address: str, view: View, suffix: str) -> None:
    for asked, status in (("", 200), ("?nonsense=1", 400)):
        url = f"{full_address}{V1}/{view.name}{suffix}{asked}"
        got, head = HTTP.get(url), HTTP.head(url)
        assert (got.status_code, head.status_code) == (status, status)
        assert head.content == b""
        assert _fixed(head.headers) == _fixed(got.headers)


def _fixed(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "date"}


def test_without_rows_pages_and_downloads_are_empty(empty_address: str) -> None:
    for view in VIEWS.values():
        answer = HTTP.get(f"{empty_address}{V1}/{view.name}")
        if view.name == "products":
            assert answer.json()["error"]["reason"] == "no_products"
            continue
        assert (answer.status_code, answer.json()["total"]) == (200, 0)
        assert HTTP.get(f"{empty_address}{V1}/{view.name}.json").json() == []
        assert HTTP.get(f"{empty_address}{V1}/{view.name}.jsonl").content == b""
        head = HTTP.get(f"{empty_address}{V1}/{view.name}.csv").text
        assert head == ",".join(field.name for field in view.fields) + "\r\n"
        table = HTTP.get(f"{empty_address}{V1}/{view.name}.parquet").content
        assert pq.read_table(io.BytesIO(table)).num_rows == 0
