"""A rule of an automation in plain words: what it waits for, for whom, what it does and when."""

from collections.abc import Mapping, Sequence
from typing import Any

from redumbrella.outcomes import OUTCOMES
from redumbrella.settings.automations import Action, Automation, Trigger, Where

# How conditions on columns are said, by column.
_CONDITIONS = {
    "product_id": "product", "grade": "grade", "source": "source", "campaign_id": "campaign",
    "rep_id": "rep", "stage": "stage", "month": "month",
}  # fmt: skip
_NO_BREAK = "\N{NO-BREAK SPACE}"


def automation_sentence(rule: Automation) -> str:
    """The whole rule in one sentence.

    "When the chance rises from at most 30 % to at least 90 % within a day, for grade A and source
    web: an e-mail, next working morning at 08:00."
    """
    whom = where_words(rule.where)
    whom = f", for {whom}" if whom else ""
    return f"{trigger_words(rule.trigger)}{whom}: {action_words(rule.action)}, {_when(rule)}."


def trigger_words(trigger: Trigger) -> str:
    """What fires, as the beginning of a sentence."""
    make = _TRIGGERS[trigger.kind]
    return str(make(trigger))


def where_words(where: Where) -> str:
    """Which leads a rule is for; "" for all."""
    parts = [f"{_CONDITIONS[name]} {_or(values)}" for name, values in where.equal.items()]
    parts += [f"{name} {_or(values)}" for name, values in where.fields.items()]
    if where.segments:
        parts.append(f"segment {_or(where.segments)}")
    for name, value in where.least.items():
        if name == "probability":
            parts.append(f"a chance of at least {_share(value)}")
        else:
            parts.append(f"an expected value of at least {value:,.0f}")
    return _and(parts)


def action_words(action: Action) -> str:
    """What is done."""
    return {
        "mail": "an e-mail to the rep" if action.to == "rep" else "an e-mail",
        "webhook": f"a message to the system “{action.webhook}”",
        "task": "a task for the rep",
        "owner": f"{action.rep} becomes the owner",
        "audience": f"a place in the audience “{action.audience}”",
        "write_back": f"fields written back to “{action.webhook}”",
    }[action.kind]


def guard_words(rule: Automation, defaults: tuple[float, float, int]) -> tuple[str, ...]:
    """What holds a rule back, in sentences.

    defaults: control, cool-down in days and contacts a day, of [outreach].
    """
    control, cool_down, a_day = defaults
    control = control if rule.control is None else rule.control
    said = []
    if control:
        said.append(f"{_share(control)} of the people are left alone, to see what it brings.")
    else:
        said.append("Nobody is left alone, so what it brings cannot be measured.")
    if rule.action.reaches:
        days = cool_down if rule.cool_down_days is None else rule.cool_down_days
        if days:
            said.append(f"Nobody is reached again by a rule within {days:g} days.")
        limit = f"At most {a_day:,} contacts a day by all rules together"
        said.append(limit + ("." if rule.a_day is None else f", {rule.a_day:,} of them by this."))
    elif rule.a_day is not None:
        said.append(f"At most {rule.a_day:,} a day.")
    return tuple(said)


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """What one version of a rule changed of another, a line each."""
    old, new = dict(_flat(before)), dict(_flat(after))
    found = []
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) == new.get(name):
            continue
        if name not in new:
            found.append(f"{name} taken out, was {_short(old[name])}")
        elif name not in old:
            found.append(f"{name} = {_short(new[name])}")
        else:
            found.append(f"{name}: {_short(old[name])} became {_short(new[name])}")
    return tuple(found)


def _flat(content: Mapping[str, Any], within: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in content.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{within}{key}.")
        else:
            found.append((f"{within}{key}", value))
    return found


def _short(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    text = " ".join(text.split())
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"


def _when(rule: Automation) -> str:
    return rule.action.send.words


def _of_target(trigger: Trigger) -> str:
    return f" of “{trigger.target}”" if trigger.target else ""


def _jump(trigger: Trigger) -> str:
    days = "a day" if trigger.days == 1 else f"{trigger.days:g} days"
    return (
        f"When the chance{_of_target(trigger)} rises from at most {_share(trigger.low)} to at "
        f"least {_share(trigger.high)} within {days}"
    )


def _crossing(trigger: Trigger) -> str:
    way = "rises above" if trigger.rises else "falls below"
    return f"When the chance{_of_target(trigger)} {way} {_share(trigger.level)}"


def _grade(trigger: Trigger) -> str:
    if not trigger.grades:
        return f"When the grade{_of_target(trigger)} changes"
    return f"When the grade{_of_target(trigger)} becomes {_or(trigger.grades)}"


def _date(trigger: Trigger) -> str:
    days = abs(trigger.days)
    if not days:
        return f"On the day of “{trigger.field}”"
    unit = "day" if days == 1 else "days"
    return f"{days:g} {unit} {'before' if trigger.days > 0 else 'after'} “{trigger.field}”"


def _scheduled(trigger: Trigger) -> str:
    words = "" if trigger.at is None else trigger.at.words
    return words[:1].upper() + words[1:]


def _logged_words(trigger: Trigger) -> str:
    known = OUTCOMES.get(trigger.outcome)
    return f"When “{trigger.outcome if known is None else known.words}” is logged"


_TRIGGERS = {
    "jump": _jump,
    "crossing": _crossing,
    "grade": _grade,
    "churn": lambda t: f"When the chance to leave rises above {_share(t.level)}",
    "event": lambda t: f"When “{t.event}” happens",
    "lead": lambda _: "When a new lead comes in",
    "outcome": _logged_words,
    "silence": lambda t: f"When nothing is heard for {t.days:g} day{'s' * (t.days != 1)}",
    "date": _date,
    "schedule": _scheduled,
}


def _share(value: float) -> str:
    return f"{100 * value:.10g}{_NO_BREAK}%"


def _or(values: Sequence[str]) -> str:
    return _listed(values, "or")


def _and(parts: Sequence[str]) -> str:
    return _listed(parts, "and")


def _listed(parts: Sequence[str], last: str) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
