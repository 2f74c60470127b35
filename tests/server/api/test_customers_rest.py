"""REST of customers: the read model itself, the download, errors in the one form."""

import csv
import io

import orjson
import pytest
from served import HTTP
from stored import listed

from redumbrella.views.customers import CUSTOMERS
from redumbrella.workspace import Workspace

V1 = "/api/v1"


def test_the_list_is_the_read_model(shop: Workspace, shop_address: str) -> None:
    answer = HTTP.get(f"{shop_address}{V1}/customers?segment=active&sort=customer&page_size=5")
    page = listed(shop, CUSTOMERS, segment="active", sort="customer", page_size=5)
    assert answer.json() == orjson.loads(orjson.dumps(page.to_json()))
    assert page.total > 5
    assert answer.json()["lifetime"]["log_likelihood"] < 0


def test_the_download_holds_every_matching_customer(shop: Workspace, shop_address: str) -> None:
    answer = HTTP.get(f"{shop_address}{V1}/customers.csv?segment=active")
    assert "attachment" in answer.headers["content-disposition"]
    records = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(records[0]) == [field.name for field in CUSTOMERS.fields]
    rows = listed(shop, CUSTOMERS, segment="active").rows
    assert [record["person_id"] for record in records] == [row["person_id"] for row in rows]
    assert float(records[0]["value"]) == pytest.approx(rows[0]["value"])
    assert {record["country"] for record in records} == {"France", "Portugal"}


def test_health_of_a_shop_without_targets(shop_address: str) -> None:
    answer = HTTP.get(f"{shop_address}{V1}/health").json()
    assert (answer["status"], answer["scored_leads"], answer["valued_customers"]) == ("ok", 0, 300)


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/customers?sort=x", 400, "unknown_sort"),
        ("/customers?segment=x", 404, "unknown_value"),
        ("/customers?page=0", 400, "bad_parameter"),
        ("/customers.csv?page=2", 400, "unknown_parameter"),
        ("/customers?grade=A", 400, "unknown_parameter"),
    ],
)
def test_errors_have_one_form(shop_address: str, path: str, status: int, reason: str) -> None:
    answer = HTTP.get(shop_address + V1 + path)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason)


def test_nobody_valued_is_an_empty_list(address: str) -> None:
    answer = HTTP.get(f"{address}{V1}/customers").json()
    assert (answer["total"], answer["rows"], answer["lifetime"]) == (0, [], None)
