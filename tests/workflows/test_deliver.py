"""Deliveries against a real mail server and a real receiver: once, when due, with their reasons."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from automation_world import (
    HOT,
    NIGHT,
    actions,
    add_rows,
    company,
    instant,
    leads,
    people,
    scored,
)
from mail_receiver import MailReceiver, mail_server
from sqlalchemy import select
from standardwebhooks import Webhook as Verifier
from webhook_receiver import Receiver, receiving, status

from redumbrella.access.unsubscribe import read_token, unsubscribe_token
from redumbrella.clock import now
from redumbrella.errors import ConflictError, EngineError, NotFoundError
from redumbrella.progress import silent
from redumbrella.state.jobs import bury_dead_workers, start_worker
from redumbrella.state.outbox import cancel_actions, claim_actions, plan_actions
from redumbrella.state.outreach import (
    audiences,
    known_secret_of_links,
    open_tasks,
    secret_of_links,
    unsubscribe,
)
from redumbrella.views.outbox import DeliveryFault, delivery_faults
from redumbrella.workflows import automation_rules, deliver, fire_automations
from redumbrella.workflows.automation_rules import (
    save_automation,
    stop_automations,
    switch_automation,
)
from redumbrella.workflows.cancel_action import cancel_action
from redumbrella.workflows.deliver import Deliverer
from redumbrella.workflows.retry_action import retry_action
from redumbrella.workflows.unsubscribe import unsubscribe_person
from redumbrella.workspace import Workspace

SECRET = "whsec_" + "QUFB" * 10
SENT = 70  # messages that workers send while they are killed
Clock = Callable[[datetime], None]


@pytest.fixture
def mails() -> Iterator[MailReceiver]:
    with mail_server() as made:
        yield made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    def set_to(moment: datetime) -> None:
        for module in (fire_automations, automation_rules, deliver):
            monkeypatch.setattr(module, "now", lambda: instant(moment))

    set_to(NIGHT - timedelta(hours=1))
    monkeypatch.setenv("UMBRELLA_WEBHOOK_CRM", SECRET)
    return set_to


def mail_settings(port: int) -> str:
    return f"""
[mail]
server = "localhost"
port = {port}
security = "none"
from = "Rui Costa <sales@umbrella.example>"
public_url = "https://umbrella.example"
a_minute = 60000
"""


def hook_settings(url: str) -> str:
    return f"""
[[webhooks]]
name = "crm"
url = "{url}"
secret_env = "UMBRELLA_WEBHOOK_CRM"
private = true
"""


def delivered(workspace: Workspace, worker: str = "w") -> int:
    """What one worker does in one go."""
    deliverer = Deliverer(workspace, worker)
    try:
        return deliverer.deliver_due()
    finally:
        deliverer.close()


def hot(
    tmp_path: Path, clock: Clock, settings: str, reps: list[dict[str, Any]] | None = None
) -> Workspace:
    """A company in which Ana's score jumped in the night, and its rules have seen it at 03:10."""
    tables = {"people": people("Ana"), "leads": leads("Ana")} | ({"reps": reps} if reps else {})
    workspace = company(tmp_path, HOT + settings, tables)
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.3})
    for one in workspace.settings.automations:
        switch_automation(workspace, one.name, is_on=True)
    scored(workspace, NIGHT, {"Ana": 0.9})
    clock(NIGHT + timedelta(minutes=10))
    fire_automations.fire_automations(workspace, silent)
    return workspace


def planned(workspace: Workspace, count: int = 1, kind: str = "webhook", **more: Any) -> None:
    """Actions of the rule "Told" that are due."""
    at = deliver.now()
    rows = [
        {"key": f"k{n}", "rule": "Told", "version": 1, "kind": kind, "target": "", "lead_id":
         "L-Ana", "person_id": "P-Ana", "product_id": "", "rep_id": "R-1", "label": "Ana Sousa",
         "why": "a new lead", "state": "planned", "reason": "", "fired_at": at, "planned_at": at,
         "due_at": at, **more}
        for n in range(count)
    ]  # fmt: skip
    with workspace.state.writing() as connection:
        plan_actions(connection, rows)


def told(tmp_path: Path, url: str, action: dict[str, Any] | None = None) -> Workspace:
    """A company with the rule "Told" on."""
    tables = {"people": people("Ana"), "leads": leads("Ana", staff=24.0),
              "reps": [{"rep_id": "R-1"}, {"rep_id": "R-2"}]}  # fmt: skip
    workspace = company(tmp_path, hook_settings(url), tables)
    save_automation(workspace, {
        "name": "Told", "trigger": {"kind": "lead"}, "control": 0,
        "action": action or {"kind": "webhook", "webhook": "crm"},
    })  # fmt: skip
    switch_automation(workspace, "Told", is_on=True)
    return workspace


def test_a_jump_in_the_night_is_one_mail_in_the_morning(
    tmp_path: Path, clock: Clock, mails: MailReceiver
) -> None:
    workspace = hot(tmp_path, clock, mail_settings(mails.port))
    clock(NIGHT + timedelta(hours=4, minutes=59))
    assert delivered(workspace) == 0
    clock(NIGHT + timedelta(hours=5))
    assert delivered(workspace) == 1
    assert delivered(workspace) == 0
    fire_automations.fire_automations(workspace, silent)
    assert delivered(workspace) == 0
    (arrived,) = mails.arrived
    message = arrived.message
    assert message["To"] == "ana@people.example"
    assert message["Subject"] == "An offer for Ana"
    assert message.get_content().strip() == "Dear Ana Sousa, your chance is 90\u00a0%."
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = message["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    with workspace.state.reading() as connection:
        secret = known_secret_of_links(connection)
    assert secret is not None
    assert read_token(secret, token) == "P-Ana"
    ((state, content, tries),) = actions(workspace, "state", "content", "tries")
    assert (state, tries) == ("sent", 1)
    assert json.loads(content)["message_id"] == message["Message-ID"]


@pytest.mark.parametrize(
    ("what", "state", "reason"),
    [
        ("unsubscribed", "suppressed", "wants no more mails"),
        ("refuses", "suppressed", "wants no contact"),
        ("won", "cancelled", "the lead was closed meanwhile"),
        ("off", "cancelled", "the rule was switched off"),
    ],
)
def test_what_changed_until_the_morning_counts(
    tmp_path: Path, clock: Clock, mails: MailReceiver, what: str, state: str, reason: str
) -> None:
    workspace = hot(tmp_path, clock, mail_settings(mails.port))
    later = NIGHT + timedelta(hours=2)
    if what == "unsubscribed":
        with workspace.state.writing() as connection:
            unsubscribe(connection, "P-Ana", instant(later), "Hot overnight")
    elif what == "refuses":
        add_rows(workspace, "people", people("Ana", consent="no"), later)
    elif what == "won":
        add_rows(workspace, "leads", leads("Ana", won=True), later)
    else:
        switch_automation(workspace, "Hot overnight", is_on=False)
    clock(NIGHT + timedelta(hours=5))
    delivered(workspace)
    assert mails.arrived == []
    assert actions(workspace, "state", "reason") == [(state, reason)]


def test_whoever_unsubscribes_is_still_spoken_of_to_the_rep(
    tmp_path: Path, clock: Clock, mails: MailReceiver
) -> None:
    """Only what goes to the person is cancelled; what tells the rep of the lead stays."""
    inside = """
[[automations]]
name = "Tell the rep"
trigger = { kind = "jump", from = 0.3, to = 0.9, days = 1 }
control = 0
action = { kind = "mail", to = "rep", subject = "{{ name }}", text = "Call", send = "in 2 hours" }
"""
    reps = [{"rep_id": "R-1", "name": "Rui", "email": "rui@example.com"}]
    workspace = hot(tmp_path, clock, inside + mail_settings(mails.port), reps=reps)
    with workspace.state.writing() as connection:
        token = unsubscribe_token(secret_of_links(connection), "P-Ana", "Hot overnight")
    assert unsubscribe_person(workspace, token, "198.51.100.7")
    assert sorted(actions(workspace, "rule", "state")) == [
        ("Hot overnight", "cancelled"), ("Tell the rep", "planned")]  # fmt: skip
    clock(NIGHT + timedelta(hours=5))
    delivered(workspace)
    (arrived,) = mails.arrived
    assert arrived.message["To"] == "rui@example.com"


def test_a_mail_to_a_rep_whose_address_is_gone_is_held_back(
    tmp_path: Path, clock: Clock, mails: MailReceiver
) -> None:
    reps = [{"rep_id": "R-1", "name": "Rui", "email": "rui@example.com"}]
    workspace = hot(tmp_path, clock, mail_settings(mails.port), reps=reps)
    save_automation(workspace, {"name": "Told", "trigger": {"kind": "lead"}, "action": {
        "kind": "mail", "to": "rep", "subject": "x", "text": "y"}})  # fmt: skip
    switch_automation(workspace, "Told", is_on=True)
    planned(workspace, 1, "mail", rep_id="R-9")
    delivered(workspace)
    assert actions(workspace, "state", "reason")[-1] == (
        "suppressed", 'no e-mail address of the rep "R-9" is known')  # fmt: skip


def test_a_mail_that_is_refused_or_put_off(
    tmp_path: Path, clock: Clock, mails: MailReceiver
) -> None:
    workspace = hot(tmp_path, clock, mail_settings(mails.port))
    mails.at_recipient["ana@people.example"] = "451 later"
    clock(NIGHT + timedelta(hours=5))
    delivered(workspace)
    ((state, reason, tries, due),) = actions(workspace, "state", "reason", "tries", "due_at")
    assert (state, tries) == ("planned", 1)
    assert "451" in reason
    assert due > instant(NIGHT + timedelta(hours=5))
    mails.at_recipient["ana@people.example"] = "550 no such person"
    clock(NIGHT + timedelta(hours=6))
    delivered(workspace)
    ((state, reason, tries),) = actions(workspace, "state", "reason", "tries")
    assert (state, tries) == ("failed", 2)
    assert "550" in reason


def test_what_stops_every_mail_is_told_until_it_is_mended(
    tmp_path: Path, clock: Clock, mails: MailReceiver
) -> None:
    workspace = hot(tmp_path, clock, mail_settings(mails.port))
    mails.at_recipient["ana@people.example"] = "451 later"  # a matter of this mail alone
    clock(NIGHT + timedelta(hours=5))
    delivered(workspace)
    assert faults(workspace) == ()
    mails.at_recipient["ana@people.example"] = "530 who are you"
    clock(NIGHT + timedelta(hours=6))
    delivered(workspace)
    (fault,) = faults(workspace)
    assert (fault.kind, fault.actions) == ("mail", 1)
    assert "check user and password_env of [mail]" in fault.message
    assert fault.said("UTC").endswith(
        "Until then 1 action (e-mail) waits; the next try is at 2026-10-27 09:10."
    )
    del mails.at_recipient["ana@people.example"]
    clock(NIGHT + timedelta(hours=7))
    delivered(workspace)
    assert len(mails.arrived) == 1
    assert faults(workspace) == ()


def test_a_password_that_is_missing_is_told_too(tmp_path: Path, clock: Clock) -> None:
    login = 'user = "ana"\npassword_env = "NO_SUCH_PASSWORD"\n'
    workspace = hot(tmp_path, clock, mail_settings(25) + login)
    clock(NIGHT + timedelta(hours=5))
    delivered(workspace)
    (fault,) = faults(workspace)
    assert "NO_SUCH_PASSWORD" in fault.message
    assert "start again" in fault.message


def faults(workspace: Workspace) -> tuple[DeliveryFault, ...]:
    with workspace.state.reading() as connection:
        return delivery_faults(connection)


def test_what_failed_is_tried_again_under_the_same_id(tmp_path: Path, clock: Clock) -> None:
    with receiving(status(400)) as receiver:
        workspace = told(tmp_path, receiver.url)
        planned(workspace)
        moment = NIGHT
        while actions(workspace, "state") == [("planned",)]:
            moment += timedelta(hours=12)
            clock(moment)
            delivered(workspace)
        ((state, tries),) = actions(workspace, "state", "tries")
        assert (state, tries > 0) == ("failed", True)
        with pytest.raises(NotFoundError, match="no action no"):
            retry_action(workspace, 9)
        switch_automation(workspace, "Told", is_on=False)
        with pytest.raises(ConflictError, match='its rule "Told" is off'):
            retry_action(workspace, 1)
        switch_automation(workspace, "Told", is_on=True)
        before = len(receiver.received)
        retry_action(workspace, 1)
        assert actions(workspace, "state", "tries", "done_at", "key", "reason") == [
            ("planned", 0, None, "k0", "")]  # fmt: skip
        with pytest.raises(ConflictError, match="has not failed"):
            retry_action(workspace, 1)
        receiver.answer = status(200)
        clock(datetime.now(NIGHT.tzinfo) + timedelta(seconds=5))
        delivered(workspace)
    assert actions(workspace, "state") == [("sent",)]
    assert len(receiver.received) == before + 1
    assert len(ids(receiver)) == 1
    with pytest.raises(ConflictError, match=r"It was sent on \d{4}-.* and cannot be called back"):
        cancel_action(workspace, 1)


def test_stopped_nothing_leaves(tmp_path: Path, clock: Clock, mails: MailReceiver) -> None:
    workspace = hot(tmp_path, clock, mail_settings(mails.port))
    stop_automations(workspace, is_stopped=True)
    clock(NIGHT + timedelta(hours=5))
    assert delivered(workspace) == 0
    stop_automations(workspace, is_stopped=False)
    assert delivered(workspace) == 1
    assert len(mails.arrived) == 1


def test_a_webhook_is_signed_and_says_what_fired(tmp_path: Path, clock: Clock) -> None:
    with receiving() as receiver:
        workspace = told(tmp_path, receiver.url)
        clock(datetime.now(NIGHT.tzinfo))  # the verifier looks at the clock
        planned(workspace)
        delivered(workspace)
    (request,) = receiver.received
    event = Verifier(SECRET).verify(
        request.body, {k.lower(): v for k, v in request.headers.items()}
    )
    assert event["type"] == "automation.fired"
    assert event["data"]["rule"] == "Told"
    assert event["data"]["lead_id"] == "L-Ana"
    assert actions(workspace, "state") == [("sent",)]


@pytest.mark.parametrize(
    ("code", "wait", "state", "least"),
    [(500, "", "planned", 1), (429, "600", "planned", 600), (302, "", "planned", 1),
     (410, "", "failed", 0)],
)  # fmt: skip
def test_what_a_receiver_answers(
    tmp_path: Path, clock: Clock, code: int, wait: str, state: str, least: int
) -> None:
    more = {"Retry_After": wait} if wait else {}
    with receiving(status(code, **more)) as receiver:
        workspace = told(tmp_path, receiver.url)
        clock(NIGHT)
        planned(workspace)
        planned(workspace, key="later", due_at=instant(NIGHT + timedelta(days=1)))
        delivered(workspace)
    ((found, reason, due), (other, _, _)) = actions(workspace, "state", "reason", "due_at")
    assert other == ("cancelled" if code == 410 else "planned")
    assert (found, str(code) in reason) == (state, True)
    assert due >= instant(NIGHT + timedelta(seconds=least))
    with workspace.state.reading() as connection:
        is_on = automation_rules.rule_named(workspace.settings, connection, "Told").is_on
    assert is_on is (code != 410)


def test_what_fails_for_a_day_is_given_up(tmp_path: Path, clock: Clock) -> None:
    with receiving(status(500)) as receiver:
        workspace = told(tmp_path, receiver.url)
        clock(NIGHT)
        planned(workspace)
        at = NIGHT
        for _ in range(30):
            delivered(workspace)
            ((state, due),) = actions(workspace, "state", "due_at")
            if state == "failed":
                break
            at = max(at, NIGHT + timedelta(microseconds=due - instant(NIGHT)))
            clock(at)
    ((state, reason),) = actions(workspace, "state", "reason")
    assert (state, reason.startswith("given up after")) == ("failed", True)
    assert timedelta(hours=12) < at - NIGHT < timedelta(hours=48)


def test_a_webhook_reaches_no_private_address_unless_allowed(tmp_path: Path, clock: Clock) -> None:
    with receiving() as receiver:
        workspace = told(tmp_path, receiver.url.replace("http:", "https:"))
        text = (tmp_path / "umbrella.toml").read_text("utf-8")
        (tmp_path / "umbrella.toml").write_text(text.replace("private = true\n", ""), "utf-8")
        from redumbrella.workspace import open_workspace

        workspace = open_workspace(tmp_path)
        clock(NIGHT)
        planned(workspace)
        delivered(workspace)
    assert receiver.received == []
    # A matter of settings: it waits until they are mended, and counts no try.
    ((state, tries, reason),) = actions(workspace, "state", "tries", "reason")
    assert (state, tries, "private" in reason) == ("planned", 0, True)


def test_tasks_audiences_and_owners_are_done_once(tmp_path: Path, clock: Clock) -> None:
    clock(NIGHT)
    workspace = told(tmp_path, "http://localhost:1/",
                     {"kind": "task", "text": "Call {{ name }} of {{ staff }}"})  # fmt: skip
    planned(workspace, kind="task")
    delivered(workspace)
    with workspace.state.reading() as connection:
        (task,) = open_tasks(connection, ["R-1"])
        assert open_tasks(connection, ["R-2"]) == []
    assert task["text"] == "Call Ana Sousa of 24"
    save_automation(workspace, {"name": "Told", "trigger": {"kind": "lead"},
                                "action": {"kind": "audience", "audience": "hot"}})  # fmt: skip
    planned(workspace, kind="audience", key="a")
    planned(workspace, kind="audience", key="b")
    delivered(workspace)
    with workspace.state.reading() as connection:
        members = connection.execute(select(audiences.c.person_id)).all()
    assert members == [("P-Ana",)]
    save_automation(workspace, {"name": "Told", "trigger": {"kind": "lead"},
                                "action": {"kind": "owner", "rep": "R-2"}})  # fmt: skip
    scored(workspace, NIGHT, {"Ana": 0.5})
    planned(workspace, kind="owner", key="c")
    delivered(workspace)
    assert workspace.lake.current("leads", ["rep_id"])["rep_id"].to_pylist() == ["R-2"]
    assert actions(workspace, "state")[-1] == ("sent",)


def test_fields_are_written_back(tmp_path: Path, clock: Clock) -> None:
    with receiving() as receiver:
        action = {"kind": "write_back", "webhook": "crm", "method": "PUT",
                  "path": "/{{ lead_id }}", "body": {"why": "{{ why }}"}}  # fmt: skip
        workspace = told(tmp_path, receiver.url, action)
        clock(NIGHT)
        planned(workspace, kind="write_back")
        delivered(workspace)
    (request,) = receiver.received
    assert (request.method, request.path) == ("PUT", "/hook/L-Ana")
    assert json.loads(request.body) == {"why": "a new lead"}


def test_what_is_cancelled_is_not_sent(tmp_path: Path, clock: Clock) -> None:
    with receiving() as receiver:
        workspace = told(tmp_path, receiver.url)
        clock(NIGHT)
        planned(workspace, 3)
        with workspace.state.writing() as connection:
            assert cancel_actions(connection, 1, "enough", number=2) == 1
        delivered(workspace)
    assert len(receiver.received) == 2


def test_what_a_dead_worker_had_claimed_is_done_by_another(tmp_path: Path, clock: Clock) -> None:
    with receiving() as receiver:
        workspace = told(tmp_path, receiver.url)
        clock(NIGHT)
        planned(workspace, 5)
        with workspace.state.writing() as connection:
            start_worker(connection, "dead", "elsewhere", 1, instant(NIGHT))
            assert len(claim_actions(connection, "dead", instant(NIGHT), 10)) == 5
        assert delivered(workspace) == 0
        with workspace.state.writing() as connection:
            assert bury_dead_workers(connection, instant(NIGHT)) == 0
            assert bury_dead_workers(connection, instant(NIGHT + timedelta(minutes=2))) == 1
        assert delivered(workspace) == 5
    assert len(receiver.received) == 5


def test_what_cannot_be_checked_now_is_given_back(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as receiver:
        workspace = told(tmp_path, receiver.url)
        clock(NIGHT)
        planned(workspace, 2)

        def damaged(*_: object) -> None:
            raise EngineError("The lake is damaged.", reason="lake_damaged")

        with monkeypatch.context() as patch:
            patch.setattr(deliver, "people_of_leads", damaged)
            with pytest.raises(EngineError):
                delivered(workspace)
        assert actions(workspace, "state", "worker") == [("planned", "")] * 2
        with monkeypatch.context() as patch:
            patch.setattr(deliver, "post", lambda *_: 1 / 0)
            delivered(workspace)
        ((state, reason), _) = actions(workspace, "state", "reason")
        assert (state, "ZeroDivisionError" in reason) == ("planned", True)
    assert receiver.received == []


@pytest.mark.parametrize("database", ["", pytest.param("pg", marks=pytest.mark.postgresql)])
def test_two_workers_that_are_killed_lose_and_double_nothing(
    tmp_path: Path, database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real processes, ended by SIGKILL while they send; receivers tell messages by their id."""
    monkeypatch.setenv("UMBRELLA_WEBHOOK_CRM", SECRET)
    url = request.getfixturevalue("postgresql").database("worker_kills") if database else ""
    with receiving(slow) as receiver:
        tables = {"people": people("Ana"), "leads": leads("Ana")}
        settings = hook_settings(receiver.url) + '\n[worker]\nrun = "never"\n'
        workspace = company(tmp_path, settings, tables, url)
        save_automation(workspace, {
            "name": "Told", "trigger": {"kind": "outcome", "outcome": "won"},
            "action": {"kind": "webhook", "webhook": "crm"},
        })  # fmt: skip
        switch_automation(workspace, "Told", is_on=True)
        planned(workspace, SENT)
        workers = [worker(tmp_path), worker(tmp_path)]
        try:
            for kill in range(2):  # each of them once
                wait_for(lambda goal=25 * (kill + 1): len(ids(receiver)) >= goal)
                one = workers[kill % 2]
                one.send_signal(signal.SIGKILL)
                one.wait()
                workers[kill % 2] = worker(tmp_path)
            wait_for(lambda: Counter(actions(workspace, "state")) == {("sent",): SENT})
        finally:
            for one in workers:
                one.terminate()
            for one in workers:
                one.wait(30)
            found = Counter(actions(workspace, "state"))
            workspace.state.close()
    assert found == {("sent",): SENT}
    assert ids(receiver) == {f"k{n}" for n in range(SENT)}
    # Only what was under way when a worker was killed may have come a second time.
    assert len(receiver.received) <= SENT + 2 * 8


def slow(handler: Any) -> None:
    """Takes its time, so that kills meet messages under way."""
    time.sleep(0.05)
    status(200)(handler)


def ids(receiver: Receiver) -> set[str]:
    """The message ids that came."""
    return {{k.lower(): v for k, v in one.headers.items()}["webhook-id"]
            for one in receiver.received}  # fmt: skip


def worker(root: Path) -> subprocess.Popen[bytes]:
    """`umbrella work` as a process of its own."""
    command = [sys.executable, "-m", "redumbrella", "work", "-w", str(root)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, env=dict(os.environ))


def wait_for(is_so: Callable[[], bool], seconds: float = 90.0) -> None:
    """Waits until something is so."""
    last = now() + int(1e6 * seconds)
    while not is_so():
        assert now() < last, "it did not come about in time"
        time.sleep(0.02)
