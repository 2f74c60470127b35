"""The form of a rule: which fields a trigger and an action need, and what was typed as a rule.

Comes in: what a form sent, or the content of a rule. Goes out: the content as umbrella.toml would
hold it, and complaints by the field they belong to. What a rule may say is checked by
`settings.automations` alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from redumbrella.errors import SettingsError
from redumbrella.figures import parse_share
from redumbrella.outcomes import OUTCOMES
from redumbrella.settings.automations import EQUAL, automation_of
from redumbrella.views.rule_choices import RuleChoices

MOST_BOXES = 12  # more values than that are typed, one a line
_PROBLEM = re.compile(r"\s*- (?:\[(\w+)\] )?(?:(\w+)(?: =|:| is missing))?.*")
_SENDS = "“at once”, “next working morning at 08:00”, “next day at 09:30”, “in 2 hours”"
Typed = Mapping[str, str]


@dataclass(frozen=True)
class RuleField:
    """One field of the form.

    name: section and key, "trigger.from". kind: text, area, share, number, one (of choices), many
    (a box each), values (one a line), pairs (name = value a line). hint: an example or what it
    means. choices: what can be chosen, with its words. offered: what is typed often.
    """

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    offered: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """As an attribute of HTML."""
        return self.name.replace(".", "-")


@dataclass(frozen=True)
class RuleFields:
    """The fields of a form by the part of the page in which they stand."""

    trigger: tuple[RuleField, ...]
    where: tuple[RuleField, ...]
    action: tuple[RuleField, ...]
    guards: tuple[RuleField, ...]

    @property
    def every(self) -> tuple[RuleField, ...]:
        """All of them."""
        return (*self.trigger, *self.where, *self.action, *self.guards)


def fields_of(trigger: str, action: str, has: RuleChoices) -> RuleFields:
    """The fields that a rule with this trigger and this action needs."""
    return RuleFields(
        _of_trigger(trigger, has), _of_where(has), _of_action(action, has), _guards(has)
    )


def content_of(typed: Typed, fields: RuleFields) -> tuple[dict[str, Any], dict[str, str]]:
    """The rule that was typed, and what is wrong with it by field; "" for the rule as a whole."""
    wrong: dict[str, str] = {}
    content: dict[str, Any] = {
        "name": typed.get("name", "").strip(),
        "trigger": {"kind": typed.get("trigger", "")},
        "where": {},
        "action": {"kind": typed.get("action", "")},
    }
    for field in fields.every:
        try:
            value = _value(field, typed)
        except SettingsError as problem:
            wrong[field.name] = problem.message
            continue
        if value in ("", [], {}, None):
            continue
        section, _, key = field.name.rpartition(".")
        if field.name == "where.more":
            content["where"] |= value
        else:
            (content[section] if section else content)[key] = value
    if not content["where"]:
        del content["where"]
    try:
        automation_of(content)
    except SettingsError as refusal:
        wrong = {**_by_field(refusal.message, fields), **wrong}
    return content, wrong


def typed_of(content: Mapping[str, Any], fields: RuleFields) -> dict[str, str]:
    """The form as it is filled in for a rule that there is."""
    typed = {"name": str(content.get("name", ""))}
    named = {field.name: field for field in fields.every}
    for key, value in content.items():
        if not isinstance(value, Mapping):
            if key in named:
                typed |= _written(named[key], value)
            continue
        more = []
        for name, one in value.items():
            field = named.get(f"{key}.{name}")
            if field is not None:
                typed |= _written(field, one)
            elif key == "where":
                values = one if isinstance(one, list) else [one]
                more.append(f"{name} = {' | '.join(map(str, values))}")
        if more:
            typed["where.more"] = "\n".join(more)
    return typed


def chosen_of(field: RuleField, typed: Typed) -> list[str]:
    """The values of a field with boxes that are ticked."""
    start = f"{field.name}="
    return [name.removeprefix(start) for name in typed if name.startswith(start)]


def _of_trigger(kind: str, has: RuleChoices) -> tuple[RuleField, ...]:
    targets = RuleField("trigger.target", "Of which target", "one", "the first one where none is "
                        "chosen", _same(has.targets))  # fmt: skip
    several = (targets,) if len(has.targets) > 1 else ()
    outcomes = tuple((one.name, one.words) for one in OUTCOMES.values())
    fields: dict[str, tuple[RuleField, ...]] = {
        "jump": (
            RuleField("trigger.from", "From at most", "share", "a chance, such as 30 %"),
            RuleField("trigger.to", "To at least", "share", "such as 90 %"),
            RuleField("trigger.days", "Days the rise may take", "number", "1: over night"),
            *several,
        ),
        "crossing": (
            RuleField("trigger.above", "Rises above", "share",
                      "such as 60 %; fill in this or the next"),
            RuleField("trigger.below", "Or falls below", "share", "such as 20 %"),
            *several,
        ),
        "grade": (
            RuleField("trigger.to", "Becomes", "many", "none ticked: any change",
                      _same(("A", "B", "C", "D"))),
            *several,
        ),
        "churn": (RuleField("trigger.above", "Rises above", "share", "such as 60 %"), *several),
        "event": (RuleField("trigger.event", "Kind of event", "text",
                            "as the data name it, such as pricing_view", offered=has.events),),
        "outcome": (RuleField("trigger.outcome", "Outcome", "one", "", outcomes),),
        "silence": (RuleField("trigger.days", "Days without a sign", "number", "such as 30"),),
        "date": (
            RuleField("trigger.field", "Date in the record", "text", "the field, such as renewal",
                      offered=has.dates),
            RuleField("trigger.days_before", "Days before", "number",
                      "0: on the day; -3: three days after"),
        ),
        "schedule": (RuleField("trigger.at", "When", "text",
                               "“every Monday at 08:00”, “on the 1st at 09:00”"),),
    }  # fmt: skip
    return fields.get(kind, ())


def _of_action(kind: str, has: RuleChoices) -> tuple[RuleField, ...]:
    names = "{{ first_name }}, {{ product }}, {{ chance|percent }} and so on are filled in"
    send = RuleField("action.send", "When it leaves", "text", _SENDS)
    hook = RuleField("action.webhook", "Which system", "one", "from [[webhooks]] in umbrella.toml",
                     _same(has.webhooks))  # fmt: skip
    fields: dict[str, tuple[RuleField, ...]] = {
        "mail": (
            RuleField("action.to", "To whom", "one", "",
                      (("person", "the person"), ("rep", "the rep"))),
            RuleField("action.subject", "Subject", "text", "such as: {{ first_name }}, your offer"),
            RuleField("action.text", "Text", "area", names),
            RuleField("action.html", "HTML", "area", "may stay empty: the text alone is sent"),
            send,
        ),
        "webhook": (hook, send),
        "task": (RuleField("action.text", "What to do", "area",
                           "such as: Call {{ name }} about {{ product }}. " + names), send),
        "owner": (RuleField("action.rep", "New owner", "text", "the rep's id", offered=has.reps),
                  send),
        "audience": (RuleField("action.audience", "Audience", "text", "such as Spring offer",
                               offered=has.audiences), send),
        "write_back": (
            hook,
            RuleField("action.method", "Method", "one", "",
                      _same(("PATCH", "PUT", "POST"))),
            RuleField("action.path", "Path", "text", "such as /leads/{{ lead_id }}"),
            RuleField("action.body", "Fields", "pairs", "one a line: score = {{ chance }}"),
            send,
        ),
    }  # fmt: skip
    return fields.get(kind, ())


def _of_where(has: RuleChoices) -> tuple[RuleField, ...]:
    labels = {"grade": "Grade", "source": "Source", "campaign": "Campaign", "rep": "Rep",
              "stage": "Stage", "product": "Product", "segment": "Segment"}  # fmt: skip
    found = [_of_values(f"where.{key}", label, has.where[key])
             for key, label in labels.items() if has.where.get(key)]  # fmt: skip
    own = {EQUAL[key] for key in labels if key in EQUAL and has.where.get(key)}
    fields = ", ".join(name for name in has.fields if name not in own)
    return (
        *found,
        RuleField("where.min_probability", "Chance at least", "share", "such as 50 %"),
        RuleField("where.min_expected_value", "Expected value at least", "number", ""),
        RuleField("where.more", "Other fields", "pairs",
                  f"one a line: industry = retail | wholesale. Fields: {fields}" if fields else ""),
    )  # fmt: skip


def _guards(has: RuleChoices) -> tuple[RuleField, ...]:
    goals = ("won", *(kind for kind in has.events if kind != "won"))
    return (
        RuleField("control", "Left alone, to measure", "share",
                  "default: 10 %; without them nobody can say what the rule brings"),
        RuleField("cool_down_days", "Days between two contacts", "number", "default: 7"),
        RuleField("a_day", "At most a day", "number", "default: no limit of its own"),
        RuleField("goal", "What it is to bring", "text", "won, purchase, or a kind of event",
                  offered=goals),
        RuleField("goal_days", "Days to bring it", "number",
                  "after it fired; what comes later does not count; default: 30"),
    )  # fmt: skip


def _of_values(name: str, label: str, values: tuple[str, ...]) -> RuleField:
    if len(values) <= MOST_BOXES:
        return RuleField(name, label, "many", "", _same(values))
    return RuleField(name, label, "values", "one a line", offered=values)


def _same(values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((value, value) for value in values)


def _value(field: RuleField, typed: Typed) -> Any:
    """What was typed in a field, as umbrella.toml holds it; text that fits nothing stays text."""
    if field.kind == "many":
        return chosen_of(field, typed)
    text = typed.get(field.name, "").replace("\r\n", "\n").replace("\r", "\n")
    if field.kind == "area":
        return text if text.strip() else ""
    text = text.strip()
    read = {"share": _share_of, "number": _number, "pairs": _pairs, "values": _lines}.get(
        field.kind
    )
    return read(field, text) if read is not None and text else text


def _share_of(field: RuleField, text: str) -> float:
    return parse_share(text, field.label)


def _lines(_field: RuleField, text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _number(_field: RuleField, text: str) -> float | int | str:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    if not isfinite(number):
        return text
    return int(number) if number.is_integer() else number


def _pairs(field: RuleField, text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        if not line.strip():
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not (equals and name and value):
            message = f'"{line.strip()[:60]}": write a name, =, and a value on each line.'
            raise SettingsError(message, reason="bad_rule")
        values = [one.strip() for one in value.split("|") if one.strip()]
        is_list = field.name == "where.more" and len(values) > 1
        found[name] = values if is_list else value
    return found


def _written(field: RuleField, value: Any) -> dict[str, str]:
    """A value of a rule as it is typed in its field."""
    values = value if isinstance(value, list) else [value]
    if field.kind == "many":
        return {f"{field.name}={one}": "1" for one in values}
    if field.kind == "values":
        return {field.name: "\n".join(map(str, values))}
    if field.kind == "pairs" and isinstance(value, Mapping):
        return {field.name: "\n".join(f"{name} = {one}" for name, one in value.items())}
    if field.kind == "share" and isinstance(value, int | float):
        return {field.name: f"{100 * value:.10g} %"}
    return {field.name: str(value)}


def _by_field(message: str, fields: RuleFields) -> dict[str, str]:
    """The problems of a rule by the field they are about."""
    names = {field.name for field in fields.every} | {"name"}
    found: dict[str, list[str]] = {}
    for line in message.splitlines()[1:]:
        read = _PROBLEM.fullmatch(line)
        section, key = (read[1] or "", read[2] or "") if read else ("", "")
        name = f"{section}.{key}".strip(".")
        if name not in names:
            within = [field.name for field in fields.every if field.name.startswith(f"{section}.")]
            name = within[0] if section and within else ""
        words = line.strip().removeprefix("- ").removeprefix(f"[{section}] ")
        found.setdefault(name, []).append(words)
    return {name: " ".join(problems) for name, problems in found.items()}
