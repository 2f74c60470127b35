"""Automations: what fires, who is left alone, what is planned when; mails that leave once."""

from collections.abc import Callable
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
    local,
    people,
    scored,
    states,
)
from sqlalchemy import update

from redumbrella.errors import NotFoundError
from redumbrella.progress import silent
from redumbrella.settings.automations import automation_of
from redumbrella.state.history import score_changes
from redumbrella.workflows import automation_rules, fire_automations
from redumbrella.workflows.automation_rules import (
    remove_automation,
    save_automation,
    stop_automations,
    switch_automation,
)
from redumbrella.workflows.fire_automations import dry_run
from redumbrella.workspace import Workspace

Clock = Callable[[datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    def set_to(moment: datetime) -> None:
        for module in (fire_automations, automation_rules):
            monkeypatch.setattr(module, "now", lambda: instant(moment))

    set_to(NIGHT - timedelta(hours=1))
    return set_to


def fire(workspace: Workspace) -> fire_automations.Fired:
    return fire_automations.fire_automations(workspace, silent)


def rule(name: str, trigger: str, action: str = "task", **more: Any) -> dict[str, Any]:
    """A rule without a control share; trigger: as TOML."""
    import tomllib

    text = 'kind = "task", text = "Call"' if action == "task" else action
    content = tomllib.loads(f'name = "{name}"\ntrigger = {{ {trigger} }}\naction = {{ {text} }}')
    return {**content, "control": 0, "cool_down_days": 0, **more}


def switched_on(workspace: Workspace, *rules: dict[str, Any]) -> None:
    for one in rules:
        save_automation(workspace, one)
        switch_automation(workspace, one["name"], is_on=True)


def test_a_jump_overnight_is_planned_once_for_the_morning(tmp_path: Path, clock: Clock) -> None:
    names = ("Ana", "Bea", "Carl", "Dora")
    workspace = company(tmp_path, HOT, {"people": people(*names), "leads": leads(*names)})
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.3, "Bea": 0.31, "Carl": 0.2, "Dora": 1})
    switch_automation(workspace, "Hot overnight", is_on=True)
    scored(workspace, NIGHT, {"Ana": 0.9, "Bea": 0.95, "Carl": 0.89, "Dora": 1})
    clock(NIGHT + timedelta(minutes=10))
    assert fire(workspace).counts == {"Hot overnight": {"planned": 1}}
    ((lead, state, due, why),) = actions(workspace, "lead_id", "state", "due_at", "why")
    assert (lead, state, local(due)) == ("L-Ana", "planned", "Tue 27 Oct 08:00")
    assert why == "the chance rose from 30.0\u00a0% to 90.0\u00a0% within a day"
    assert fire(workspace).counts == {"Hot overnight": {}}
    clock(NIGHT + timedelta(hours=30))
    fire(workspace)
    assert len(actions(workspace, "id")) == 1


def test_what_was_before_a_rule_was_switched_on_fires_nothing(tmp_path: Path, clock: Clock) -> None:
    workspace = company(tmp_path, HOT, {"people": people("Ana"), "leads": leads("Ana")})
    for days, chance in ((3, 0.2), (2, 0.95), (1, 0.95)):
        scored(workspace, NIGHT - timedelta(days=days), {"Ana": chance})
    switch_automation(workspace, "Hot overnight", is_on=True)
    scored(workspace, NIGHT, {"Ana": 0.96})
    clock(NIGHT)
    assert not fire(workspace).problems
    assert actions(workspace, "id") == []


def test_a_slow_rise_is_a_jump_within_days(tmp_path: Path, clock: Clock) -> None:
    names = ("Ana", "Bea")
    workspace = company(tmp_path, "", {"people": people(*names), "leads": leads(*names)})
    for days, (ana, bea) in ((4, (0.1, 0.1)), (3, (0.4, 0.5)), (2, (0.4, 0.5)), (1, (0.7, 0.5))):
        scored(workspace, NIGHT - timedelta(days=days), {"Ana": ana, "Bea": bea})
    switched_on(workspace, rule("Slow", 'kind = "jump", from = 0.45, to = 0.8, days = 3'))
    scored(workspace, NIGHT, {"Ana": 0.85, "Bea": 0.9})
    clock(NIGHT)
    assert not fire(workspace).problems
    assert actions(workspace, "lead_id") == [("L-Ana",)]


def test_crossings_grades_and_conditions(tmp_path: Path, clock: Clock) -> None:
    names = ("Ana", "Bea", "Carl")
    records = [*leads("Ana", "Bea", region="North"), *leads("Carl", region="South")]
    workspace = company(tmp_path, "", {"people": people(*names), "leads": records})
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.4, "Bea": 0.7, "Carl": 0.45})
    switched_on(
        workspace,
        rule("Up", 'kind = "crossing", above = 0.5', where={"region": "north"}),
        rule("Down", 'kind = "crossing", below = 0.5'),
        rule("Rich", 'kind = "crossing", above = 0.5', where={"min_expected_value": 55}),
    )
    scored(workspace, NIGHT, {"Ana": 0.55, "Bea": 0.3, "Carl": 0.6})
    clock(NIGHT)
    assert not fire(workspace).problems
    assert actions(workspace, "rule", "lead_id") == [
        ("Down", "L-Bea"), ("Rich", "L-Ana"), ("Rich", "L-Carl"), ("Up", "L-Ana"),
    ]  # fmt: skip


def test_events_of_a_kind_fire_for_the_open_lead(tmp_path: Path, clock: Clock) -> None:
    tables = {"people": people("Ana", "Bea"), "leads": leads("Ana", "Bea")}
    workspace = company(tmp_path, "", tables)
    fresh, old = NIGHT - timedelta(hours=2), NIGHT - timedelta(days=20)
    event = {"kind": "pricing_view", "product_id": None, "anonymous_id": None}
    add_rows(workspace, "events", [{**event, "person_id": "P-Bea", "at": old}], old)
    switched_on(workspace, rule("Seen", 'kind = "event", event = "pricing_view"'))
    new = [
        {**event, "person_id": "P-Ana", "at": fresh},
        {**event, "person_id": "P-Ana", "at": fresh},  # read twice
        {**event, "person_id": "P-Bea", "at": old},  # read late: long ago
        {**event, "person_id": "P-Bea", "at": fresh, "kind": "home"},
    ]
    add_rows(workspace, "events", new, NIGHT - timedelta(minutes=30))
    clock(NIGHT)
    assert not fire(workspace).problems
    assert actions(workspace, "lead_id", "person_id", "state", "why") == [
        ("L-Ana", "P-Ana", "planned", "pricing_view")
    ]


def test_a_flag_is_asked_for_as_files_write_it(tmp_path: Path, clock: Clock) -> None:
    records = [*leads("Ana", member=True), *leads("Bea", member=False)]
    workspace = company(tmp_path, "", {"people": people("Ana", "Bea"), "leads": records})
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.2, "Bea": 0.2})
    up = 'kind = "crossing", above = 0.5'
    switched_on(
        workspace,
        rule("Yes", up, where={"member": "yes"}),
        rule("No", up, where={"member": "false"}),
    )
    scored(workspace, NIGHT, {"Ana": 0.6, "Bea": 0.6})
    clock(NIGHT)
    assert not fire(workspace).problems
    assert actions(workspace, "rule", "lead_id") == [("No", "L-Bea"), ("Yes", "L-Ana")]


def test_what_a_lead_is_about_is_said_and_makes_no_second_firing(
    tmp_path: Path, clock: Clock
) -> None:
    tables = {"people": people("Ana"), "leads": leads("Ana", product_id="basic")}
    workspace = company(tmp_path, "", tables)
    call = {"kind": "demo", "rep_id": "R-1", "outcome": None, "product_id": None}
    switched_on(
        workspace,
        rule("Up", 'kind = "crossing", above = 0.5'),
        rule("Demo", 'kind = "event", event = "demo"'),
    )
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.2})
    scored(workspace, NIGHT, {"Ana": 0.6})
    at = NIGHT - timedelta(hours=1, minutes=-10)
    add_rows(workspace, "activities",
             [{**call, "person_id": "P-Ana", "lead_id": "L-Ana", "at": at}], at)  # fmt: skip
    clock(NIGHT)
    assert not fire(workspace).problems
    with workspace.state.writing() as connection:  # the same score, noted with its product
        connection.execute(update(score_changes).values(product_id="basic"))
    clock(NIGHT + timedelta(minutes=5))
    fire(workspace)
    assert actions(workspace, "rule", "product_id") == [("Demo", "basic"), ("Up", "basic")]


def test_new_leads_silence_and_dates(tmp_path: Path, clock: Clock) -> None:
    old = leads("Ana", "Bea", ends_on=datetime(2026, 11, 26, 3))
    workspace = company(tmp_path, "", {"people": people("Ana", "Bea", "Carl"), "leads": old})
    heard = NIGHT - timedelta(days=30, minutes=30)
    touch = {"kind": "call", "rep_id": "R-1", "lead_id": None, "outcome": None}
    add_rows(workspace, "activities", [
        {**touch, "person_id": "P-Ana", "at": heard},
        {**touch, "person_id": "P-Bea", "at": heard},
        {**touch, "person_id": "P-Bea", "at": heard + timedelta(days=20)},
    ], NIGHT - timedelta(days=9))  # fmt: skip
    switched_on(
        workspace,
        rule("New", 'kind = "lead"'),
        rule("Silent", 'kind = "silence", days = 30'),
        rule("Ends", 'kind = "date", field = "ends_on", days_before = 30'),
    )
    came = leads("Carl", created_at=NIGHT - timedelta(minutes=20), ends_on=None)
    add_rows(workspace, "leads", came, NIGHT - timedelta(minutes=10))
    clock(NIGHT + timedelta(hours=1))
    assert not fire(workspace).problems
    assert actions(workspace, "rule", "lead_id") == [
        ("Ends", "L-Ana"), ("Ends", "L-Bea"), ("New", "L-Carl"), ("Silent", "L-Ana"),
    ]  # fmt: skip


def test_a_schedule_fires_for_everybody_who_meets_the_conditions(
    tmp_path: Path, clock: Clock
) -> None:
    names = ("Ana", "Bea")
    workspace = company(tmp_path, "", {"people": people(*names), "leads": leads(*names)})
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.9, "Bea": 0.2})
    weekly = rule("Weekly", 'kind = "schedule", at = "every Tuesday at 02:30"',
                  'kind = "audience", audience = "hot"', where={"grade": "A"})  # fmt: skip
    switched_on(workspace, weekly)
    clock(NIGHT)
    assert not fire(workspace).problems
    clock(NIGHT + timedelta(days=7))
    fire(workspace)
    assert actions(workspace, "lead_id", "state") == [("L-Ana", "planned")] * 2


def test_nobody_is_mailed_who_may_not_be(tmp_path: Path, clock: Clock) -> None:
    names = ("Ana", "Bea", "Carl", "Dora", "Eve", "Finn")
    known = [
        *people("Ana", do_not_contact="no", newsletter=None),
        *people("Bea", consent="no", do_not_contact="no"),
        *people("Carl", do_not_contact="yes"),
        *people("Dora", email=None, do_not_contact="no"),
        *people("Eve", consent=None, do_not_contact="no"),
        *people("Finn", newsletter="no", do_not_contact="no"),
    ]
    workspace = company(tmp_path, HOT, {"people": known, "leads": leads(*names)})
    scored(workspace, NIGHT - timedelta(days=1), dict.fromkeys(names, 0.1))
    switch_automation(workspace, "Hot overnight", is_on=True)
    scored(workspace, NIGHT, dict.fromkeys(names, 0.95))
    clock(NIGHT)
    assert not fire(workspace).problems
    assert sorted(actions(workspace, "lead_id", "state", "reason")) == [
        ("L-Ana", "planned", ""),
        ("L-Bea", "suppressed", "wants no contact"),
        ("L-Carl", "suppressed", "wants no contact"),
        ("L-Dora", "suppressed", "no e-mail address is known"),
        ("L-Eve", "suppressed", "has not agreed to mails"),
        ("L-Finn", "suppressed", "has not agreed to mails"),
    ]


def test_without_a_field_of_consent_nobody_is_mailed(tmp_path: Path, clock: Clock) -> None:
    known = [{k: v for k, v in one.items() if k != "consent"} for one in people("Ana")]
    workspace = company(tmp_path, HOT, {"people": known, "leads": leads("Ana")})
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.1})
    switch_automation(workspace, "Hot overnight", is_on=True)
    scored(workspace, NIGHT, {"Ana": 0.95})
    clock(NIGHT)
    assert not fire(workspace).problems
    ((state, reason),) = actions(workspace, "state", "reason")
    assert state == "suppressed"
    assert "[outreach]" in reason


def to_reps(name: str, trigger: str) -> dict[str, Any]:
    return rule(name, trigger, 'kind = "mail", to = "rep", subject = "Hi", text = "{{ name }}"')


def test_a_mail_to_the_rep_is_held_back_where_there_is_none(tmp_path: Path, clock: Clock) -> None:
    """The rep is that of the record: a lead that came just now is on no list of scores."""
    reps = [{"rep_id": "R-1", "name": "Rui", "email": "rui@example.com"},
            {"rep_id": "R-2", "name": "Eva", "email": None}]  # fmt: skip
    workspace = company(tmp_path, "", {"people": people("Ana"), "reps": reps, "leads": leads("X")})
    switched_on(workspace, to_reps("Tell", 'kind = "lead"'))
    at = NIGHT - timedelta(minutes=30)
    add_rows(workspace, "leads", leads("Ana", created_at=at), at)
    add_rows(workspace, "leads", leads("Bea", created_at=at, rep_id=None), at)
    add_rows(workspace, "leads", leads("Carl", created_at=at, rep_id="R-2"), at)
    clock(NIGHT)
    assert not fire(workspace).problems
    assert sorted(actions(workspace, "lead_id", "rep_id", "state", "reason")) == [
        ("L-Ana", "R-1", "planned", ""),
        ("L-Bea", "", "suppressed", "the lead has no rep"),
        ("L-Carl", "R-2", "suppressed", 'no e-mail address of the rep "R-2" is known'),
    ]
    dry = dry_run(workspace, automation_of(to_reps("Tell", 'kind = "lead"')), 1)
    assert [line.state for line in dry.lines].count("suppressed") == 2
    assert "1 lead has no rep: such mails are held back." in dry.said


def test_a_mail_to_the_rep_is_no_contact_with_the_person(tmp_path: Path, clock: Clock) -> None:
    reps = [{"rep_id": "R-1", "name": "Rui", "email": "rui@example.com"}]
    tables = {"people": people("Ana"), "leads": leads("Ana"), "reps": reps}
    workspace = company(tmp_path, HOT, tables)
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.1})
    switched_on(workspace, to_reps("Tell", 'kind = "crossing", above = 0.5'))
    scored(workspace, NIGHT, {"Ana": 0.95})
    clock(NIGHT)
    fire(workspace)
    switch_automation(workspace, "Hot overnight", is_on=True)
    clock(NIGHT + timedelta(minutes=5))
    assert not fire(workspace).problems
    assert actions(workspace, "rule", "state", "reason") == [
        ("Tell", "planned", ""), ("Hot overnight", "planned", "")]  # fmt: skip


def test_of_two_rules_the_first_wins_a_person(tmp_path: Path, clock: Clock) -> None:
    second = HOT.replace("Hot overnight", "Also hot")
    workspace = company(tmp_path, HOT + second, {"people": people("Ana"), "leads": leads("Ana")})
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.1})
    for name in ("Hot overnight", "Also hot"):
        switch_automation(workspace, name, is_on=True)
    scored(workspace, NIGHT, {"Ana": 0.95})
    clock(NIGHT)
    assert not fire(workspace).problems
    assert actions(workspace, "rule", "state", "reason") == [
        ("Hot overnight", "planned", ""),
        ("Also hot", "suppressed", '"Hot overnight" reaches this person within 7 days'),
    ]


def test_the_limit_of_a_day_and_the_share_left_alone(tmp_path: Path, clock: Clock) -> None:
    names = tuple(f"N{n}" for n in range(200))
    workspace = company(tmp_path, "", {"people": people(*names), "leads": leads(*names)})
    scored(workspace, NIGHT - timedelta(days=1), dict.fromkeys(names, 0.1))
    up = 'kind = "crossing", above = 0.5'
    switched_on(workspace, rule("Few", up, control=0.2, a_day=100), rule("All", up, control=0.2))
    scored(workspace, NIGHT, dict.fromkeys(names, 0.95))
    clock(NIGHT)
    assert not fire(workspace).problems
    few = states(row[1:] for row in actions(workspace, "rule", "state") if row[0] == "Few")
    assert few["suppressed"] == 100
    assert 10 <= few["control"] <= 30
    assert few["planned"] + few["control"] == 100
    everybody = states(row[1:] for row in actions(workspace, "rule", "state") if row[0] == "All")
    assert everybody["planned"] + everybody["control"] == 200
    assert 25 <= everybody["control"] <= 57


def test_a_dry_run_says_what_would_have_been(tmp_path: Path, clock: Clock) -> None:
    names = ("Ana", "Bea")
    workspace = company(tmp_path, "", {"people": people(*names), "leads": leads(*names)})
    for days, ana in ((9, 0.2), (8, 0.95), (7, 0.1), (6, 0.92), (5, 0.9)):
        scored(workspace, NIGHT - timedelta(days=days), {"Ana": ana, "Bea": 0.95})
    clock(NIGHT)
    asked = automation_of(rule("Dry", 'kind = "jump", from = 0.3, to = 0.9') |
                          {"cool_down_days": 7})  # fmt: skip
    found = dry_run(workspace, asked, 30)
    assert [(line.lead_id, local(line.fired_at), line.state) for line in found.lines] == [
        ("L-Ana", "Mon 19 Oct 04:00", "planned"),
        ("L-Ana", "Wed 21 Oct 04:00", "suppressed"),
    ]
    assert actions(workspace, "id") == []
    assert any("kept from 2026-10-18" in said for said in found.said)


def test_a_rule_that_asks_for_what_is_not_there_says_so(tmp_path: Path, clock: Clock) -> None:
    workspace = company(tmp_path, "", {"people": people("Ana"), "leads": leads("Ana")})
    switched_on(workspace, rule("Odd", 'kind = "date", field = "created"'))
    clock(NIGHT)
    assert 'No field of leads or people is called "created".' in fire(workspace).problems["Odd"]


def test_stopped_nothing_is_planned(tmp_path: Path, clock: Clock) -> None:
    workspace = company(tmp_path, HOT, {"people": people("Ana"), "leads": leads("Ana")})
    scored(workspace, NIGHT - timedelta(days=1), {"Ana": 0.1})
    switch_automation(workspace, "Hot overnight", is_on=True)
    scored(workspace, NIGHT, {"Ana": 0.95})
    stop_automations(workspace, is_stopped=True)
    clock(NIGHT)
    assert fire(workspace).is_stopped
    assert actions(workspace, "id") == []
    stop_automations(workspace, is_stopped=False)
    assert fire(workspace).planned == 1
    switch_automation(workspace, "Hot overnight", is_on=False)
    assert actions(workspace, "state", "reason") == [("cancelled", "the rule was switched off")]


def test_a_removed_rule_is_gone_and_stays_on_record(tmp_path: Path, clock: Clock) -> None:
    workspace = company(tmp_path, "", {"leads": leads("Ana")})
    switched_on(workspace, rule("Once", 'kind = "lead"'))
    remove_automation(workspace, "once")
    with pytest.raises(NotFoundError):
        switch_automation(workspace, "Once", is_on=True)
