"""Why the score of one lead moved between two days, exactly: what was known on both is taken from
the lake and asked of the models of both, on demand, so that scoring pays nothing for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from redumbrella.columns import ORDER
from redumbrella.errors import EngineError, ModelError, NotFoundError
from redumbrella.lake.extract import Extract, everything_of
from redumbrella.learning.few_leads import ReadSoFar, known_at_reading, look_at_lead
from redumbrella.models.base import log_odds_of, probability_of
from redumbrella.models.model_folder import read_model_files
from redumbrella.models.registry import LeadModel, load_model
from redumbrella.reports.changes import STEP, ChangePart, ScoreChange, date_of, day_of
from redumbrella.scores.changes import (
    LeadLook,
    change_part,
    untold,
)
from redumbrella.scores.scoring import speech_of
from redumbrella.scores.telling import Speech
from redumbrella.settings.targets import Target
from redumbrella.state.scores import scores_of_leads
from redumbrella.views.changes import shown_days
from redumbrella.views.listing import owners_in
from redumbrella.views.score_history import Owners, ScoreHistory, history_of, listed_lead
from redumbrella.workspace import Workspace

NEAR = 2e-3  # log-odds: stored scores have four digits


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
        product_id, listed, person = listed_lead(connection, asked.name, lead_id, None, seen)
        history = history_of(connection, asked.name, lead_id, product_id, listed)
        days = {date_of(day["day"]): day for day in shown_days(connection, asked.name)}
        row = scores_of_leads(connection, asked.name, [lead_id])[0]
    before = _day_before(history, since)
    place = history.days.index(before)
    said = []
    if since is not None and before > since:
        said.append(f"Nothing is kept of {since}: the first score of this lead is of {before}.")
    everything = everything_of(workspace.lake, [person], [lead_id])
    sides = _Sides(
        asked,
        lead_id,
        everything,
        days[before],
        _as_listed(days[history.days[-1]], row, everything),
        history.probabilities[place],
        workspace.settings.timezone,
        Speech(),
    )
    return _explained(workspace, sides, said)


def _as_listed(
    day: Mapping[str, Any], row: Mapping[str, Any], everything: Extract
) -> Mapping[str, Any]:
    """The last day as the row on the list knows it: an outcome that was logged since is in it."""
    if row["scored_at"] is None or row["scored_at"] <= day["scored_at"]:
        return day
    last = {
        name: max(found[ORDER].to_pylist())
        for name, found in everything.rows.items()
        if found.num_rows
    }
    rows = {**day["known"]["rows"], **last}
    return {**day, "as_of": row["as_of"], "known": {**day["known"], "rows": rows}}


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
