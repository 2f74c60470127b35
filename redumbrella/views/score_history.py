"""The scores of one lead day by day, read from the state database alone, with its contacts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from redumbrella.errors import NotFoundError
from redumbrella.reports.changes import CAUSES, STEP, date_of
from redumbrella.state.history import changes_of_lead
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores
from redumbrella.views.changes import shown_days
from redumbrella.views.lead import not_yours, seen_alone
from redumbrella.views.listing import owners_in
from redumbrella.views.timeline import TimelineEntry, timeline
from redumbrella.workspace import Workspace

MOST_CONTACTS, CONTACTS = 200, ("activities",)

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
        product_id, listed, person = listed_lead(connection, name, lead_id, product, owners)
        found = history_of(connection, name, lead_id, product_id, listed)
    if not found.days:
        return found
    zone, first = ZoneInfo(workspace.settings.timezone), found.days[0]
    contacts, _ = timeline(workspace, person, lead_id, MOST_CONTACTS, CONTACTS)
    since = (one for one in contacts if one.at.astimezone(zone).date() >= first)
    return replace(found, contacts=tuple(since))


def listed_lead(
    connection: Connection, target: str, lead_id: str, product: str | None, owners: Owners
) -> tuple[str, float, str]:
    """The product, the probability and the person of a lead on the list in use."""
    table = list_in_use(connection, scores, target)
    used, seen = table.c, seen_alone(connection, table, target, lead_id, owners)
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


def history_of(
    connection: Connection, target: str, lead_id: str, product_id: str, listed: float
) -> ScoreHistory:
    """The scores of a lead without its contacts. listed: the probability on the list in use."""
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
