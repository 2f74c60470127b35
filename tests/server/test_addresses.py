"""What an address may hold: odd ids have their page, impossible texts get a reason, methods."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sample_company import fill_workspace, make_workspace
from served import HTTP, serving
from stored import put_scores, rows_in_use

from redumbrella.server.web.formats import lead_path
from redumbrella.state.scores import scores
from redumbrella.workspace import Workspace

V1 = "/api/v1"
ODD = ("..", ".", "a\nb", "end\n", "\n", "a/b", "a//b", "../x", "x/..", "%2F", "%252F", "100 %",
       "a?b=c", "a#b", "a&b", "ünï ☂ 😀", "\u00e9", "e\u0301", '"><b>', " a ", "a\tb", "\\",
       "current", "a+b", "{{7}}", "x" * 500)  # fmt: skip


def with_odd_ids(root: Path, database: str = "") -> Workspace:
    fill_workspace(root, 3, database).state.close()
    workspace = make_workspace(root, database)
    row = rows_in_use(workspace.state, scores, "conversion")[0]
    del row["target"], row["search"]
    rows = [{**row, "lead_id": odd, "person_id": odd, "label": "odd"} for odd in ODD]
    put_scores(workspace, "conversion", rows)
    return workspace


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
def odd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        workspace = with_odd_ids(tmp_path_factory.mktemp("odd"))
        with serving(workspace) as address:
            yield address
        workspace.state.close()
        return
    server = request.getfixturevalue("postgresql")
    workspace = with_odd_ids(tmp_path_factory.mktemp("odd"), server.database("odd"))
    with serving(workspace) as address:
        yield address
    workspace.state.close()


def test_every_id_has_its_page(odd: str) -> None:
    for number, lead_id in enumerate(ODD):
        path = lead_path(lead_id)
        if number < 10:
            assert HTTP.get(odd + path).status_code == 200, lead_id
        answer = HTTP.get(f"{odd}{V1}{path}")
        assert answer.json()["score"]["lead_id"] == lead_id
    listed = HTTP.get(f"{odd}/leads").text
    assert "/leads/?id=.." in listed
    assert (
        HTTP.get(f"{odd}/leads/{quote('end')}").status_code == 404
    )  # not the one with a line break


LONG = "x" * 60_000


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/leads?search=" + "+".join(["w"] * 3_000), 400, "too_many_words"),
        ("/leads?search=" + "x" * 2_000, 400, "text_too_long"),
        (f"/leads?search={LONG}", 414, "address_too_long"),
        (f"/leads/{LONG}", 414, "address_too_long"),
        ("/leads?search=a%00b", 400, "bad_text"),
        ("/leads/a%00b", 400, "bad_text"),
        ("/leads?source=%ff", 400, "bad_text"),
        ("/leads?source=%ed%a0%80", 400, "bad_text"),
        ("/leads?min_probability=30%", 400, "bad_text"),
        ("/leads/%zz", 400, "bad_text"),
        ("/leads?page=" + "9" * 30, 400, "bad_parameter"),
        ("/leads?page=" + "9" * 5_000, 400, "bad_parameter"),
        ("/leads?page=1&page=2", 400, "duplicate_parameter"),
        ("/leads?grade=A&grade=B", 400, "duplicate_parameter"),
        ("/leads.csv?sort=lead&sort=lead", 400, "duplicate_parameter"),
    ],
)
def test_impossible_texts_get_a_reason(odd: str, path: str, status: int, reason: str) -> None:
    answer = HTTP.get(f"{odd}{V1}{path}")
    assert (answer.status_code, answer.json()["error"]["reason"]) == (status, reason)
    if not path.startswith("/leads.csv"):
        assert HTTP.get(odd + path).status_code == status


def test_numbers_of_the_settings_page_fit_the_database(odd: str) -> None:
    for number in ("9" * 30, "2147483648", "-1"):
        assert HTTP.get(f"{odd}/settings?changed={number}").status_code == 400


def test_large_heads_are_refused(odd: str) -> None:
    answer = HTTP.get(f"{odd}{V1}/health", headers={f"X-{i}": "a" * 1_000 for i in range(15)})
    assert answer.status_code == 200
    many = {f"X-{i}": "a" * 1_000 for i in range(17)}
    assert HTTP.get(f"{odd}{V1}/health", headers=many).status_code in (400, 431)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/leads", "GET, HEAD, OPTIONS"),
        ("/settings", "GET, HEAD, POST, OPTIONS"),
        ("/login", "GET, HEAD, POST, OPTIONS"),
        ("/logout", "POST, OPTIONS"),
        ("/static/style.css", "GET, HEAD, OPTIONS"),
        (f"{V1}/weights", "GET, HEAD, PUT, OPTIONS"),
        (f"{V1}/leads.csv", "GET, HEAD, OPTIONS"),
        (f"{V1}/openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
def test_allow_names_every_method(address: str, path: str, allowed: str) -> None:
    options = HTTP.options(address + path)
    assert (options.status_code, options.headers["allow"], options.content) == (204, allowed, b"")
    wrong = HTTP.request("PATCH", address + path)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, allowed)


def test_options_of_nothing_is_not_found(address: str) -> None:
    assert HTTP.options(f"{address}/nothing").status_code == 404


def test_openapi_says_the_same_as_allow(address: str) -> None:
    document = HTTP.get(f"{address}{V1}/openapi.json").json()
    names: list[str] = []
    for path, operations in document["paths"].items():
        allowed = HTTP.options(address + re.sub(r"\{[^}]+\}", "1", path)).headers["allow"]
        named = {name.upper() for name in operations}
        # The id of a lead may hold slashes, so what is below a lead is a lead to GET as well;
        # and a rule may be called "stop".
        below = {"GET", "HEAD"} if path.endswith("{number}") else set()
        if path.endswith(("/automations/stop", "/automations/resume")):
            below = {"GET", "HEAD", "PUT", "DELETE"}
        assert named | below == set(allowed.split(", "))
        names += [operation["operationId"] for operation in operations.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "headers", [{"Host": "[::1"}, {"Host": "127.0.0.1:99999999"}, {"Host": "[::1]x"}]
)
def test_hosts_that_are_none_are_refused(address: str, headers: dict[str, str]) -> None:
    assert HTTP.get(f"{address}/leads", headers=headers).status_code == 400


def test_an_origin_that_is_none_is_another_site(address: str) -> None:
    answer = HTTP.put(f"{address}{V1}/weights", json={}, headers={"Origin": "http://["})
    assert answer.status_code == 403
