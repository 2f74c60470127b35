"""The OpenAPI document: every route, what it takes, only the answers that it can give."""

from typing import Any

import pytest
from served import HTTP

from redumbrella.views.catalogue import VIEWS
from redumbrella.views.table import View

V1 = "/api/v1"
FORMS = ("csv", "json", "jsonl", "parquet")
# Besides 200 and what every route can answer.
OTHERS = {
    "leads/{lead_id}": {"404"},
    "leads/{lead_id}/history": {"404"},
    "leads/{lead_id}/change": {"404", "409"},
    "leads/{lead_id}/outcomes": {"404"},
    "leads/{lead_id}/outcomes/{number}": set(),
    "today/worth": {"404"},
    "leads/{lead_id}/similar": {"404"},
    "models/{version}/use": set(),
    "models/current": {"404", "409"},
    "models/{version}": {"404", "409"},
    "weights": set(),
    "backtests": {"404"},
    "health": set(),
    "automations": set(),
    "automations/stop": set(),
    "automations/resume": set(),
    **{f"automations/{{rule}}{more}": {"404"} for more in ("", "/uplift")},
    **{f"automations/{{rule}}/{verb}": set() for verb in ("on", "off", "dry-run")},
    "audience-file": {"404"},
    "outbox/{number}/cancel": set(),
    "outbox/{number}/retry": set(),
    "tasks/{number}/done": set(),
    "keys": set(),
    "users": set(),
}
each_list = pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)


@pytest.fixture(scope="module")
def document(address: str) -> dict[str, Any]:
    answer = HTTP.get(f"{address}{V1}/openapi.json").json()
    assert isinstance(answer, dict)
    return answer


def test_every_route_is_described(document: dict[str, Any]) -> None:
    lists = {f"{name}{suffix}" for name in VIEWS for suffix in ("", *(f".{f}" for f in FORMS))}
    assert set(document["paths"]) == {f"{V1}/{path}" for path in (*lists, *OTHERS)}
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["description"]


def test_a_route_lists_only_the_answers_that_it_can_give(document: dict[str, Any]) -> None:
    usual = {"200", "400", "401", "403", "414", "429", "431", "503"}
    for path, operations in document["paths"].items():
        name = path.removeprefix(f"{V1}/")
        if "get" not in operations:
            continue
        assert set(operations["get"]["responses"]) == usual | OTHERS.get(name, {"404"}), path
    assert set(document["paths"][f"{V1}/weights"]["put"]["responses"]) == usual | {
        "408", "413", "415"}  # fmt: skip
    schemas = document["components"]["schemas"]
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)


def test_the_token_is_a_bearer_token(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert [(each["type"], each["scheme"]) for each in schemes.values()] == [("http", "bearer")]
    for operations in document["paths"].values():
        for operation in operations.values():
            assert operation["security"] == [{name: []} for name in schemes]


@each_list
def test_a_list_takes_the_parameters_of_its_description(
    document: dict[str, Any], view: View
) -> None:
    paths = document["paths"]
    taken = {p["name"]: p for p in paths[f"{V1}/{view.name}"]["get"]["parameters"]}
    assert list(taken) == list(view.parameters)
    assert {name: each["description"] for name, each in taken.items()} == dict(view.parameters)
    assert not any(each["required"] for each in taken.values())
    for form in FORMS:
        of_file = [p["name"] for p in paths[f"{V1}/{view.name}.{form}"]["get"]["parameters"]]
        own = ["raw"] if form == "csv" else []  # texts that a spreadsheet would run, as they are
        assert of_file == own + [name for name in taken if name not in ("page", "page_size")]


@each_list
def test_every_field_of_a_row_says_what_it_is(document: dict[str, Any], view: View) -> None:
    schemas = document["components"]["schemas"]
    answer = document["paths"][f"{V1}/{view.name}"]["get"]["responses"]["200"]
    page = schemas[answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]]
    assert list(page["properties"])[:6] == [
        "rows", "total", "page", "pages", "page_size", "query"]  # fmt: skip
    row = schemas[page["properties"]["rows"]["items"]["$ref"].rpartition("/")[2]]
    assert list(row["properties"]) == [column.name for column in view.columns if column.in_list]
    for column in view.columns:
        if column.in_list:
            assert row["properties"][column.name]["description"], column.name
            if column.kind.example is not None:
                assert row["properties"][column.name]["examples"] == [column.kind.example]


def test_named_shapes(document: dict[str, Any]) -> None:
    schemas = set(document["components"]["schemas"])
    assert {"LeadDetail", "ReportDocument", "ErrorAnswer", "NewWeights"} <= schemas
    for name in ("Lead", "Product", "Customer", "Model", "Source", "Rejected", "Run"):
        assert f"{name}Row" in schemas
    for view in VIEWS.values():
        assert f"{view.name.capitalize()}Page" in schemas
