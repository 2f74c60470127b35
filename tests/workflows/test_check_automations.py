"""What keeps a rule from working is said in words, with the nearest right name."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from automation_world import NIGHT, company, leads, people

from redumbrella.errors import NotFoundError
from redumbrella.settings.automations import automation_of
from redumbrella.workflows.check_automations import (
    hints_of_rule,
    problems_of_rule,
    template_problems,
)
from redumbrella.workflows.try_automation import preview_message, try_automation
from redumbrella.workspace import Workspace

MAIL = """
[mail]
server = "localhost"
user = "ana"
password_env = "NO_SUCH_PASSWORD"
from = "ana@example.com"
public_url = "https://umbrella.example.com"
[[webhooks]]
name = "crm"
url = "https://hooks.example.com/x"
secret_env = "NO_SUCH_SECRET"
[[targets]]
name = "conversion"
from = "leads.won"
"""
TASK = {"kind": "task", "text": "Call {{ name }}"}
LETTER = {"kind": "mail", "subject": "Hi", "text": "Dear {{ name }}"}
PURCHASES = [{"purchase_id": "1", "person_id": "P-Ana", "at": NIGHT, "amount": 3.0}]


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A company that lacks nothing."""
    reps = [{"rep_id": "R-1", "name": "Rui", "email": "rui@example.com"}]
    tables = {"leads": leads("Ana", industry="retail", amount=3.0, renewal="2026-12-01"),
              "people": people("Ana"), "reps": reps, "purchases": PURCHASES}  # fmt: skip
    workspace = company(tmp_path_factory.mktemp("fit"), MAIL, tables)
    yield workspace
    workspace.state.close()


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A company with leads and nothing else."""
    bare_leads = [{"lead_id": "L-1", "won": None, "created_at": NIGHT}]
    workspace = company(tmp_path_factory.mktemp("bare"), "", {"leads": bare_leads})
    yield workspace
    workspace.state.close()


def problems(workspace: Workspace, **parts: Any) -> str:
    secrets = parts.pop("secrets", False)
    rule = {"name": "x", "trigger": {"kind": "lead"}, "action": TASK, **parts}
    return "\n".join(problems_of_rule(workspace, automation_of(rule), secrets=secrets))


@pytest.mark.parametrize("parts", [
    {}, {"action": LETTER}, {"action": {**LETTER, "to": "rep"}},
    {"action": {"kind": "webhook", "webhook": "crm"}}, {"action": {"kind": "owner", "rep": "R-1"}},
    {"where": {"industry": "retail"}}, {"trigger": {"kind": "event", "event": "purchase"}},
    {"trigger": {"kind": "crossing", "above": 0.5}},
    {"trigger": {"kind": "date", "field": "created_at", "days_before": -3}},
    {"trigger": {"kind": "date", "field": "renewal"}}, {"goal": "purchase"},
])  # fmt: skip
def test_a_rule_that_lacks_nothing_has_no_problem(fit: Workspace, parts: dict[str, Any]) -> None:
    assert problems(fit, **parts) == ""


@pytest.mark.parametrize(("parts", "words"), [
    ({"action": {"kind": "webhook", "webhook": "crn"}}, 'no webhook "crn"'),
    ({"action": {"kind": "webhook", "webhook": "crn"}}, 'Did you mean "crm"?'),
    ({"action": {"kind": "owner", "rep": "R-2"}}, 'no rep "R-2"'),
    ({"action": {"kind": "task", "text": "{{ nmae }}"}}, "no value 'nmae'"),
    ({"action": {**LETTER, "subject": "{{ x"}}, "of the subject"),
    ({"where": {"industri": "retail"}}, 'Did you mean "industry"?'),
    ({"trigger": {"kind": "event", "event": "purchas"}}, 'Did you mean "purchase"?'),
    ({"trigger": {"kind": "date", "field": "renewel"}}, 'of the record is called "renewel"'),
    ({"trigger": {"kind": "date", "field": "create_at"}}, 'Did you mean "created_at"?'),
    ({"trigger": {"kind": "date", "field": "amount"}}, 'The field "amount" holds no dates.'),
    ({"trigger": {"kind": "date", "field": "amount"}}, "Fields with dates: created_at, "),
    ({"trigger": {"kind": "date", "field": "industry"}}, '"industry" holds no dates'),
    ({"where": {"segment": "at rsik"}}, "Segments: active, new, at risk, lost."),
    ({"where": {"segment": "at rsik"}}, 'Did you mean "at risk"?'),
    ({"where": {"segment": "at risk"}}, "no customers are valued yet"),
    ({"goal": "wonn"}, 'nothing of the kind "wonn" is on record'),
    ({"goal": "wonn"}, 'Goals: won, purchase. Did you mean "won"?'),
    ({"trigger": {"kind": "crossing", "above": 0.5, "target": "conversio"}}, "conversion"),
    ({"trigger": {"kind": "churn", "above": 0.5}}, "No target says who is leaving"),
    ({"action": LETTER, "secrets": True}, "NO_SUCH_PASSWORD"),
    ({"action": {"kind": "webhook", "webhook": "crm"}, "secrets": True}, "NO_SUCH_SECRET"),
])  # fmt: skip
def test_each_problem_is_said(fit: Workspace, parts: dict[str, Any], words: str) -> None:
    assert words in problems(fit, **parts)


@pytest.mark.parametrize(("parts", "words"), [
    ({"action": LETTER}, "add [mail]"),
    ({"action": LETTER}, "e-mail address"),
    ({"action": LETTER}, "No field says who agreed to mails"),
    ({"action": {"kind": "owner", "rep": "R-1"}}, "Leads have no owner"),
    ({"trigger": {"kind": "event", "event": "click"}}, '"click" is on record'),
    ({"action": {**LETTER, "to": "rep"}}, "No open lead has a rep, so every mail is held back"),
    ({"goal": "purchase"}, "Goals: won."),
])  # fmt: skip
def test_a_bare_company_lacks_much(bare: Workspace, parts: dict[str, Any], words: str) -> None:
    assert words in problems(bare, **parts)


def test_a_mail_to_reps_says_how_many_leads_have_none(tmp_path: Path) -> None:
    reps = [{"rep_id": "R-1", "name": "Rui", "email": "rui@example.com"}]
    known = [*leads("Ana"), *leads("Bea", rep_id="R-2"), *leads("Carl", rep_id=None),
             *leads("Dora", rep_id=None, won=True)]  # fmt: skip
    workspace = company(tmp_path, MAIL, {"leads": known, "reps": reps})
    rule = {"name": "x", "trigger": {"kind": "lead"}, "action": {**LETTER, "to": "rep"}}
    assert problems_of_rule(workspace, automation_of(rule)) == ()
    assert hints_of_rule(workspace, automation_of(rule)) == (
        '1 of 3 open leads have no rep: mails about them are held back with the reason "the lead '
        'has no rep".',
        "1 of 3 open leads have a rep without an e-mail address: mails about them are held back.",
    )
    assert hints_of_rule(workspace, automation_of({**rule, "action": LETTER})) == ()
    workspace.state.close()


def test_templates_say_which_part_is_wrong(fit: Workspace) -> None:
    rule = {"name": "x", "trigger": {"kind": "lead"}, "action": {
        "kind": "write_back", "webhook": "crm", "path": "/{{ nobody }}",
        "body": {"score": "{{ chanse }}"}}}  # fmt: skip
    found = dict(template_problems(fit, automation_of(rule).action))
    assert "of the path" in found["path"]
    assert "of the body.score" in found["body"]


def test_a_preview_has_the_values_of_the_lead_and_of_its_person(fit: Workspace) -> None:
    rule = automation_of({"name": "x", "trigger": {"kind": "lead"}, "action": LETTER})
    shown = preview_message(fit, rule, "L-Ana")
    assert (shown.to, shown.text, shown.problem) == ("ana@people.example", "Dear Ana Sousa", "")
    with pytest.raises(NotFoundError, match="no lead"):
        preview_message(fit, rule, "L-Nobody")
    broken = automation_of({"name": "x", "trigger": {"kind": "lead"}, "action": {
        **LETTER, "text": "{{ name|round }}"}})  # fmt: skip
    assert "cannot be made" in preview_message(fit, broken, "L-Ana").problem


def test_a_dry_run_tells_in_a_sentence(fit: Workspace) -> None:
    rule = automation_of({"name": "x", "trigger": {"kind": "lead"}, "action": TASK, "control": 0})
    told = try_automation(fit, rule, 366).told
    assert told in (
        "It would have fired 1 time in the last 366 days, for 1 person: 1 done.",
        "It would have fired 1 time in the last 366 days, for 1 person: 1 held back.",
    )
    assert try_automation(fit, rule, 1).told == "It would not have fired in the last day."


def test_the_address_may_stand_with_the_lead_alone(tmp_path: Path) -> None:
    rows = leads("Ana", email="ana@leads.example", consent="yes")
    workspace = company(tmp_path, MAIL, {"leads": rows})
    rule = automation_of({"name": "x", "trigger": {"kind": "lead"}, "action": LETTER})
    assert problems_of_rule(workspace, rule) == ()
    assert preview_message(workspace, rule, "L-Ana").to == "ana@leads.example"
    workspace.state.close()
