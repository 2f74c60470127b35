"""The scores of one lead day by day, and why they moved between two days, exactly.

In: a lead, perhaps a day. Out: `ScoreHistory`, read from the state database alone, and
`ScoreChange`, for which what was known on both days is taken from the lake and asked of the models
of both days: on demand, so that scoring pays nothing for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, select

from redumbrella.errors import EngineError, ModelError, NotFoundError
from redumbrella.lake.extract import Extract, everything_of
from redumbrella.learning.one_lead import ReadSoFar, known_at_reading, look_at_lead
from redumbrella.models.base import log_odds_of, probability_of
from redumbrella.models.model_folder import read_model_files
from redumbrella.models.registry import LeadModel, load_model
from redumbrella.scores.changes import (
    ChangePart,
    LeadLook,
    change_part,
    untold,
)
from redumbrella.scores.history import CAUSES, STEP, date_of, day_of
from redumbrella.scores.scoring import speech_of
from redumbrella.scores.telling import Speech
from redumbrella.settings.targets import Target
from redumbrella.state.history import changes_of_lead
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores
from redumbrella.views.changes import shown_days
from redumbrella.views.lead import not_yours
from redumbrella.views.leads import LEADS
from redumbrella.views.listing import owners_in
from redumbrella.views.timeline import TimelineEntry, timeline
from redumbrella.workspace import Workspace

MOST_CONTACTS, CONTACTS = 200, ("activities",)
NEAR = 2e-3  # log-odds: stored scores have four digits

Owners = tuple[str, ...] | None


@dataclass(frozen=True)
class ScoreStep:
    """A day on which the score moved: the new one, from which it moved by how much, with what."""

    day: date
    probability: float
    change: float | None  # None: the first score of the lead
    grade: str | None
    cause: str
    words: str


@dataclass(frozen=True)
class ScoreHistory:
    """The scores of one lead on every day that was scored, to within `within`.

    days, probabilities: each day that was scored since the lead came, and what was said on it.
    steps: the days on which it moved. models: the days from which on another model scored.
    contacts: what people did with the lead since its first score, newest first.
    """

    lead_id: str
    product_id: str
    target: str
    days: tuple[date, ...]
    probabilities: tuple[float, ...]
    steps: tuple[ScoreStep, ...]
    models: Mapping[str, str]
    within: float
    contacts: tuple[TimelineEntry, ...] = ()


@dataclass(frozen=True)
class ScoreChange:
    """Why the score of a lead moved between two days, in log-odds.

    parts sum to log_odds - log_odds_before. said: what cannot be told, and why.
    """

    lead_id: str
    target: str
    since: date
    until: date
    probability_before: float
    probability: float
    log_odds_before: float
    log_odds: float
    model_before: str
    model: str
    parts: tuple[ChangePart, ...]
    said: tuple[str, ...]


@dataclass(frozen=True)
class _Sides:
    """What both days have: the models, what was read, and all rows of the person."""

    target: Target
    lead_id: str
    everything: Extract
    then: Mapping[str, Any]
    now: Mapping[str, Any]
    stored: float  # the written probability of then
    timezone: str
    speech: Speech

    def look(self, model: LeadModel, known: Extract, day: Mapping[str, Any]) -> LeadLook:
        reading = ReadSoFar.of(self.now["known"])
        return look_at_lead(model, known, self.lead_id, day["as_of"], reading, self.timezone)


def score_history(
    workspace: Workspace,
    lead_id: str,
    target: str | None = None,
    product: str | None = None,
    owners: Owners = None,
) -> ScoreHistory:
    """The scores of an open lead on every day; of several products the likeliest, or the given.

    owners: whose leads may be seen, as in `views.table.Query`. Raises NotFoundError where the lead
    is not on the list, or not among these.
    """
    name = workspace.settings.target(target).name
    owners = owners_in(workspace.settings, name, owners)
    with workspace.state.reading() as connection:
        product_id, listed, person = _listed(connection, name, lead_id, product, owners)
        found = _history(connection, name, lead_id, product_id, listed)
    if not found.days:
        return found
    zone, first = ZoneInfo(workspace.settings.timezone), found.days[0]
    contacts, _ = timeline(workspace, person, lead_id, MOST_CONTACTS, CONTACTS)
    since = (one for one in contacts if one.at.astimezone(zone).date() >= first)
    return replace(found, contacts=tuple(since))


def _listed(
    connection: Connection, target: str, lead_id: str, product: str | None, owners: Owners
) -> tuple[str, float, str]:
    """The product, the probability and the person of a lead on the list in use."""
    table = list_in_use(connection, scores, target)
    used, seen = table.c, LEADS.seen_by(table, owners)
    query = select(used.product_id, used.probability, used.person_id)
    query = query.where(used.target == target, used.lead_id == lead_id, *seen)
    query = query.order_by(used.probability.desc(), used.product_id)
    rows = connection.execute(query).all()
    found = next((row for row in rows if product in (None, row[0] or "")), None)
    if found is None and owners is not None:
        raise not_yours(lead_id)
    if found is None:
        message = f'There is no scored lead "{lead_id}". `umbrella leads` shows the list.'
        raise NotFoundError(message, reason="unknown_lead")
    return found[0] or "", float(found[1]), found[2] or lead_id


def _history(
    connection: Connection, target: str, lead_id: str, product_id: str, listed: float
) -> ScoreHistory:
    days = shown_days(connection, target)
    numbers = [day["day"] for day in days]
    rows = changes_of_lead(connection, target, numbers, lead_id, product_id)
    firsts = [row["day"] for row in rows if row["change"] is None]
    start = firsts[-1] if firsts else (numbers[0] if numbers else 0)
    rows = [row for row in rows if row["day"] >= start]
    # Before its first row it had the value that this row moved it from; without any, today's.
    value = listed
    if rows:
        value = rows[0]["probability"] - (rows[0]["change"] or 0.0)
    moved, said, models, last = {row["day"]: row for row in rows}, [], {}, ""
    kept = [day for day in days if day["day"] >= start]
    for day in kept:
        value = moved[day["day"]]["probability"] if day["day"] in moved else value
        said.append(value)
        if day["model_version"] != last:
            last = day["model_version"]
            models[date_of(day["day"]).isoformat()] = last
    return ScoreHistory(
        lead_id,
        product_id,
        target,
        tuple(date_of(day["day"]) for day in kept),
        tuple(said),
        tuple(map(_step, rows)),
        models,
        STEP,
    )


def _step(row: Mapping[str, Any]) -> ScoreStep:
    return ScoreStep(
        date_of(row["day"]), row["probability"], row["change"], row["grade"], row["cause"],
        CAUSES[row["cause"]],
    )  # fmt: skip


def explain_change(
    workspace: Workspace,
    lead_id: str,
    since: date | None = None,
    target: str | None = None,
    owners: Owners = None,
) -> ScoreChange:
    """Why the score of a lead moved from a day to the last one; default: the last day but one.

    owners: whose leads may be seen, as in `views.table.Query`. Raises NotFoundError where it
    was scored on one day only, or is not on the list; ModelError for a target about people, whose
    variables rest on everybody.
    """
    asked = workspace.settings.target(target)
    if asked.from_ is None:
        raise ModelError(
            f'Changes are explained for leads only, and "{asked.name}" is about people: their '
            "variables rest on what everybody else did. `umbrella changes` lists what moved.",
            reason="not_about_leads",
        )
    with workspace.state.reading() as connection:
        seen = owners_in(workspace.settings, asked.name, owners)
        product_id, listed, person = _listed(connection, asked.name, lead_id, None, seen)
        history = _history(connection, asked.name, lead_id, product_id, listed)
        days = {date_of(day["day"]): day for day in shown_days(connection, asked.name)}
    before = _day_before(history, since)
    place = history.days.index(before)
    said = []
    if since is not None and before > since:
        said.append(f"Nothing is kept of {since}: the first score of this lead is of {before}.")
    sides = _Sides(
        asked,
        lead_id,
        everything_of(workspace.lake, person, lead_id),
        days[before],
        days[history.days[-1]],
        history.probabilities[place],
        workspace.settings.timezone,
        Speech(),
    )
    return _explained(workspace, sides, said)


def _day_before(history: ScoreHistory, since: date | None) -> date:
    if len(history.days) < 2:
        message = (
            f'"{history.lead_id}" was scored on one day only, so nothing can be compared yet. '
            "Run `umbrella run` on another day."
        )
        raise NotFoundError(message, reason="one_day")
    earlier = history.days[:-1]
    if since is None:
        return earlier[-1]
    return max((day for day in earlier if day_of(day) <= day_of(since)), default=earlier[0])


def _explained(workspace: Workspace, sides: _Sides, said: list[str]) -> ScoreChange:
    versions = sides.then["model_version"], sides.now["model_version"]
    new = load_model(read_model_files(workspace.models / versions[1]))
    old = new if versions[0] == versions[1] else _model_of(workspace, versions[0])
    speech = speech_of(new, workspace.settings.labels)
    last = known_at_reading(sides.everything, ReadSoFar.of(sides.now["known"]))
    final = sides.look(new, last, sides.now)
    end = final.log_odds
    try:
        parts, start, notes = _parts(sides, old, new, last, final, speech)
    except NotFoundError as problem:
        if problem.reason != "not_known":
            raise
        parts, start, notes = _without_then(sides, old, new, last, final, speech)
    return ScoreChange(
        sides.lead_id,
        sides.target.name,
        date_of(sides.then["day"]),
        date_of(sides.now["day"]),
        _chance(start),
        _chance(end),
        start,
        end,
        *versions,
        parts,
        (*said, *notes),
    )


def _chance(log_odds: float) -> float:
    return float(probability_of(np.array([log_odds]))[0])


def _model_of(workspace: Workspace, version: str) -> LeadModel | None:
    try:
        return load_model(read_model_files(workspace.models / version))
    except (ModelError, EngineError):
        return None


def _parts(
    sides: _Sides,
    old: LeadModel | None,
    new: LeadModel,
    last: Extract,
    final: LeadLook,
    speech: Speech,
) -> tuple[tuple[ChangePart, ...], float, list[str]]:
    """The parts, the log-odds of then, and what could not be told."""
    then, now = ReadSoFar.of(sides.then["known"]), ReadSoFar.of(sides.now["known"])
    first = known_at_reading(sides.everything, then)
    met = known_at_reading(sides.everything, then, now, sides.then["as_of"])
    model = old or new
    looks = [sides.look(model, first, sides.then), sides.look(model, first, sides.now)]
    looks.append(looks[-1] if met.is_same(first) else sides.look(model, met, sides.now))
    if model is new:
        looks.append(final)
    else:
        looks.append(looks[-1] if last.is_same(met) else sides.look(model, last, sides.now))
    names = ("time", "did", "record")
    parts = [
        change_part(name, before, after, speech)
        for name, before, after in zip(names, looks, looks[1:], strict=False)
    ]
    start, notes = looks[0].log_odds, []
    stored = log_odds_of(sides.stored)
    if old is None:
        notes.append(
            f"The files of the model of that day ({sides.then['model_version']}) are gone, so its "
            "part has no reasons: it is what is left of the difference."
        )
        parts.append(untold("model", start - stored))
        return tuple(parts), stored, notes
    parts.append(change_part("model", looks[-1], final, speech))
    off = abs(_chance(start) - sides.stored)
    if off > STEP + NEAR:
        notes.append(
            f"The score of that day can be made again only to within {100 * off:.1f} points: what "
            "was known then has been read again or removed since. The parts are of the score as "
            "it is made again."
        )
    return tuple(parts), start, notes


def _without_then(
    sides: _Sides,
    old: LeadModel | None,
    new: LeadModel,
    last: Extract,
    final: LeadLook,
    speech: Speech,
) -> tuple[tuple[ChangePart, ...], float, list[str]]:
    """What can be told where what was known then is not in the lake any more."""
    stored = log_odds_of(sides.stored)
    notes = [
        "What was known of this lead on that day is not in the lake any more: its sources were "
        "read again from the start. Only the part of the model can be told apart."
    ]
    if old is None or old is new:
        return (untold("since", final.log_odds - stored),), stored, notes
    middle = sides.look(old, last, sides.now)
    parts = (
        untold("since", middle.log_odds - stored),
        change_part("model", middle, final, speech),
    )
    return parts, stored, notes
