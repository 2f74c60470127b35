"""Rules of automations with everything that they leave: an outbox in all states, tasks, members."""

from datetime import UTC, datetime

from redumbrella.clock import now, to_microseconds
from redumbrella.state import outbox, outreach
from redumbrella.state.jobs import add_job, start_worker
from redumbrella.workflows.automation_rules import save_automation, switch_automation
from redumbrella.workspace import Workspace

AT = to_microseconds(datetime(2010, 11, 2, 8, tzinfo=UTC))
HOUR = 3_600_000_000
DAY = 14_915
HOSTILE = "<img src=x onerror=alert(1)>"
RULES = """
[mail]
server = "localhost"
security = "none"
from = "Ana Sousa <sales@example.com>"
public_url = "https://umbrella.example.com"

[[webhooks]]
name = "crm"
url = "https://hooks.example.com/leads"
secret_env = "UMBRELLA_WEBHOOK_CRM"

[[automations]]
name = "Hot overnight"
trigger = { kind = "jump", from = 0.3, to = 0.9, days = 1 }
where = { grade = "A", source = "web" }
[automations.action]
kind = "mail"
subject = "{{ first_name }}, your offer"
text = "Dear {{ name }}, your chance is {{ chance|percent }}."
html = "<p style='color: teal'>Dear <b>{{ name }}</b></p>"
send = "next working morning at 08:00"

[[automations]]
name = "Call again"
trigger = { kind = "outcome", outcome = "no_answer" }
action = { kind = "task", text = "Call {{ name }} again about {{ job }}" }

[[automations]]
name = "Tell the CRM"
trigger = { kind = "crossing", above = 0.6 }
action = { kind = "webhook", webhook = "erp" }
"""
PAGE_RULE = {
    "name": "Monday call",
    "trigger": {"kind": "schedule", "at": "every Monday at 08:00"},
    "where": {"grade": ["A", "B"]},
    "action": {"kind": "task", "text": "Call {{ name }}"},
}


def fill_automations(workspace: Workspace) -> None:
    """The rules above: one on, one made on the page in two versions, and what they did."""
    save_automation(workspace, {**PAGE_RULE, "where": {"grade": "A"}})
    save_automation(workspace, PAGE_RULE)
    switch_automation(workspace, "Hot overnight", is_on=True)
    switch_automation(workspace, "Call again", is_on=True)
    with workspace.state.writing() as connection:
        outbox.plan_actions(connection, [_action(i) for i in range(len(STATES))])
        for i in range(4):
            outreach.add_task(connection, _task(i))
            outreach.add_member(connection, _member(i))
        start_worker(connection, "here-1", "here", 1, now())
        add_job(connection, "run", now() + HOUR)


STATES = (
    ("planned", ""), ("claimed", ""), ("sending", ""), ("sent", "sent to ana@example.com"),
    ("failed", "given up after 9 tries: 500 Internal Server Error"),
    ("cancelled", "the rule was switched off"), ("suppressed", "wants no contact"),
    ("control", "left alone, as 10% are, to see what it brings"), ("planned", "421 try again"),
    ("suppressed", HOSTILE),
)  # fmt: skip


def _action(i: int) -> dict[str, object]:
    state, reason = STATES[i]
    return {
        "key": f"key {i}", "rule": ("Hot overnight", "Call again")[i % 2], "version": 1,
        "kind": ("mail", "task", "webhook", "owner", "audience", "write_back")[i % 6],
        "target": "conversion", "lead_id": f"L-{1001 + i}", "person_id": f"L-{1001 + i}",
        "product_id": "", "rep_id": f"rep {(i + 1) % 4}",
        "label": HOSTILE if i == 0 else f"Customer {1001 + i}",
        "why": "the chance rose from 20.0 % to 91.0 % within a day", "state": state,
        "reason": reason, "fired_at": AT - HOUR, "planned_at": AT + i, "due_at": AT + i * HOUR,
        "done_at": None if state in outbox.UNDONE else AT + i * HOUR,
    }  # fmt: skip


def _task(i: int) -> dict[str, object]:
    return {
        "key": f"task {i}", "lead_id": f"L-{1001 + i}", "person_id": f"L-{1001 + i}",
        "product_id": "", "label": f"Customer {1001 + i}", "rep_id": f"rep {(i + 1) % 4}",
        "text": f"Call again, ask for {HOSTILE}" if i == 0 else "Call again about the offer",
        "why": "outcome: no answer", "rule": "Call again", "due_day": DAY + i // 2,
        "made_at": AT + i,
    }  # fmt: skip


def _member(i: int) -> dict[str, object]:
    return {
        "audience": ("Spring offer", HOSTILE)[i % 2], "person_id": f"L-{1001 + i}",
        "lead_id": f"L-{1001 + i}", "label": f"Customer {1001 + i}",
        "rep_id": f"rep {(i + 1) % 4}", "rule": "Hot overnight", "added_at": AT + i,
    }  # fmt: skip
