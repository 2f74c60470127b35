"""Whether what is shown may be relied on: the model behind it comes in, one `Trust` goes out.

Pages, the terminal, REST and Python show this object above every score, so that nobody meets two
verdicts on one list. The words are those of `reports.wording`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from redumbrella.reports.customers import Lifetime
from redumbrella.reports.wording import (
    COLOURS,
    FOLLOWS,
    VERDICTS,
    foretold_and_came,
    in_plain_words,
)
from redumbrella.state.lists import list_in_use
from redumbrella.state.models import models
from redumbrella.state.scores import scores, scoring_of
from redumbrella.views.models import ModelFacts, find_current, model_facts
from redumbrella.workspace import Workspace


@dataclass(frozen=True)
class Trust:
    """One verdict with its consequence.

    because: the worst reason in plain words, empty where everything is well; reasons: all of them,
    worst first, with their figures. level: how sure order and level of the list are. shows_numbers:
    whether probabilities, intervals, values and grades are shown, or their order only.
    """

    about: str  # “conversion”, or the values of customers
    target: str  # whose scores these are; empty for the values of customers
    verdict: str  # ready | with care | not ready; none before training
    colour: str  # green | amber | red; grey before training
    headline: str
    because: str
    follows: str
    reasons: tuple[str, ...]
    level: tuple[str, ...]
    shows_numbers: bool
    model_version: str | None

    @property
    def further_reasons(self) -> tuple[str, ...]:
        """What `because` does not say in full: the other reasons, and the figures of its own."""
        is_said = bool(self.reasons) and self.because == self.reasons[0]
        return self.reasons[is_said:]


def trust_in(facts: ModelFacts | None, target: str) -> Trust:
    """Trust in the scores of one model; None stands for a target without a model."""
    verdict = "none" if facts is None else facts.verdict
    reasons = () if facts is None else facts.verdict_reasons
    worst = in_plain_words(reasons[0]) if reasons and verdict != "ready" else ""
    return Trust(
        about=f"“{target}”",
        target=target,
        verdict=verdict,
        colour=COLOURS[verdict],
        headline=VERDICTS[verdict],
        because=worst,
        follows=FOLLOWS[verdict],
        reasons=reasons,
        level=() if facts is None else facts.level_words,
        shows_numbers=verdict in ("ready", "with care"),
        model_version=None if facts is None else facts.version,
    )


def trusts_among(around: Mapping[str, Any]) -> list[Trust]:
    """Every trust of what a list says besides its rows, in its order."""
    return [value for value in around.values() if isinstance(value, Trust)]


def trust_in_list(connection: Connection, target: str) -> Trust:
    """Trust in the scores of a target as they are listed, which an earlier model may have made."""
    return trust_in(scored_by(connection, target), target)


def scored_by(connection: Connection, target: str) -> ModelFacts | None:
    """The model that made the list of a target, or the one in use where nobody is listed.

    None before training, and where the model of a list is not stored any more.
    """
    used = list_in_use(connection, scores, target)
    first = select(used.c.model_version).where(used.c.target == target).limit(1)
    version = connection.execute(first).scalar()
    if version is None:
        scoring = scoring_of(connection, target)
        version = None if scoring is None else scoring["model_version"]
    if version is None:
        report = find_current(connection, target)
        return None if report is None else report.facts
    row = connection.execute(select(models).where(models.c.version == version)).mappings().first()
    return None if row is None else model_facts(row)


def trust_in_use(workspace: Workspace, target: str | None = None) -> Trust:
    """Trust in the model in use of a target; NotFoundError for an unknown one."""
    name = workspace.settings.target(target).name
    with workspace.state.reading() as connection:
        report = find_current(connection, name)
    return trust_in(None if report is None else report.facts, name)


def trust_in_values(lifetime: Lifetime, currency: str) -> Trust:
    """Trust in what customers are said to be worth, by what came in the last part of the record."""
    held, came = lifetime["holdout"], foretold_and_came(lifetime, currency)
    is_well = held is not None and held["low"] <= held["actual"] <= held["high"]
    unchecked = "The record is too short to check the values against a later part of it."
    verdict = "ready" if is_well else "with care"
    return Trust(
        about="Values of customers",
        target="",
        verdict=verdict,
        colour=COLOURS[verdict],
        headline=VERDICTS[verdict],
        because="" if is_well else came or unchecked,
        follows="Order customers by value, and plan with the total and its interval."
        if is_well
        else "Order customers by value; do not plan with the total.",
        reasons=(came or unchecked,),
        level=(),
        shows_numbers=True,
        model_version=None,
    )
