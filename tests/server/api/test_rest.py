"""REST answers: the read models themselves, errors in one form, downloads, OpenAPI."""

import csv
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import validate
from sample_company import OLD_VERSION, SCRIPT, VERSION, fill_valued_workspace
from served import HTTP, serving
from stored import listed

from redumbrella.errors import UmbrellaError
from redumbrella.views.lead import lead_detail
from redumbrella.views.leads import LEADS
from redumbrella.views.models import current_report
from redumbrella.views.weights import weights_history
from redumbrella.workspace import Workspace

V1 = "/api/v1"


def as_json(read_model: Any) -> Any:
    return orjson.loads(orjson.dumps(read_model))


def test_the_list_is_the_read_model(company: Workspace, address: str) -> None:
    answer = HTTP.get(f"{address}{V1}/leads?source=fair&sort=lead&page=2&page_size=10")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    page = listed(company, LEADS, source="fair", sort="lead", page=2, page_size=10)
    assert answer.json() == as_json(page.to_json())
    assert answer.json()["query"] == {"target": "conversion", "sort": "lead", "source": "fair"}
    assert (answer.json()["page"], len(answer.json()["rows"])) == (2, 10)


@pytest.mark.parametrize("lead_id", ["L-1001", "L/1 & 2"])
def test_one_lead_is_the_read_model(company: Workspace, address: str, lead_id: str) -> None:
    answer = HTTP.get(f"{address}{V1}/leads/{lead_id.replace('/', '%2F').replace('&', '%26')}")
    assert answer.json() == as_json(lead_detail(company, lead_id))


def test_models_are_the_stored_documents(company: Workspace, address: str) -> None:
    current = HTTP.get(f"{address}{V1}/models/current")
    assert current.json() == current_report(company).document
    assert HTTP.get(f"{address}{V1}/models/{VERSION}").json() == current.json()
    old = HTTP.get(f"{address}{V1}/models/{OLD_VERSION}").json()
    assert old["model_version"] == OLD_VERSION


def test_health(address: str, empty_address: str) -> None:
    answer = HTTP.get(f"{address}{V1}/health").json()
    assert (answer["status"], answer["scored_leads"], answer["model_version"]) == (
        "ok", 240, VERSION)  # fmt: skip
    answer = HTTP.get(f"{empty_address}{V1}/health").json()
    assert (answer["scored_leads"], answer["model_version"]) == (0, None)


@pytest.mark.parametrize(
    ("path", "status", "reason", "words"),
    [
        ("/leads/L-10544", 404, "unknown_lead", 'Did you mean "L-1054"'),
        ("/leads?grde=A", 400, "unknown_parameter", 'Did you mean "grade"'),
        ("/leads?sort=probabilty", 400, "unknown_sort", 'Did you mean "probability"'),
        ("/leads?page=two", 400, "bad_parameter", "page"),
        ("/leads?page_size=100000", 400, "bad_parameter", "page_size"),
        ("/leads?min_probability=much", 400, "bad_share", "0.3"),
        ("/leads.csv?target=x", 404, "unknown_target", "conversion"),
        ("/leads/L-1054?target=x", 404, "unknown_target", "conversion"),
        ("/models/current?target=x", 404, "unknown_target", "conversion"),
        ("/backtests?target=x", 404, "unknown_target", "conversion"),
        ("/products", 404, "no_products", 'per = "product"'),
        ("/models/none", 404, "unknown_model", "none"),
        ("/nothing", 404, "unknown_page", "no such page"),
    ],
)
def test_errors_have_one_form(
    address: str, path: str, status: int, reason: str, words: str
) -> None:
    answer = HTTP.get(address + V1 + path)
    assert answer.status_code == status
    assert answer.json()["error"]["reason"] == reason
    assert words in answer.json()["error"]["message"]


def test_a_wrong_method_is_refused_in_the_same_form(address: str) -> None:
    answer = HTTP.post(f"{address}{V1}/leads")
    assert (answer.status_code, answer.json()["error"]["reason"]) == (405, "wrong_method")


def test_without_a_model_it_says_what_to_run(empty_address: str) -> None:
    answer = HTTP.get(f"{empty_address}{V1}/models/current")
    assert answer.status_code == 404
    assert "umbrella run" in answer.json()["error"]["message"]
    assert HTTP.get(f"{empty_address}{V1}/leads").json()["total"] == 0


def test_every_branch_of_the_error_tree_has_a_status() -> None:
    def branches(kind: type[UmbrellaError]) -> list[type[UmbrellaError]]:
        return [kind, *(leaf for sub in kind.__subclasses__() for leaf in branches(sub))]

    assert {kind.http_status for kind in branches(UmbrellaError)} <= {
        400, 403, 404, 409, 422, 500, 503}  # fmt: skip


def test_weights_are_read_and_put(tmp_path: Path) -> None:
    workspace = fill_valued_workspace(tmp_path)
    with serving(workspace) as address:
        url = f"{address}{V1}/weights"
        body = {"weights": {"profit": 2}, "by": "Ana", "note": "why"}
        answer = HTTP.put(url, json=body)
        assert answer.status_code == 200
        assert answer.json()["current"]["weights"]["profit"] == 2.0
        assert answer.json()["targets"][0]["cards"] == 60
        history = HTTP.get(url).json()
        assert history == as_json(weights_history(workspace))
        assert [v["set_by"] for v in history["versions"]] == ["Ana", ""]
        for wrong, reason in (
            ({"weights": {"profits": 1}}, "unknown_criterion"),
            ({"weights": {"profit": -1}}, "bad_weight"),
            ({"weights": {"profit": "much"}}, "bad_parameter"),
            ({"weight": {"profit": 1}}, "bad_parameter"),
        ):
            answer = HTTP.put(url, json=wrong)
            assert (answer.status_code, answer.json()["error"]["reason"]) == (400, reason)
        assert len(HTTP.get(url).json()["versions"]) == 2
    workspace.state.close()


def test_downloads_hold_every_matching_lead(company: Workspace, address: str) -> None:
    rows = listed(company, LEADS, source="fair").rows
    answer = HTTP.get(f"{address}{V1}/leads.csv?source=fair")
    assert "attachment" in answer.headers["content-disposition"]
    records = list(csv.DictReader(io.StringIO(answer.text)))
    assert list(records[0]) == [field.name for field in LEADS.fields]
    assert [record["lead_id"] for record in records] == [row["lead_id"] for row in rows]
    same = HTTP.get(f"{address}{V1}/leads.json?source=fair").json()
    assert [record["lead_id"] for record in same] == [row["lead_id"] for row in rows]
    assert any(SCRIPT in record["label"] for record in same)
    assert HTTP.get(f"{address}{V1}/leads.json?search=nobody").json() == []


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("leads?page_size=3", "leads"),
        ("leads.json", "leads.json"),
        ("leads/L-1001", "leads/{lead_id}"),
        ("customers", "customers"),
        ("products", "products"),
        ("weights", "weights"),
        ("backtests", "backtests"),
        ("models/current", "models/current"),
        (f"models/{VERSION}", "models/{version}"),
        ("health", "health"),
        ("models", "models"),
        ("sources", "sources"),
        ("rejected", "rejected"),
        ("runs", "runs"),
        ("leads?sort=nothing", "leads"),
        ("leads?grade=Z", "leads"),
        ("leads/nobody", "leads/{lead_id}"),
    ],
)
def test_answers_are_as_openapi_says(address: str, path: str, route: str) -> None:
    document = HTTP.get(f"{address}{V1}/openapi.json").json()
    answer = HTTP.get(f"{address}{V1}/{path}")
    said = document["paths"][f"{V1}/{route}"]["get"]["responses"][str(answer.status_code)]
    schema = said["content"]["application/json"]["schema"]
    validate(answer.json(), {**schema, "components": document["components"]})


def test_a_wrong_method_is_told_the_right_one(address: str) -> None:
    answer = HTTP.delete(f"{address}{V1}/weights")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, PUT, OPTIONS"
