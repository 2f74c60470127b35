"""[[automations]]: what fires, for whom, and what is done then; [outreach]: guards for all of them.

One rule is one trigger, conditions on the lead, one action and its guards. The same text comes from
umbrella.toml and from the page, so that a rule reads and is checked alike wherever it was made.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redumbrella.errors import SettingsError, nearest
from redumbrella.outcomes import OUTCOMES
from redumbrella.settings.calendar_words import WORKING_DAYS
from redumbrella.settings.schedule import Schedule, read_schedule
from redumbrella.settings.section import Section, as_written
from redumbrella.settings.sending import (
    DaysOff,
    QuietHours,
    SendRule,
    read_days_off,
    read_quiet_hours,
    read_send_rule,
    read_working_days,
)

GRADES = ("A", "B", "C", "D")
TRIGGERS = {
    "jump": "the score rises from at most one value to at least another within some days",
    "crossing": "the score crosses a value, upwards or downwards",
    "grade": "the grade changes",
    "churn": "the chance to leave rises above a value",
    "event": "an event of a kind happens",
    "lead": "a new lead comes in",
    "outcome": "an outcome of a contact is logged",
    "silence": "nothing is heard for some days",
    "date": "a date in the record is so many days away",
    "schedule": "a time has come, for all leads that meet the conditions",
}
ACTIONS = {
    "mail": "an e-mail to the person, or to the rep",
    "webhook": "a signed message to another system",
    "task": "a task for the rep on today's list",
    "owner": "another owner of the lead",
    "audience": "a member more of an audience",
    "write_back": "fields written back to the CRM",
}
REACHES = ("mail", "task")  # kinds of action that end in a contact with the person
# Conditions by the columns of the list of leads; anything else is a field of the record.
EQUAL = {
    "product": "product_id", "grade": "grade", "source": "source", "campaign": "campaign_id",
    "rep": "rep_id", "stage": "stage", "month": "month",
}  # fmt: skip
LEAST = {"min_probability": "probability", "min_expected_value": "expected_value"}
_NAME = re.compile(r"[^\W_][\w .,'&+-]{0,79}")
_AT_ONCE, _NIGHT, _NO_DAY = SendRule(), QuietHours(20 * 60, 8 * 60), DaysOff()
Values = tuple[str, ...]


@dataclass(frozen=True)
class Trigger:
    """What fires. Which fields count depends on the kind, see `TRIGGER_FIELDS`.

    target: whose score; None: the main one. low, high: from at most, to at least. days: within, or
    of silence, or before a date. level, rises: of a crossing. grades: the new one, any of them.
    """

    kind: str
    target: str | None = None
    low: float = 0.0
    high: float = 1.0
    days: float = 1.0
    level: float = 0.0
    rises: bool = True
    grades: Values = ()
    event: str = ""
    outcome: str = ""
    field: str = ""
    at: Schedule | None = None

    @property
    def is_of_scores(self) -> bool:
        """Whether it rests on the history of scores."""
        return self.kind in ("jump", "crossing", "grade", "churn")


@dataclass(frozen=True)
class Where:
    """Which leads a rule is for: columns equal to one of some values, columns of at least a value,
    fields of the record, and the segment of the customer."""

    equal: Mapping[str, Values] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    fields: Mapping[str, Values] = field(default_factory=dict)
    segments: Values = ()


@dataclass(frozen=True)
class Action:
    """What is done. send: when. to: person or rep, of a mail. subject, text, html: of a mail; text
    also of a task. webhook: the name of a receiver. path, method, body: of a write-back, body a
    mapping of names to templates. rep: the new owner. audience: its name.
    """

    kind: str
    send: SendRule = _AT_ONCE
    to: str = "person"
    subject: str = ""
    text: str = ""
    html: str = ""
    webhook: str = ""
    method: str = "PATCH"
    path: str = ""
    body: Mapping[str, str] = field(default_factory=dict)
    rep: str = ""
    audience: str = ""

    @property
    def reaches(self) -> bool:
        """Whether it ends in a contact with the person, for which the guards are."""
        return self.kind in REACHES and not self.is_to_rep

    @property
    def is_to_rep(self) -> bool:
        """Whether it is a mail about the person to the rep, for which no consent is asked."""
        return self.kind == "mail" and self.to == "rep"


@dataclass(frozen=True)
class Automation:
    """One rule. control: the share of people left alone, to measure what it brings. cool_down_days:
    after any contact by an automation; a_day: most actions of the rule in a day; None: those of
    [outreach]. goal: what it is to bring: won, purchase or the kind of an event, within goal_days.
    """

    name: str
    trigger: Trigger
    action: Action
    where: Where = field(default_factory=Where)
    control: float | None = None
    cool_down_days: float | None = None
    a_day: int | None = None
    goal: str = "won"
    goal_days: float = 30.0
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outreach:
    """Guards for all automations.

    quiet_hours: when nobody is written to; None: none. not_on: days on which nothing leaves. a_day:
    most contacts a day in all. cool_down_days, control: of rules that name none. consent: fields
    that say who agreed to mails; None: those that are called so. Where there is none nobody is
    mailed, unless needs_consent is false.
    """

    quiet_hours: QuietHours | None = _NIGHT
    working_days: frozenset[int] = WORKING_DAYS
    not_on: DaysOff = _NO_DAY
    a_day: int = 500
    cool_down_days: float = 7.0
    control: float = 0.1
    consent: Values | None = None
    needs_consent: bool = True


TRIGGER_FIELDS: Mapping[str, tuple[str, ...]] = {
    "jump": ("from", "to", "days", "target"),
    "crossing": ("above", "below", "target"),
    "grade": ("to", "target"),
    "churn": ("above", "target"),
    "event": ("event",),
    "lead": (),
    "outcome": ("outcome",),
    "silence": ("days",),
    "date": ("field", "days_before"),
    "schedule": ("at",),
}
ACTION_FIELDS: Mapping[str, tuple[str, ...]] = {
    "mail": ("to", "subject", "text", "html"),
    "webhook": ("webhook",),
    "task": ("text",),
    "owner": ("rep",),
    "audience": ("audience",),
    "write_back": ("webhook", "method", "path", "body"),
}


def read_automations(top: Section) -> tuple[Automation, ...]:
    """The sections [[automations]], in their order: the first of two that want a person wins."""
    listed = top._get("automations", "a list of sections [[automations]]", list)
    found = []
    for number, content in enumerate(listed or [], start=1):
        if not isinstance(content, dict):
            top.problem("automations: expected sections that start with [[automations]].")
            continue
        name = content.get("name")
        place = f'automations "{name}"' if isinstance(name, str) else f"automations no. {number}"
        found.append(_automation(Section(place, content, top.problems)))
    names = [one.name.casefold() for one in found]
    for name in sorted({one.name for one in found if names.count(one.name.casefold()) > 1}):
        top.problem(f'two automations have the name "{name}": give each its own.')
    return tuple(found)


def automation_of(content: Mapping[str, Any]) -> Automation:
    """A rule from what umbrella.toml or the page says. Raises SettingsError with all problems."""
    problems: list[str] = []
    found = _automation(Section("", dict(content), problems))
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise SettingsError(f"The rule cannot be meant so:\n{listed}", reason="bad_rule")
    return found


def read_outreach(section: Section) -> Outreach:
    """The section [outreach]; its problems are noted in the section."""
    default = Outreach()
    quiet = section._get("quiet_hours", 'two times, such as "20:00 to 08:00", or ""', str)
    working = section.texts("working_days")
    not_on = section.texts("not_on")
    a_day = section.number("a_day", 1, 10**7)
    cool = section.number("cool_down_days", 0, 3650)
    control = section.number("control", 0, 0.9)
    consent = section.texts("consent")
    needs = section._get("needs_consent", "true or false", bool)
    section.finish()
    hours, days, off = default.quiet_hours, default.working_days, default.not_on
    try:
        if quiet is not None:
            hours = read_quiet_hours(quiet) if quiet.strip() else None
        days = read_working_days(working) if working else days
        off = read_days_off(not_on)
    except SettingsError as problem:
        section.problem(problem.message)
    return Outreach(
        hours, days, off,
        default.a_day if a_day is None else int(a_day),
        default.cool_down_days if cool is None else cool,
        default.control if control is None else control,
        consent if "consent" in section.content else None,
        True if needs is None else bool(needs),
    )  # fmt: skip


def _automation(section: Section) -> Automation:
    name = (section.text("name") or "").strip()
    if not _NAME.fullmatch(name):
        section.problem(
            f"name = {as_written(name)}: expected a name of at most 80 letters, digits and spaces, "
            'such as "Hot overnight".'
        )
    trigger = _trigger(section)
    where = _where(section.section("where"))
    action = _action(section)
    control = section.number("control", 0, 0.9)
    cool = section.number("cool_down_days", 0, 3650)
    a_day = section.number("a_day", 1, 10**7)
    goal = section.text("goal") or "won"
    goal_days = section.number("goal_days", 1, 730)
    section.finish()
    return Automation(
        name, trigger, action, where, control, cool, None if a_day is None else int(a_day), goal,
        goal_days or 30.0, dict(section.content),
    )  # fmt: skip


def _kind(section: Section, known: Mapping[str, str]) -> str:
    kind = section.text("kind") or ""
    if kind not in known:
        listed = ", ".join(known)
        hint = nearest(kind, list(known))
        section.problem(f"kind = {as_written(kind)}: expected one of {listed}.{hint}")
    return kind


def _only(section: Section, fields: Sequence[str], kind: str) -> None:
    """Says which keys mean nothing for the kind; the right ones count as asked for."""
    section.known += [name for name in fields if name not in section.known]
    for key in section.content:
        if key not in section.known:
            valid = ", ".join(("kind", *fields))
            section.problem(f'"{key}" means nothing for {kind}. Valid: {valid}.')
    section.known += list(section.content)


def _trigger(parent: Section) -> Trigger:
    section = parent.section("trigger")
    kind = _kind(section, TRIGGERS)
    if kind not in TRIGGERS:
        return Trigger("lead")
    wanted = TRIGGER_FIELDS[kind]
    _only(section, wanted, kind)
    target = section.text("target") if "target" in wanted else None
    return Trigger(kind, target, **_TRIGGER_VALUES[kind](section))


def _jump(section: Section) -> dict[str, Any]:
    low, high = section.number("from", 0, 1), section.number("to", 0, 1)
    _needed(section, {"from": low, "to": high}, "a chance such as 0.3")
    if low is not None and high is not None and low >= high:
        section.problem(f"from = {low:g} must be below to = {high:g}.")
    days = section.number("days", 1, 90)
    return {"low": low or 0.0, "high": 1.0 if high is None else high, "days": days or 1.0}


def _crossing(section: Section) -> dict[str, Any]:
    both = "below" in section.known
    above = section.number("above", 0, 1)
    below = section.number("below", 0, 1) if both else None
    if (above is None) == (below is None):
        each = "above or below" if both else "above"
        section.problem(f"expected {each} = a chance such as 0.6.")
    return {"level": above if above is not None else below or 0.0, "rises": above is not None}


def _grades(section: Section) -> dict[str, Any]:
    grades = section.texts("to")
    for wrong in sorted(set(grades) - set(GRADES)):
        section.problem(f"to = {as_written(wrong)}: grades are A, B, C and D.")
    return {"grades": grades}


def _silence(section: Section) -> dict[str, Any]:
    days = section.number("days", 1, 3650)
    _needed(section, {"days": days}, "a number of days, such as 30")
    return {"days": days or 1.0}


def _date(section: Section) -> dict[str, Any]:
    before, name = section.number("days_before", -3650, 3650), section.text("field")
    _needed(section, {"field": name}, "the name of a field with dates")
    return {"field": name or "", "days": before or 0.0}


def _event(section: Section) -> dict[str, Any]:
    event = section.text("event")
    _needed(section, {"event": event}, 'such as "pricing_view"')
    return {"event": event or ""}


def _outcome(section: Section) -> dict[str, Any]:
    outcome = section.text("outcome")
    _needed(section, {"outcome": outcome}, 'such as "no_answer"')
    if outcome and outcome not in OUTCOMES:
        hint = nearest(outcome, list(OUTCOMES))
        known = ", ".join(OUTCOMES)
        section.problem(f"outcome = {as_written(outcome)}: outcomes are {known}.{hint}")
    return {"outcome": outcome or ""}


_TRIGGER_VALUES: Mapping[str, Callable[[Section], dict[str, Any]]] = {
    "jump": _jump,
    "crossing": _crossing,
    "churn": _crossing,
    "grade": _grades,
    "silence": _silence,
    "date": _date,
    "event": _event,
    "outcome": _outcome,
    "lead": lambda _: {},
    "schedule": lambda section: {"at": _schedule(section)},
}


def _schedule(section: Section) -> Schedule | None:
    text = section.text("at")
    _needed(section, {"at": text}, 'such as "every Monday at 08:00"')
    try:
        return read_schedule(text) if text else None
    except SettingsError as problem:
        section.problem(f"at: {problem.message}")
        return None


def _needed(section: Section, values: Mapping[str, object], what: str) -> None:
    for key, value in values.items():
        if value is None and key not in section.content:
            section.problem(f"{key} is missing: {what}.")


def _where(section: Section) -> Where:
    equal, fields, least = {}, {}, {}
    segments: Values = ()
    for key in section.content:
        if key in LEAST:
            value = section.number(key, 0, 1 if key == "min_probability" else float("inf"))
            if value is not None:
                least[LEAST[key]] = value
            continue
        values = _values(section, key)
        if key in EQUAL:
            equal[EQUAL[key]] = values
            for wrong in sorted(set(values) - set(GRADES)) if key == "grade" else ():
                section.problem(f"grade = {as_written(wrong)}: grades are A, B, C and D.")
        elif key == "segment":
            segments = values
        else:
            fields[key] = values
    section.known += list(section.content)
    return Where(equal, least, fields, segments)


def _values(section: Section, key: str) -> Values:
    """One value or a list of them, as texts: a field of numbers is compared as it is written."""
    value = section._get(key, 'text or a list of texts, such as ["a", "b"]', str, list, int, float,
                         bool)  # fmt: skip
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str | int | float) and item != "" for item in items) or not items:
        section.problem(f"{key} = {as_written(value)}: every item must be text or a number.")
        return ()
    return tuple(str(item).lower() if isinstance(item, bool) else f"{item:g}"
                 if isinstance(item, float) else str(item) for item in items)  # fmt: skip


def _action(parent: Section) -> Action:
    section = parent.section("action")
    kind = _kind(section, ACTIONS)
    if kind not in ACTIONS:
        return Action("task")
    _only(section, (*ACTION_FIELDS[kind], "send"), kind)
    values: dict[str, Any] = {}
    for name in ACTION_FIELDS[kind]:
        if name == "body":
            values[name] = _body(section)
        elif (text := section.text(name)) is not None:
            values[name] = text
    send = section.text("send")
    needed = {"mail": ("subject", "text"), "webhook": ("webhook",), "task": ("text",),
              "owner": ("rep",), "audience": ("audience",), "write_back": ("webhook",)}  # fmt: skip
    for name in needed[kind]:
        if not values.get(name) and name not in section.content:
            section.problem(f"{name} is missing: {kind} needs it.")
    if values.get("to", "person") not in ("person", "rep"):
        section.problem(f'to = {as_written(values["to"])}: expected "person" or "rep".')
    if values.get("method", "PATCH") not in ("PATCH", "PUT", "POST"):
        section.problem(f"method = {as_written(values['method'])}: expected PATCH, PUT or POST.")
    rule = SendRule()
    try:
        rule = read_send_rule(send) if send else rule
    except SettingsError as problem:
        section.problem(f"send: {problem.message}")
    return Action(kind, rule, **values)


def _body(section: Section) -> Mapping[str, str]:
    content = section._get("body", 'a table such as { score = "{{ chance }}" }', dict) or {}
    if not all(isinstance(text, str) for text in content.values()):
        section.problem("body: every value must be text in quotes.")
        return {}
    return dict(content)
