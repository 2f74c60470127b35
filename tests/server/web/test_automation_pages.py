"""Pages of automations: rules, the form, dry runs, messages, switches, the outbox and tasks."""

import re
import tomllib
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from crew import REP, Crew, add_crew, close_browsers, logged_in, sent
from every_list import fill_every_list
from mail_receiver import mail_server
from ruled_company import AT, HOSTILE, PAGE_RULE
from served import HTTP, serving
from sqlalchemy import select

from redumbrella.server.web.rule_form import fields_of
from redumbrella.state.outbox import action_of_number, outbox, put_off
from redumbrella.state.outreach import add_task, open_tasks, task_of_number
from redumbrella.state.rules import stopped
from redumbrella.views.rule_choices import RuleChoices
from redumbrella.views.rules import rules_in_use
from redumbrella.workflows.automation_rules import save_automation, switch_automation
from redumbrella.workspace import Workspace, open_workspace

FORM = {
    "trigger": "jump", "action": "mail", "name": "Hot again", "trigger.from": "30 %",
    "trigger.to": "0,9", "trigger.days": "2", "where.grade=A": "1", "where.grade=B": "1",
    "where.min_probability": "50", "where.more": "job = baker | technician\ncontact = phone",
    "action.to": "person", "action.subject": "{{ first_name }}",
    "action.text": "Dear\r\n{{ name }}", "action.send": "in 2 hours",
    "control": "20 %", "a_day": "50", "goal": "won",
}  # fmt: skip
CONTENT = {
    "name": "Hot again",
    "trigger": {"kind": "jump", "from": 0.3, "to": 0.9, "days": 2},
    "where": {"grade": ["A", "B"], "min_probability": 0.5, "job": ["baker", "technician"],
              "contact": "phone"},
    "action": {"kind": "mail", "to": "person", "subject": "{{ first_name }}",
               "text": "Dear\n{{ name }}", "send": "in 2 hours"},
    "control": 0.2, "a_day": 50, "goal": "won",
}  # fmt: skip


class Ruled:
    """A served company with rules, users and browsers by role."""

    def __init__(self, address: str, workspace: Workspace, crew: Crew) -> None:
        self.address, self.workspace, self.crew = address, workspace, crew
        self.browsers = {role: logged_in(address, email) for role, email in crew.emails.items()}
        self.manager, self.sales = self.browsers["manager"], self.browsers["sales"]

    def rule(self, name: str) -> Any:
        with self.workspace.state.reading() as connection:
            rules = rules_in_use(self.workspace.settings, connection)
        return next((rule for rule in rules if rule.automation.name == name), None)


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ruled]:
    workspace = fill_every_list(tmp_path_factory.mktemp("ruled"))
    crew = add_crew(workspace)
    with serving(workspace) as address:
        yield Ruled(address, workspace, crew)
    close_browsers()
    workspace.state.close()


def shown(answer: httpx.Response, status: int = 200) -> str:
    assert answer.status_code == status, answer.text[:400]
    assert "<script" not in answer.text
    assert HOSTILE not in answer.text
    return unescape(answer.text).replace("\u00a0", " ")


def test_every_rule_stands_in_a_sentence_with_what_it_did(ruled: Ruled) -> None:
    html = shown(ruled.manager.get("/automations"))
    assert "When the chance rises from at most 30 % to at least 90 % within a day" in html
    text = re.sub(r"<[^>]+>", "", html)
    assert "3 waiting · 1 failed · 1 held back" in text
    assert "1 waiting · 1 done · 1 held back · 1 left alone · 1 cancelled" in text
    assert "A worker runs on here" in html
    assert 'There is no webhook "erp" in umbrella.toml' in html
    assert "Stop all automations" in html
    assert html.index("Hot overnight") < html.index("Monday call")  # the order in which they win


def test_nothing_is_offered_to_whoever_only_looks(ruled: Ruled) -> None:
    analyst = ruled.browsers["analyst"]
    for path in ("/automations", "/automations/Monday%20call", "/outbox"):
        html = shown(analyst.get(path))
        for button in ("Stop all", "Switch on", ">Remove<", ">Change<", "Cancel<", "New rule"):
            assert button not in html, (path, button)
    assert analyst.get("/automations/new").status_code == 403
    for path in ("/automations", "/outbox", "/audiences", "/automations/Hot%20overnight"):
        assert ruled.sales.get(path).status_code == 403


def test_a_rule_is_shown_whole(ruled: Ruled) -> None:
    html = shown(ruled.manager.get("/automations/monday CALL"))
    toml = re.search(r"<code>(\[\[automations.*?)</code>", html, re.DOTALL)
    assert toml is not None
    assert tomllib.loads(toml[1])["automations"] == [PAGE_RULE]
    assert "where.grade: “A” became “A, B”" in html
    assert "What it brings" in html
    assert ">Change<" in html
    of_file = shown(ruled.manager.get("/automations/Hot%20overnight"))
    assert "change it there" in of_file
    assert ">Change<" not in of_file
    assert ruled.manager.get("/automations/Hot%20overnight/change").status_code == 409
    missing = shown(ruled.manager.get("/automations/Monday%20cal"), 404)
    assert 'Did you mean "Monday call"?' in missing


def test_a_dry_run_says_whom_and_what_would_have_come_of_it(ruled: Ruled) -> None:
    html = shown(ruled.manager.get("/automations/Monday%20call?days=30"))
    told = re.search(r"It would have fired (\d+) times in the last 30 days, for (\d+) people", html)
    assert told is not None
    assert html.count("every Monday at 08:00</td>") == int(told[1]) > 3
    assert "would have been done" in html
    assert "Call Customer 10" in html  # the message for the newest of them
    for query in ("days=30", "lead=L-1003"):  # times are of the moment looked at, none is made up
        save_automation(ruled.workspace, {**PAGE_RULE, "name": "Told", "action": {
            "kind": "webhook", "webhook": "crm"}})  # fmt: skip
        message = shown(ruled.manager.get(f"/automations/Told?{query}"))
        assert '"timestamp": "20' in message
        assert "1970" not in message
    never = shown(ruled.manager.get("/automations/Call%20again?days=7"))
    assert "It would not have fired in the last 7 days." in never
    assert ruled.manager.get("/automations/Call%20again?days=-1").status_code == 400


def test_a_message_is_shown_with_the_values_of_a_lead_and_cannot_run(ruled: Ruled) -> None:
    page = ruled.manager.get("/automations/Hot%20overnight?lead=L-1001")
    html = shown(page)
    assert "Dear <script>alert('lead')</script>, your chance is 11 %." in html  # as text, escaped
    frame = re.search(r'<iframe class="message" sandbox title="[^"]+" src="([^"]+)"', html)
    assert frame is not None
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    message = ruled.manager.get(frame[1])
    assert "Dear <b>&lt;script&gt;" in message.text
    policy = message.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert "script-src" not in policy
    assert message.headers["x-frame-options"] == "SAMEORIGIN"
    assert "There is no lead" in shown(ruled.manager.get("/automations/Call again?lead=nobody"))


def test_the_form_asks_first_for_trigger_and_action(ruled: Ruled) -> None:
    html = shown(ruled.manager.get("/automations/new"))
    assert html.count('type="radio" name="trigger"') == 10
    assert html.count('type="radio" name="action"') == 6
    wrong = shown(ruled.manager.get("/automations/new?trigger=jump&action=fax"), 400)
    assert wrong.count("Choose one of these.") == 1
    assert 'value="jump" required checked' in wrong
    second = shown(ruled.manager.get("/automations/new?trigger=grade&action=task"))
    assert 'name="trigger.to=A"' in second
    assert 'name="where.source=web"' in second  # what leads of this workspace have
    assert 'name="where.segment=at risk"' in second
    assert 'name="action.subject"' not in second
    jump = shown(ruled.manager.get("/automations/new?trigger=jump&action=task"))
    labels = [text.split(" <")[0] for text in re.findall(r'<label for="[^"]+">(.*?)</label>', jump)]
    assert len(labels) == len(set(labels))
    assert "created_at, won, amount, job, contact" in jump


def test_every_field_of_the_record_is_named() -> None:
    names = tuple(f"field {n}" for n in range(20))
    has = RuleChoices({"source": ("web",)}, (), (), ("source", *names), (), (), (), ())
    (more,) = (one for one in fields_of("lead", "task", has).where if one.name == "where.more")
    assert more.hint.endswith("Fields: " + ", ".join(names))


def test_what_was_typed_becomes_the_rule_of_umbrella_toml(ruled: Ruled) -> None:
    answer = sent(ruled.manager, "/automations", **FORM)
    assert (answer.status_code, answer.headers["location"]) == (
        303, "/automations/Hot%20again?said=made")  # fmt: skip
    rule = ruled.rule("Hot again")
    assert dict(rule.automation.content) == CONTENT
    assert not rule.is_on
    assert "off. Look at its dry run" in shown(ruled.manager.get(answer.headers["location"]))
    # The form of the rule holds what was typed, and sent again changes nothing.
    html = ruled.manager.get("/automations/Hot%20again/change").text
    again = dict(re.findall(r'<input[^>]* name="([^"]+)" value="([^"]*)"', html))
    again = {unescape(k): unescape(v) for k, v in again.items() if k != "form_token"}
    boxes = re.findall(r'<input type="checkbox" name="([^"]+)" value="1"( checked)?', html)
    again = {k: v for k, v in again.items() if "=" not in k}
    again |= {unescape(name): "1" for name, ticked in boxes if ticked}
    again |= {
        name: unescape(text)
        for name, text in re.findall(
            r'<textarea[^>]* name="([^"]+)"[^>]*>\n(.*?)</textarea>', html, re.DOTALL
        )
    }
    again |= {"action.to": "person"}
    answer = sent(ruled.manager, "/automations/Hot%20again/change", **again)
    assert answer.status_code == 303, answer.text
    assert dict(ruled.rule("Hot again").automation.content) == CONTENT
    assert ruled.rule("Hot again").version == 1


@pytest.mark.parametrize(("change", "field", "words"), [
    ({"name": "?!"}, "name", "expected a name"),
    ({"name": "hot OVERNIGHT"}, "name", "There is a rule of this name"),
    ({"trigger.from": "95 %"}, "trigger.from", "must be below"),
    ({"trigger.from": ""}, "trigger.from", "is missing"),
    ({"trigger.to": "lots"}, "trigger.to", "must be a share"),
    ({"trigger.days": "some"}, "trigger.days", "expected a number"),
    ({"where.more": "just words"}, "where.more", "a name, =, and a value"),
    ({"action.subject": ""}, "action.subject", "subject is missing"),
    ({"action.text": "Dear {{ nmae }}"}, "action.text", "there is no value"),
    ({"action.html": "{% for x in y %}"}, "action.html", "HTML"),
    ({"action.send": "whenever"}, "action.send", "expected"),
    ({"control": "95 %"}, "control", "between 0 and 0.9"),
    ({"a_day": "0"}, "a_day", "expected a number"),
])  # fmt: skip
def test_what_is_wrong_stands_under_its_field_and_the_rest_as_typed(
    ruled: Ruled, change: dict[str, str], field: str, words: str
) -> None:
    typed = {**FORM, "name": "Another", "where.min_probability": "51", **change}
    html = shown(sent(ruled.manager, "/automations", **typed), 400)
    complaint = re.search(rf'id="{re.escape(field)}-wrong" role="alert">(.*?)</span>', html)
    assert complaint is not None, re.findall(r'role="alert">(.*?)</', html)
    assert words.casefold() in complaint[1].casefold() or field == "action.html"
    assert 'name="where.min_probability" value="51"' in html
    assert "Nothing was saved." in html
    assert ruled.rule("Another") is None


def test_all_that_is_wrong_is_told_at_once(ruled: Ruled) -> None:
    typed = {**FORM, "name": "", "trigger.from": "", "action.text": "{{ nobody }}", "a_day": "0"}
    html = shown(sent(ruled.manager, "/automations", **typed), 400)
    assert set(re.findall(r'id="([a-z._]+)-wrong" role="alert"', html)) == {
        "name", "trigger.from", "action.text", "a_day"}  # fmt: skip


def test_a_hostile_form_is_only_text(ruled: Ruled) -> None:
    typed = {
        name: HOSTILE for name in FORM if "=" not in name and name not in ("trigger", "action")
    }
    shown(sent(ruled.manager, "/automations", trigger="jump", action="mail", **typed), 400)
    typed = {**FORM, f"where.grade={HOSTILE}": "1", "name": ""}
    shown(sent(ruled.manager, "/automations", **typed), 400)
    answer = sent(ruled.manager, "/automations", trigger=HOSTILE, action=HOSTILE)
    assert answer.headers["location"] == "/automations/new"


def test_a_rule_called_new_has_a_page(ruled: Ruled) -> None:
    save_automation(ruled.workspace, {**PAGE_RULE, "name": "new"})
    html = shown(ruled.manager.get("/automations"))
    path = re.search(r'<a href="([^"]+)">new</a>', html)
    assert path is not None
    assert "Every Monday" in shown(ruled.manager.get(path[1]))
    assert sent(ruled.manager, f"{path[1]}/remove").status_code == 303
    assert ruled.rule("new") is None


def test_switches_and_the_stop(ruled: Ruled) -> None:
    assert sent(ruled.manager, "/automations/Monday%20call/on").status_code == 303
    assert ruled.rule("Monday call").is_on
    assert sent(ruled.manager, "/automations/Monday%20call/off").status_code == 303
    assert not ruled.rule("Monday call").is_on
    sent(ruled.manager, "/automations/stop")
    with ruled.workspace.state.reading() as connection:
        assert stopped(connection)["stopped_by"] == "manager@example.com"  # type: ignore[index]
    html = shown(ruled.manager.get("/automations"))
    assert "All automations are stopped" in html
    assert "Let all automations go on" in html
    sent(ruled.manager, "/automations/resume")
    with ruled.workspace.state.reading() as connection:
        assert stopped(connection) is None


@pytest.mark.parametrize("path", [
    "/automations", "/automations/stop", "/automations/resume", "/automations/Monday%20call/on",
    "/automations/Monday%20call/off", "/automations/Monday%20call/remove",
    "/automations/Monday%20call/change", "/automations/Monday%20call/test-mail",
    "/outbox/1/cancel", "/outbox/1/retry", "/tasks/1/done",
])  # fmt: skip
def test_no_form_without_its_token(ruled: Ruled, path: str) -> None:
    answer = ruled.manager.post(path, data=FORM)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text


def test_the_outbox_says_state_and_reason_and_cancels_what_waits(ruled: Ruled) -> None:
    html = shown(ruled.manager.get("/outbox?search=L-1009"))
    assert "421 try again" in html
    number = re.search(r'formaction="/outbox/(\d+)/cancel"', html)
    assert number is not None
    assert sent(ruled.manager, f"/outbox/{number[1]}/cancel").status_code == 303
    with ruled.workspace.state.reading() as connection:
        row = action_of_number(connection, int(number[1]))
    assert row is not None
    assert (row["state"], row["reason"]) == ("cancelled", "by manager@example.com")
    again = sent(ruled.manager, f"/outbox/{number[1]}/cancel")
    assert again.status_code == 409
    assert "It is cancelled already." in again.text
    assert sent(ruled.manager, f"/outbox/{2**31}/cancel").status_code == 404
    assert "formaction" not in shown(ruled.manager.get("/outbox?state=sent"))


def test_filter_and_rows_of_the_outbox_speak_alike(ruled: Ruled) -> None:
    html = shown(ruled.manager.get("/outbox?state=held+back"))
    assert '<option value="suppressed" selected>held back</option>' in html
    assert '<option value="control">left alone</option>' in html
    assert '<option value="mail">e-mail</option>' in html
    rows = re.findall(r'<span class="badge[^"]*">([^<]+)</span>', html)
    assert rows == ["held back"] * 2
    assert "No action has the state" in shown(ruled.manager.get("/outbox?state=held"), 404)


def test_what_failed_has_a_button_to_try_it_again(ruled: Ruled) -> None:
    html = shown(ruled.manager.get("/outbox?state=failed"))
    number = re.search(r'formaction="/outbox/(\d+)/retry"', html)
    assert number is not None
    assert "retry" not in shown(ruled.browsers["analyst"].get("/outbox?state=failed"))
    assert sent(ruled.manager, f"/outbox/{number[1]}/retry").status_code == 303
    with ruled.workspace.state.reading() as connection:
        row = action_of_number(connection, int(number[1]))
    assert row is not None
    assert (row["state"], row["tries"]) == ("planned", 0)
    assert "has not failed" in sent(ruled.manager, f"/outbox/{number[1]}/retry").text
    for role in ("analyst", "sales"):
        assert sent(ruled.browsers[role], f"/outbox/{number[1]}/retry").status_code == 403


def test_what_keeps_mails_from_leaving_stands_above_rules_and_outbox(ruled: Ruled) -> None:
    assert "cannot leave" not in shown(ruled.manager.get("/automations"))
    why = "The password of [mail] is read from the variable UMBRELLA_SMTP_PASSWORD <b>"
    with ruled.workspace.state.writing() as connection:
        number = connection.execute(
            select(outbox.c.id).where(outbox.c.kind == "mail", outbox.c.state == "planned")
        ).scalar()
        assert number is not None
        put_off(connection, number, "", AT, why, 0, "no_secret")
    for path in ("/automations", "/outbox", "/outbox?state=sent"):
        html = shown(ruled.manager.get(path))
        assert "What is due cannot leave" in html
        assert f"{why} Until then 1 action (e-mail) waits" in html
    with ruled.workspace.state.writing() as connection:
        put_off(connection, number, "", AT, "", 0)
    assert "cannot leave" not in shown(ruled.manager.get("/outbox"))


def test_a_test_mail_goes_to_whoever_is_logged_in(ruled: Ruled) -> None:
    with mail_server() as mails:
        settings = ruled.workspace.root / "umbrella.toml"
        text = settings.read_text("utf-8")
        settings.write_text(text.replace("[mail]", f"[mail]\nport = {mails.port}"), "utf-8")
        with serving(open_workspace(ruled.workspace.root)) as address:
            manager = logged_in(address, ruled.crew.emails["manager"])
            html = shown(manager.get("/automations/Hot%20overnight?lead=L-1003"))
            assert "Send a test mail to manager@example.com" in html
            answer = sent(manager, "/automations/Hot%20overnight/test-mail", lead="L-1003")
            assert (answer.status_code, answer.headers["location"]) == (
                303, "/automations/Hot%20overnight?said=tested")  # fmt: skip
            assert "test mail is sent to you" in shown(manager.get(answer.headers["location"]))
            assert "Send a test mail" not in shown(manager.get("/automations/Monday%20call"))
            analyst = logged_in(address, ruled.crew.emails["analyst"])
            assert "Send a test" not in shown(analyst.get("/automations/Hot%20overnight"))
            answer = sent(analyst, "/automations/Hot%20overnight/test-mail", lead="L-1003")
            assert answer.status_code == 403
        settings.write_text(text, "utf-8")
    (arrived,) = mails.arrived
    assert arrived.recipients == ("manager@example.com",)
    assert arrived.message["Subject"].startswith("[Test] ")


def test_tasks_stand_above_the_list_of_the_rep_alone(ruled: Ruled) -> None:
    html = shown(ruled.sales.get("/today"))
    assert "1 task to do" in html
    assert "Customer 1001" in html
    assert "Customer 1002" not in html
    assert ruled.sales.get("/api/v1/today").json()["tasks"][0]["rep_id"] == REP
    assert ruled.sales.get("/api/v1/tasks").json()["total"] == 1
    foreign = sent(ruled.sales, "/tasks/2/done")
    missing = sent(ruled.sales, "/tasks/999/done")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.text.replace("no. 2", "") == missing.text.replace("no. 999", "")
    answer = sent(ruled.sales, "/tasks/1/done", back="/today")
    assert (answer.status_code, answer.headers["location"]) == (303, "/today")
    with ruled.workspace.state.reading() as connection:
        task = task_of_number(connection, 1)
    assert task is not None
    assert task["done_by"] == "sales@example.com"
    assert "to do" not in shown(ruled.sales.get("/today"))
    assert ruled.sales.get("/api/v1/tasks").json()["total"] == 0


def test_a_task_of_another_rep_is_done_by_whoever_the_list_deals_the_lead(ruled: Ruled) -> None:
    with ruled.workspace.state.writing() as connection:
        for n, lead in enumerate(("L-1005", "L-1006")):  # dealt to rep 1, who is sales, and rep 2
            add_task(connection, {
                "key": f"other {n}", "lead_id": lead, "person_id": lead, "product_id": "",
                "label": lead, "rep_id": "rep 3", "text": "Call", "why": "x", "rule": "Call again",
                "due_day": 14_915, "made_at": AT,
            })  # fmt: skip
        mine, others = sorted(row["id"] for row in open_tasks(connection, ("rep 3",)))[-2:]
    assert f'formaction="/tasks/{mine}/done"' in shown(ruled.sales.get("/leads/L-1005"))
    assert sent(ruled.sales, f"/tasks/{mine}/done", back="/leads/L-1005").status_code == 303
    assert sent(ruled.sales, f"/tasks/{others}/done").status_code == 404
    with ruled.workspace.state.reading() as connection:
        task = task_of_number(connection, mine)
    assert task is not None
    assert task["done_by"] == "sales@example.com"


@pytest.mark.parametrize("back", ["https://elsewhere.example", "//elsewhere", "/leads/\\x", "/x"])
def test_a_task_leads_back_to_pages_of_ours_alone(ruled: Ruled, back: str) -> None:
    answer = sent(ruled.manager, "/tasks/4/done", back=back)
    assert answer.headers["location"] == "/tasks"


def test_the_page_of_a_lead_says_what_automations_did(ruled: Ruled) -> None:
    done = shown(ruled.manager.get("/leads/L-1004"))
    assert "What automations did" in done
    assert "new owner by “Call again”" in done
    task = shown(ruled.manager.get("/leads/L-1003"))
    assert "1 task to do" in task
    # Whom a rule leaves alone to be measured, or holds back, is not told.
    for lead in ("L-1008", "L-1007"):
        assert "What automations did" not in shown(ruled.manager.get(f"/leads/{lead}"))
        assert ruled.manager.get(f"/api/v1/leads/{lead}").json()["automations"] == []


def test_an_empty_workspace_says_how_to_begin(empty_address: str) -> None:
    html = shown(HTTP.get(f"{empty_address}/automations"))
    assert "No rule yet." in html
    assert "No worker runs" in html
    assert "off until somebody switches it on" in html


def test_rules_of_every_kind_have_a_form_and_a_page(ruled: Ruled, tmp_path: Path) -> None:
    from redumbrella.settings.automations import ACTIONS, TRIGGERS

    for trigger in TRIGGERS:
        shown(ruled.manager.get(f"/automations/new?trigger={trigger}&action=task"))
    for action in ACTIONS:
        shown(ruled.manager.get(f"/automations/new?trigger=lead&action={action}"))
    written = {"kind": "write_back", "webhook": "crm", "path": "/leads/{{ lead_id }}",
               "body": {"score": "{{ chance }}", "grade": "{{ grade }}"}}  # fmt: skip
    save_automation(
        ruled.workspace, {"name": "Write", "trigger": {"kind": "lead"}, "action": written}
    )
    html = shown(ruled.manager.get("/automations/Write/change"))
    assert "grade = {{ grade }}\nscore = {{ chance }}" in html
    assert "PATCH /leads/L-1003" in shown(ruled.manager.get("/automations/Write?lead=L-1003"))
    switch_automation(ruled.workspace, "Write", is_on=False)
