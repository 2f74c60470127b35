"""Rules in plain words: every trigger and action, conditions, limits, what a version changed."""

from typing import Any

import pytest

from redumbrella.settings.automations import ACTIONS, TRIGGERS, automation_of
from redumbrella.views.rule_words import automation_sentence, difference, guard_words

TASK = {"kind": "task", "text": "Call"}
NO_BREAK = "\N{NO-BREAK SPACE}"
TRIGGER_WORDS = [
    ({"kind": "jump", "from": 0.3, "to": 0.9}, "When the chance rises from at most 30 % to at "
     "least 90 % within a day"),
    ({"kind": "jump", "from": 0.125, "to": 0.9, "days": 3, "target": "conversion"},
     "When the chance of “conversion” rises from at most 12.5 % to at least 90 % within 3 days"),
    ({"kind": "crossing", "above": 0.6}, "When the chance rises above 60 %"),
    ({"kind": "crossing", "below": 0.2}, "When the chance falls below 20 %"),
    ({"kind": "grade"}, "When the grade changes"),
    ({"kind": "grade", "to": ["A", "B"]}, "When the grade becomes A or B"),
    ({"kind": "churn", "above": 0.6}, "When the chance to leave rises above 60 %"),
    ({"kind": "event", "event": "pricing_view"}, "When “pricing_view” happens"),
    ({"kind": "lead"}, "When a new lead comes in"),
    ({"kind": "outcome", "outcome": "no_answer"}, "When “no answer” is logged"),
    ({"kind": "silence", "days": 30}, "When nothing is heard for 30 days"),
    ({"kind": "silence", "days": 1}, "When nothing is heard for 1 day"),
    ({"kind": "date", "field": "renewal", "days_before": 3}, "3 days before “renewal”"),
    ({"kind": "date", "field": "renewal", "days_before": -1}, "1 day after “renewal”"),
    ({"kind": "date", "field": "renewal"}, "On the day of “renewal”"),
    ({"kind": "schedule", "at": "every Monday at 08:00"}, "Every Monday at 08:00"),
]  # fmt: skip
ACTION_WORDS = [
    ({"kind": "mail", "subject": "Hi", "text": "x", "send": "next working morning at 08:00"},
     "an e-mail, next working morning at 08:00."),
    ({"kind": "mail", "to": "rep", "subject": "Hi", "text": "x"}, "an e-mail to the rep, at once."),
    ({"kind": "webhook", "webhook": "crm"}, "a message to the system “crm”, at once."),
    (TASK, "a task for the rep, at once."),
    ({"kind": "owner", "rep": "ana"}, "ana becomes the owner, at once."),
    ({"kind": "audience", "audience": "Spring"}, "a place in the audience “Spring”, at once."),
    ({"kind": "write_back", "webhook": "crm", "path": "/x", "body": {"a": "b"}},
     "fields written back to “crm”, at once."),
]  # fmt: skip


def sentence(**parts: Any) -> str:
    rule = {"name": "x", "trigger": {"kind": "lead"}, "action": TASK, **parts}
    return automation_sentence(automation_of(rule)).replace(NO_BREAK, " ")


@pytest.mark.parametrize(("trigger", "words"), TRIGGER_WORDS)
def test_every_trigger_in_words(trigger: dict[str, Any], words: str) -> None:
    assert sentence(trigger=trigger) == f"{words}: a task for the rep, at once."


@pytest.mark.parametrize(("action", "words"), ACTION_WORDS)
def test_every_action_in_words(action: dict[str, Any], words: str) -> None:
    assert sentence(action=action) == f"When a new lead comes in: {words}"


def test_the_tables_above_leave_no_kind_out() -> None:
    assert {trigger["kind"] for trigger, _ in TRIGGER_WORDS} == set(TRIGGERS)
    assert {action["kind"] for action, _ in ACTION_WORDS} == set(ACTIONS)


def test_conditions_say_for_whom() -> None:
    where = {"grade": ["A", "B"], "source": "web", "segment": "lost", "job": "baker",
             "min_probability": 0.5, "min_expected_value": 1200}  # fmt: skip
    assert ", for grade A or B, source web, job baker, segment lost, a chance of at least 50 % " \
        "and an expected value of at least 1,200:" in sentence(where=where)  # fmt: skip


def test_limits_are_those_of_the_rule_else_of_all() -> None:
    mail = {"kind": "mail", "subject": "Hi", "text": "x"}
    rule = {"name": "x", "trigger": {"kind": "lead"}, "action": mail}
    said = " ".join(guard_words(automation_of(rule), (0.1, 7.0, 500)))
    assert "10" in said
    assert "within 7 days" in said
    assert "500 contacts a day by all rules together." in said
    own = {**rule, "control": 0, "cool_down_days": 3, "a_day": 20}
    said = " ".join(guard_words(automation_of(own), (0.1, 7.0, 500)))
    assert "cannot be measured" in said
    assert "within 3 days" in said
    assert "20 of them by this" in said
    webhook = {**rule, "action": {"kind": "webhook", "webhook": "crm"}}
    assert len(guard_words(automation_of(webhook), (0.1, 7.0, 500))) == 1  # reaches nobody


def test_a_version_says_what_it_changed() -> None:
    before = {"name": "x", "where": {"grade": "A"}, "action": {"text": "old " * 40}}
    after = {"name": "x", "where": {"grade": ["A", "B"]}, "control": 0.2}
    assert difference(before, after) == (
        "where.grade: “A” became “A, B”",
        f"action.text taken out, was “{('old ' * 15)}…”",
        "control = “0.2”",
    )
    assert difference(before, before) == ()
