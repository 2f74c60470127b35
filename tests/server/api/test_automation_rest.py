"""REST of automations: the same verbs as the pages, by rights of keys."""

from collections.abc import Iterator

import httpx
import pytest
from crew import Crew, add_crew
from every_list import fill_every_list
from ruled_company import PAGE_RULE
from served import HTTP, serving

from redumbrella.workspace import Workspace

V1 = "/api/v1"
RULE = {name: part for name, part in PAGE_RULE.items() if name != "name"}


class Api:
    """The REST of a company, asked with keys."""

    def __init__(self, address: str, workspace: Workspace, crew: Crew) -> None:
        self.address, self.workspace, self.keys = address, workspace, crew.keys

    def ask(self, method: str, path: str, key: str = "write", **more: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.keys[key]}"}
        return HTTP.request(method, f"{self.address}{V1}{path}", headers=headers, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    workspace = fill_every_list(tmp_path_factory.mktemp("api"))
    crew = add_crew(workspace)
    with serving(workspace) as address:
        yield Api(address, workspace, crew)
    workspace.state.close()


def test_reading_takes_one_scope_and_writing_another(api: Api) -> None:
    assert api.ask("GET", "/automations", "read").status_code == 200
    assert api.ask("GET", "/automations", "write").status_code == 403
    assert api.ask("POST", "/automations/stop", "read").status_code == 403
    assert api.ask("POST", "/automations/Monday call/dry-run", "read").status_code == 200
    for path in ("/automations", "/outbox", "/tasks", "/automations/stop"):
        for key in ("track",):
            assert api.ask("GET", path, key).status_code in (403, 404), path


def test_a_rule_is_made_changed_tried_switched_and_removed(api: Api) -> None:
    made = api.ask("POST", "/automations", json={"name": "By REST", **RULE})
    assert made.status_code == 200, made.text
    assert made.json()["rule"]["is_on"] is False
    assert made.json()["content"] == {"name": "By REST", **RULE}
    changed = api.ask("PUT", "/automations/By REST", json={**RULE, "control": 0.2}).json()
    assert changed["rule"]["version"] == 2
    assert changed["versions"][0]["changes"] == ["control = “0.2”"]
    assert changed["versions"][0]["made_by"].startswith("for write")
    tried = api.ask("POST", "/automations/By REST/dry-run?days=14", "read").json()
    assert tried["days"] == 14
    assert tried["fired"] == len(tried["lines"]) > 0
    assert set(tried["lines"][0]) == {
        "lead_id", "person_id", "label", "why", "fired_at", "due_at", "state", "outcome",
    }  # fmt: skip
    assert api.ask("POST", "/automations/By REST/on").json()["rule"]["is_on"] is True
    assert api.ask("POST", "/automations/By REST/off").json()["rule"]["is_on"] is False
    assert api.ask("DELETE", "/automations/By REST").json() == {"removed": "By REST"}
    assert api.ask("GET", "/automations/By REST", "read").status_code == 404


@pytest.mark.parametrize(("body", "reason"), [
    ({"name": "x", **RULE, "trigger": {"kind": "jumps"}}, "bad_rule"),
    ({"name": "x", "trigger": {"kind": "lead"}, "action": {"kind": "task"}}, "bad_rule"),
    ({"name": "Hot overnight", **RULE}, "rule_of_file"),
    ({"name": "x", **RULE, "colour": "red"}, "bad_parameter"),
    ({"name": "x", **RULE, "control": "much"}, "bad_parameter"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_a_reason(
    api: Api, body: dict[str, object], reason: str
) -> None:
    answer = api.ask("POST", "/automations", json=body)
    assert answer.status_code in (400, 409)
    assert answer.json()["error"]["reason"] == reason


def test_all_are_stopped_and_go_on(api: Api) -> None:
    assert api.ask("POST", "/automations/stop").json() == {"stopped": True}
    assert api.ask("GET", "/automations", "read").json()["stopped_by"].startswith("for write")
    assert api.ask("POST", "/automations/resume").json() == {"stopped": False}
    assert api.ask("GET", "/automations", "read").json()["stopped_at"] is None


def test_an_action_is_cancelled_and_a_task_done_once(api: Api) -> None:
    waits = api.ask("GET", "/outbox?state=planned", "read").json()["rows"][0]["id"]
    assert api.ask("POST", f"/outbox/{waits}/cancel").json() == {"cancelled": waits}
    assert api.ask("POST", f"/outbox/{waits}/cancel").json()["error"]["reason"] == "too_late"
    assert api.ask("POST", "/outbox/999/cancel").json()["error"]["reason"] == "unknown_action"
    (failed,) = api.ask("GET", "/outbox?state=failed", "read").json()["rows"]
    again = f"/outbox/{failed['id']}/retry"
    assert api.ask("POST", again, "read").status_code == 403
    assert api.ask("POST", again).json() == {"planned": failed["id"]}
    assert api.ask("POST", again).json()["error"]["reason"] == "not_failed"
    assert api.ask("POST", "/outbox/999/retry").json()["error"]["reason"] == "unknown_action"
    assert api.ask("POST", "/tasks/1/done").json() == {"done": 1, "just_now": True}
    assert api.ask("POST", "/tasks/1/done").json() == {"done": 1, "just_now": False}
    assert api.ask("POST", "/tasks/-1/done").status_code == 404


def test_who_did_it_stands_in_the_audit(api: Api) -> None:
    from redumbrella.views.audit import AUDIT
    from redumbrella.views.listing import list_page

    rows = list_page(api.workspace, AUDIT, AUDIT.query({})).rows
    mine = {row["action"] for row in rows if row["who"].startswith("for write")}
    assert {"automation", "cancel action", "try action again", "task done"} <= mine
