"""Every route asks for a right: each role, each scope and nobody walk the whole table."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from crew import REP, Crew, add_crew, close_browsers, logged_in, token_in
from every_list import fill_every_list
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from sample_company import make_workspace
from served import HTTP, serving
from stored import put_scores, rows_in_use

from redumbrella.access import roles
from redumbrella.access.roles import RIGHTS, ROLES, SCOPES
from redumbrella.server import rights
from redumbrella.server.app import create_app
from redumbrella.server.rights import KNOWN, LISTS, LOGGED_IN, OPEN, every_right
from redumbrella.state.scores import scores
from redumbrella.views.catalogue import VIEWS
from redumbrella.workflows.manage_access import add_user, set_user
from redumbrella.workspace import Workspace

V1 = "/api/v1"
# What stands for the parts of a path; none of these changes anything that other tests see.
PARTS = {"lead_id:text": "L-1003", "version": "conversion-20101101-093000", "user": "9999",
         "key": "nokey123", "name": "style.css", "number": "999",
         "rule": "no such rule", "token": "x", "person_id:text": "L-1003",
         "product_id:text": "rope"}  # fmt: skip


class Staffed:
    """A served workspace with a crew, and one logged-in browser for each role."""

    def __init__(self, address: str, workspace: Workspace, crew: Crew) -> None:
        self.address, self.workspace, self.crew = address, workspace, crew
        self.browsers = {role: logged_in(address, email) for role, email in crew.emails.items()}
        self.tokens = {
            role: token_in(browser.get("/account").text) for role, browser in self.browsers.items()
        }


@pytest.fixture(scope="module")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staffed]:
    workspace = fill_every_list(tmp_path_factory.mktemp("staffed"))
    kept = rows_in_use(workspace.state, scores, "conversion")
    for row in kept:
        del row["target"], row["search"]
        if row["lead_id"] in ("L-1008", "L-1012"):
            row["rep_id"] = None if row["lead_id"] == "L-1008" else ""
    put_scores(workspace, "conversion", kept)
    crew = add_crew(workspace)
    with serving(workspace) as address:
        found = Staffed(address, workspace, crew)
        yield found
    close_browsers()
    workspace.state.close()


def every_route(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every route, however deep its router is included."""
    found: list[tuple[str, str]] = []
    waiting: list[object] = list(app.routes)
    while waiting:
        route = waiting.pop()
        router = getattr(route, "original_router", None)
        if isinstance(router, APIRouter):
            waiting += router.routes
            continue
        assert isinstance(route, APIRoute), f"{route} would not be asked for a right"
        found += [(method, route.path) for method in sorted(route.methods)]
    return sorted(found)


def address_of(path: str) -> str:
    return re.sub(r"\{([^}]+)\}", lambda part: PARTS[part[1]], path)


def test_every_route_is_declared_and_nothing_else_is(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path)
    routes = {f"{method} {path}" for method, path in every_route(create_app(workspace))}
    workspace.state.close()
    assert len(routes) > 80
    assert routes == set(every_right())
    assert set(LISTS) == set(VIEWS)
    assert set(every_right().values()) <= {*RIGHTS, OPEN, KNOWN, LOGGED_IN}


def test_the_roles_are_those_that_were_promised() -> None:
    assert set(ROLES) == {"admin", "analyst", "manager", "sales"}
    assert ROLES["sales"] == {roles.SEE_OWN_LEADS, roles.WORK_LEADS}
    assert roles.WORK_LEADS not in ROLES["analyst"]
    assert all((roles.MANAGE_USERS in ROLES[role]) == (role == "admin") for role in ROLES)
    assert all(roles.MANAGE_USERS not in SCOPES[scope] for scope in SCOPES)
    assert SCOPES["track"] == {roles.TRACK}
    for role in ROLES.values():
        assert roles.SEE_OWN_LEADS in role


def is_refused(answer: httpx.Response, path: str) -> bool:
    if answer.status_code != 403:
        return False
    if path.startswith("/api/"):
        assert answer.json()["error"]["reason"] == "no_right", answer.text
    return "the right" in answer.text or "belongs to a user" in answer.text


def test_each_role_and_each_scope_opens_what_it_may_and_nothing_else(staffed: Staffed) -> None:
    """The whole table, with good forms: only a missing right may stop one."""
    asked = 0
    for line, right in every_right().items():
        method, path = line.split(" ")
        address = address_of(path)
        if right in (OPEN, KNOWN):
            continue
        for role, browser in staffed.browsers.items():
            if right == LOGGED_IN:
                continue  # what these do to a session: test_people.py
            form = {"form_token": staffed.tokens[role]}
            sends = {"data": form} if method == "POST" else {}
            if method in ("PUT", "DELETE"):
                sends = {"headers": {"X-Form-Token": staffed.tokens[role]}}
            answer = browser.request(method, address, **sends)  # type: ignore[arg-type]
            assert is_refused(answer, path) == (right not in ROLES[role]), (role, line, answer)
            assert answer.status_code < 500, (role, line)
            asked += 1
        for scope, key in staffed.crew.keys.items():
            answer = HTTP.request(
                method, staffed.address + address, headers={"Authorization": f"Bearer {key}"}
            )
            may = right != LOGGED_IN and right in SCOPES[scope]
            assert is_refused(answer, path) != may, (scope, line, answer)
            asked += 1
    assert asked > 400


def test_nobody_and_made_up_sessions_and_keys_see_nothing(staffed: Staffed) -> None:
    nobodies: list[dict[str, str]] = [
        {},
        {"Cookie": "umbrella_session=made-up"},
        {"Authorization": f"Bearer umb_abcdefgh_{'x' * 43}"},
        {"Authorization": "Basic YWRtaW46eA=="},
    ]
    some = [line for n, line in enumerate(every_right()) if n % 3 == 0 or "POST" in line]
    for headers in nobodies:
        for line in some:
            method, path = line.split(" ")
            if every_right()[line] == OPEN:
                continue
            client = {"X-Forwarded-For": f"203.0.113.{len(line)}"}  # guesses are slowed by address
            url = staffed.address + address_of(path)
            answer = HTTP.request(method, url, headers={**headers, **client})
            if path.startswith("/api/") or "Authorization" in headers:
                assert answer.status_code in (401, 429), (line, headers)
            else:
                assert answer.status_code == 303, (line, headers)
                assert answer.headers["location"].startswith("/login"), line
            assert "L-10" not in answer.text


def test_a_route_that_is_not_declared_is_refused_to_everybody(
    staffed: Staffed, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = dict(every_right())
    del known["GET /leads"]
    monkeypatch.setattr(rights, "every_right", lambda: known)
    assert staffed.browsers["admin"].get("/leads").status_code == 403
    with serving(make_workspace(staffed.workspace.root.parent / "open")) as address:
        assert HTTP.get(f"{address}/leads").status_code == 403  # without users too


def test_sales_see_their_leads_and_those_of_nobody_whatever_they_ask(staffed: Staffed) -> None:
    rows = rows_in_use(staffed.workspace.state, scores, "conversion")
    own = {row["lead_id"] for row in rows if (row["rep_id"] or "") in ("", REP)}
    others = {row["lead_id"] for row in rows} - own
    assert len(own) > 10
    assert {"L-1008", "L-1012"} <= own
    assert len(others) > 30
    sales = staffed.browsers["sales"]
    page = sales.get(f"{V1}/leads?page_size=1000").json()
    assert {row["lead_id"] for row in page["rows"]} == own
    assert page["total"] == len(own)
    assert page["expected"]["leads"] == len(own)
    for form in ("csv", "json", "jsonl"):
        text = sales.get(f"{V1}/leads.{form}").text
        assert {i for i in own | others if re.search(rf"\b{re.escape(i)}\b", text)} == own, form
    pipeline = sales.get(f"{V1}/pipeline?by=owner").json()
    assert {row["name"] for row in pipeline["rows"]} <= {REP, "", None}
    assert sum(row["leads"] for row in pipeline["rows"]) == len(own)
    assert sales.get(f"{V1}/pipeline.json?by=owner").json() != []
    # Filters, search and shares cannot take it away, and choices do not name others.
    for asked in ("rep=rep+2", "search=L-100", "min_probability=0", "page=2", "target=conversion"):
        text = sales.get(f"/leads?{asked}").text + sales.get(f"{V1}/leads?{asked}").text
        assert not [i for i in others if re.search(rf">{re.escape(i)}<|\"{re.escape(i)}\"", text)]
    assert "rep 2" not in sales.get("/leads").text
    # A lead that is not theirs is one that there is not; every fifth, so that all owners are among.
    for lead in sorted(others)[::5]:
        for path in (f"/leads/{lead}", f"{V1}/leads/{lead}"):
            answer = sales.get(path.replace("L/1 & 2", "L%2F1%20%26%202"))
            assert answer.status_code == 404, path
    unknown = sales.get(f"{V1}/leads/L-1002").json()["error"]["message"]
    missing = sales.get(f"{V1}/leads/no-such").json()["error"]["message"]
    assert unknown.replace("L-1002", "") == missing.replace("no-such", "")
    for lead in sorted(own - {"L/1 & 2"})[::3]:
        found = sales.get(f"{V1}/leads/{lead}").json()
        assert found["ranked"] == len(own)
    # A target about people has no owners, so it is not for them.
    assert sales.get(f"{V1}/leads?target=products").json()["total"] == 0
    # Whatever a route gives that sales may open, no foreign lead is in it.
    for line, right in every_right().items():
        method, path = line.split(" ")
        if method == "GET" and right == roles.SEE_OWN_LEADS and "{" not in path:
            text = sales.get(path).text
            assert not [i for i in others if re.search(rf"\b{re.escape(i)}\b", text)], path


def test_managers_and_analysts_and_keys_that_read_see_all_leads(staffed: Staffed) -> None:
    total = len(rows_in_use(staffed.workspace.state, scores, "conversion"))
    for role in ("manager", "analyst", "admin"):
        assert staffed.browsers[role].get(f"{V1}/leads").json()["total"] == total
    headers = {"Authorization": f"Bearer {staffed.crew.keys['read']}"}
    assert HTTP.get(f"{staffed.address}{V1}/leads", headers=headers).json()["total"] == total


def test_sales_without_a_rep_see_only_what_nobody_owns(staffed: Staffed) -> None:
    add_user(staffed.workspace, "new@example.com", "sales", "a password of mine")
    browser = logged_in(staffed.address, "new@example.com", "a password of mine")
    rows = browser.get(f"{V1}/leads").json()["rows"]
    assert {row["lead_id"] for row in rows} == {"L-1008", "L-1012"}
    set_user(staffed.workspace, "new@example.com", disabled=True)


def test_the_menu_and_the_links_show_what_the_role_may_open(staffed: Staffed) -> None:
    for role, browser in staffed.browsers.items():
        page = browser.get("/leads").text
        assert staffed.crew.emails[role] in page
        linked = set(re.findall(r'href="(/[a-z/-]*)["?]', page)) - {"/", "/leads"}
        for address in linked:
            if not address.startswith(("/static", "/leads/")):
                assert browser.get(address).status_code in (200, 307), (role, address)
    menu = re.findall(r'<a href="(/\w+)"', staffed.browsers["sales"].get("/leads").text)
    assert set(menu) <= {"/today", "/leads", "/changes", "/pipeline", "/docs"}
    assert staffed.browsers["sales"].get("/").headers["location"] == "/today"


@pytest.mark.parametrize("path", ["/customers", "/api/v1/customers.csv", "/models", "/runs"])
def test_a_refusal_says_why_and_whom_to_ask(staffed: Staffed, path: str) -> None:
    text = staffed.browsers["sales"].get(path).text
    assert "Your role is sales" in text
    assert "Ask an admin" in text
