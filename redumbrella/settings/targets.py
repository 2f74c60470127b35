"""[[targets]]: what is to be predicted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from redumbrella.settings.section import Section, as_written
from redumbrella.settings.sources import Source


@dataclass(frozen=True)
class Target:
    """What is to be predicted. Exactly one of from_, event, purchase, absence_of is given."""

    name: str
    from_: str | None = None
    event: str | None = None
    purchase: bool = False
    per: str | None = None
    absence_of: str | None = None
    horizon_days: float | None = None
    active_days: float = 180.0
    population: str | None = None

    @property
    def question(self) -> dict[str, Any]:
        """What is asked, whatever it is called: a model answers one question and no other."""
        return {name: value for name, value in asdict(self).items() if name != "name"}

    def differs(self, question: Mapping[str, Any]) -> tuple[str, str] | None:
        """How another question was put and how this one is, where they differ; None: the same.

        Both in the words of umbrella.toml, such as ('horizon_days = 30', 'horizon_days = 60').
        """
        own = self.question
        names = [name for name in own if question.get(name) != own[name]]
        return (_put(question, names), _put(own, names)) if names else None


def _put(question: Mapping[str, Any], names: Sequence[str]) -> str:
    """Settings as they stand in umbrella.toml; one that is not there is said so."""
    return ", ".join(
        f"no {name.rstrip('_')}"
        if question.get(name) in {None, False}
        else f"{name.rstrip('_')} = {_toml(question[name])}"
        for name in names
    )


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def read_targets(top: Section, tables: Mapping[str, Source]) -> tuple[Target, ...]:
    """The sections [[targets]]; without any, the outcome of leads where there are leads."""
    listed = top._get("targets", "a list of sections [[targets]]", list)
    if listed is None:
        return (Target("conversion", from_="leads.won"),) if "leads" in tables else ()
    targets = []
    for number, content in enumerate(listed, start=1):
        if not isinstance(content, dict):
            top.problem("targets: expected sections that start with [[targets]].")
            continue
        section = Section(f"[targets] no. {number}", content, top.problems)
        targets.append(_target(section, tables))
    names = [target.name for target in targets]
    for name in sorted({name for name in names if names.count(name) > 1}):
        top.problem(f'two targets have the name "{name}": give each its own.')
    return tuple(targets)


def _target(section: Section, tables: Mapping[str, Source]) -> Target:
    target = Target(
        name=section.text("name") or "",
        from_=section.text("from"),
        event=section.text("event"),
        purchase=section.flag("purchase"),
        per=section.text("per"),
        absence_of=section.text("absence_of"),
        horizon_days=section.number("horizon_days", 1 / 24),
        active_days=section.number("active_days", 1) or 180.0,
        population=section.text("population"),
    )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", target.name):
        section.problem(
            f"name = {as_written(target.name)}: expected a short name of letters, "
            'digits, "-" and "_".'
        )
    given = [target.from_, target.event, target.purchase or None, target.absence_of]
    if sum(value is not None for value in given) != 1:
        section.problem('expected exactly one of from = "leads.won", event, purchase, absence_of.')
    if target.from_ not in {None, "leads.won"}:
        section.problem(
            f'from = {as_written(target.from_)}: expected "leads.won". Map the column that '
            "holds the outcome to won in [tables.leads.columns]."
        )
    if target.from_ is not None and "leads" not in tables:
        section.problem("the outcome of leads is wanted, but there is no [tables.leads].")
    if target.per not in {None, "product"}:
        section.problem(f'per = {as_written(target.per)}: expected "product".')
    section.finish()
    return target
