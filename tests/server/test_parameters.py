"""Parameters that a route does not take are refused everywhere; HEAD works wherever GET does."""

import httpx
import pytest
from sample_company import VERSION
from served import HTTP

from redumbrella.views.catalogue import VIEWS

V1 = "/api/v1"
PAGES = (
    "/", "/leads/L-1001", "/models", f"/models/{VERSION}", "/settings", "/docs", "/login",
    "/static/style.css", "/static/mark.svg", "/favicon.ico",
    *(view.page_address for view in VIEWS.values()),
)  # fmt: skip
REST = tuple(
    f"{V1}/{path}"
    for path in ("leads/L-1001", "models/current", f"models/{VERSION}", "weights", "backtests",
                 "health", "openapi.json", *(view.name for view in VIEWS.values()))
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_page_refuses_what_it_does_not_take(full_address: str, path: str) -> None:
    answer = HTTP.get(f"{full_address}{path}?nonsense=1")
    assert answer.status_code == 400
    assert "Unknown parameter" in answer.text
    assert "nonsense" in answer.text


@pytest.mark.parametrize("path", REST)
def test_rest_refuses_what_it_does_not_take(full_address: str, path: str) -> None:
    for value in ("1", ""):
        answer = HTTP.get(f"{full_address}{path}?nonsense={value}")
        assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "unknown_parameter")


def test_writing_refuses_it_too(full_address: str) -> None:
    answer = HTTP.put(f"{full_address}{V1}/weights?dry_run=1", json={"weights": {"fit": 2}})
    assert (answer.status_code, answer.json()["error"]["reason"]) == (400, "unknown_parameter")
    assert HTTP.post(f"{full_address}/settings?dry=1", data={"fit": "2"}).status_code == 400
    assert HTTP.get(f"{full_address}{V1}/weights").json()["current"]["version"] == 0


def test_the_nearest_parameter_is_named(full_address: str) -> None:
    for path, words in (
        ("/leads/L-1001?targt=x", 'Did you mean "target"'),
        ("/models?treshold=0.3", 'Did you mean "threshold"'),
        ("/leads?grde=A", 'Did you mean "grade"'),
        ("/docs?rout=x", 'Did you mean "route"'),
        (f"{V1}/health?x=1", "This address takes none."),
    ):
        answer = HTTP.get(full_address + path, follow_redirects=True)
        assert answer.status_code == 400
        assert words in answer.text.replace("&#34;", '"')


def test_parameters_that_a_route_takes_pass(full_address: str) -> None:
    for path in ("/leads/L-1001?target=conversion", "/models?threshold=30+%25", "/login?next=/runs",
                 "/settings?changed=1", f"{V1}/backtests?target=conversion",
                 f"{V1}/models/current?target=conversion"):  # fmt: skip
        assert HTTP.get(full_address + path).status_code in (200, 303), path


def same(head: httpx.Response, got: httpx.Response) -> bool:
    kept = [{n: v for n, v in each.headers.items() if n != "date"} for each in (head, got)]
    return kept[0] == kept[1] and head.status_code == got.status_code


@pytest.mark.parametrize(
    "path",
    [*PAGES, *REST, f"{V1}/openapi.json", "/leads?page=99", "/leads?grade=Z", "/nothing",
     f"{V1}/leads/none", f"{V1}/nothing"],
)  # fmt: skip
def test_head_is_the_head_of_get(full_address: str, path: str) -> None:
    got, head = HTTP.get(full_address + path), HTTP.head(full_address + path)
    assert head.content == b""
    if path in ("/today", "/leads/L-1001"):  # their forms have a new key each time
        del got.headers["content-length"], head.headers["content-length"]
    assert same(head, got), (head.headers, got.headers)


def test_head_of_what_only_takes_writing_is_refused(full_address: str) -> None:
    answer = HTTP.head(f"{full_address}/logout")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


def test_after_head_the_connection_serves_the_next_request(full_address: str) -> None:
    """A body that was kept back would else be taken for the next answer."""
    with httpx.Client(base_url=full_address, verify=False, trust_env=False, timeout=60) as one:
        for _ in range(3):
            assert one.head(f"{V1}/leads.csv").status_code == 200
            assert one.get(f"{V1}/health").json()["status"] == "ok"
