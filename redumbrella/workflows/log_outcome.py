# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What came of a contact: an outcome comes in; facts, a new score and a done line go out.

It is noted in the state first, in one short transaction that lets one person at a time; then lake
and lists follow while nobody else writes them. Where a command is writing them just then, nobody
waits: that command, or the next one, does it. Promise: noted once whatever is sent twice, and
nothing is half done for longer than until the next command.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from redumbrella.access.acting import acting
from redumbrella.clock import to_datetime
from redumbrella.columns import ORDER
from redumbrella.errors import ConflictError, NotFoundError, SettingsError, nearest
from redumbrella.figures import moment
from redumbrella.lake.quoting import literal
from redumbrella.outcomes import (
    MOST_DAYS_AHEAD,
    OUTCOMES,
    SOON_MICROSECONDS,
    UNDO_MICROSECONDS,
    OutcomeRequest,
    checked_key,
    checked_outcome,
)
from redumbrella.reports.changes import date_of, day_of
from redumbrella.reports.outcomes import LoggedOutcome, moves_of
from redumbrella.state.outcomes import (
    DONE,
    add_outcome,
    hold_outcomes,
    lines_of,
    newest_outcome,
    outcome_of_key,
    outcome_of_number,
    undo_outcome_row,
)
from redumbrella.state.outreach import end_tasks, reopen_tasks
from redumbrella.state.scores import scored_targets, scores_of_leads
from redumbrella.views.lead import unknown_lead
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Subject:
    """Whom an outcome is about: a lead of the lake, or a person on a list."""

    person_id: str
    product_id: str | None
    is_lead: bool
    won: bool | None
    created_at: datetime | None


class _BusyError(Exception):
    """Another command is writing to the workspace."""


def log_outcome(workspace: Workspace, asked: OutcomeRequest, key: str = "") -> LoggedOutcome:
    """Logs what came of a contact with a lead, closes it where that is meant, and scores it again.

    key: of idempotency; sent again with the same request it gives the same answer. Raises
    SettingsError for what cannot be meant so, NotFoundError for an unknown lead, ConflictError
    where the lead is closed, or somebody else logged something for it just before.
    """
    asked, key = checked_outcome(asked), checked_key(key)
    detail = f"lead {asked.lead_id}: {asked.what}"
    detail += "" if asked.amount is None else f", amount {asked.amount:g}"
    with recorded(workspace, "outcome", alone=False, detail=detail) as run:
        _check_instants(workspace, asked, run.started_at)
        number, again = _note(workspace, asked, key or uuid4().hex, run.started_at)
        result = _finished(workspace, number, run.started_at, again=again)
        run.message = result.said
        return result


def undo_outcome(
    workspace: Workspace, number: int, by: str = "", lead_id: str = ""
) -> LoggedOutcome:
    """Takes an outcome back within a day of its logging: as if it had never been logged.

    by: who does it. lead_id: the lead that it must belong to, where the caller names one. Done
    twice it gives the same answer. Raises NotFoundError for an unknown number, ConflictError where
    it is too late.
    """
    detail = f"takes back outcome {number}"
    with recorded(workspace, "outcome", alone=False, detail=detail) as run:
        _note_undone(workspace, number, by, lead_id, run.started_at)
        result = _finished(workspace, number, run.started_at, again=False)
        run.message = result.said
        return result


def newest_number(workspace: Workspace, lead_id: str) -> int:
    """The number of the newest outcome of a lead that stands; 0 for none."""
    with workspace.state.reading() as connection:
        found = newest_outcome(connection, lead_id)
    return 0 if found is None else int(found["id"])


def _check_instants(workspace: Workspace, asked: OutcomeRequest, started: int) -> None:
    if asked.at is not None and asked.at > started:
        raise SettingsError(
            f"A contact at {to_datetime(asked.at):%Y-%m-%d %H:%M} UTC lies in the future, after "
            f"{to_datetime(started):%Y-%m-%d %H:%M} UTC. Give the instant at which it was.",
            reason="in_the_future",
        )
    if asked.at is not None and to_datetime(asked.at) < EARLIEST:
        raise SettingsError(
            f"A contact on {to_datetime(asked.at):%Y-%m-%d} is before {EARLIEST:%Y}: give the "
            "instant at which it was.",
            reason="too_early",
        )
    if asked.date is not None:
        at = to_datetime(started if asked.at is None else asked.at)
        today = at.astimezone(ZoneInfo(workspace.settings.timezone)).date()
        if not today < asked.date <= today + timedelta(days=MOST_DAYS_AHEAD):
            raise SettingsError(
                f'"Later" on {asked.date} is not after {today}, or more than five years ahead. '
                "Give the day on which to contact the lead again.",
                reason="bad_date",
            )


def _note(workspace: Workspace, asked: OutcomeRequest, key: str, started: int) -> tuple[int, bool]:
    """Notes the outcome; its number, and whether it was there already."""
    state = workspace.state
    state.bring_up_to_date()
    with state.reading() as connection:
        known = outcome_of_key(connection, key)
        before = newest_outcome(connection, asked.lead_id)
        lines = lines_of(connection, asked.lead_id)
    if known is not None:
        return _same(known, asked), True
    subject = _subject(workspace, asked)
    _check_rep(workspace, asked.rep)
    with state.writing() as connection:
        hold_outcomes(connection)
        known = outcome_of_key(connection, key)
        if known is not None:  # sent twice at once
            return _same(known, asked), True
        newest = newest_outcome(connection, asked.lead_id)
        is_new = newest is not None and (before is None or newest["id"] != before["id"])
        _refuse_conflict(workspace, asked, newest, subject, started, is_new=is_new)
        at = started if asked.at is None else asked.at
        if newest is not None and asked.at is None:
            at = max(at, newest["at"] + 1)  # the clock may have been set back
        row = _row(asked, key, subject, at, started)
        end_tasks(connection, started, acting().name, lead_id=asked.lead_id)
        return add_outcome(connection, row, lines), False


def _same(known: dict[str, Any], asked: OutcomeRequest) -> int:
    """The number of what was logged with the same key, if it is the same."""
    if known["content"] != asked.content():
        raise ConflictError(
            f'The idempotency key was used already for "{_words(known["what"])}" of lead '
            f'"{known["lead_id"]}". Use a new key for another outcome.',
            reason="key_used",
        )
    return int(known["id"])


def _row(
    asked: OutcomeRequest, key: str, subject: _Subject, at: int, started: int
) -> dict[str, Any]:
    return {
        "key": key,
        "content": asked.content(),
        "activity_id": f"outcome-{sha256(key.encode()).hexdigest()[:24]}",
        "lead_id": asked.lead_id,
        "person_id": subject.person_id,
        "product_id": subject.product_id,
        "is_lead": subject.is_lead,
        "what": asked.what,
        "closes": asked.outcome.closes and subject.is_lead,
        "kind": asked.kind,
        "amount": asked.amount,
        "due_day": None if asked.date is None else day_of(asked.date),
        "reason": asked.reason,
        "minutes": asked.minutes,
        "note": asked.note,
        "rep_id": asked.rep,
        "at": at,
        "logged_at": started,
    }


def _refuse_conflict(
    workspace: Workspace,
    asked: OutcomeRequest,
    newest: dict[str, Any] | None,
    subject: _Subject,
    started: int,
    *,
    is_new: bool,
) -> None:
    """Refuses for a closed lead, and where the caller does not know of the newest outcome.

    is_new: whether that one was logged while this one was being looked at.
    """
    timezone = workspace.settings.timezone
    if newest is not None and newest["closes"] and (is_new or newest["pending"] != DONE):
        raise _closed(asked.lead_id, told_of(newest, timezone))
    if subject.won is not None:
        closes = newest is not None and newest["closes"]
        told = told_of(newest, timezone) if closes and newest is not None else ""
        raise _closed(asked.lead_id, told or ("won" if subject.won else "lost"))
    if newest is None:
        return
    if asked.seen is None:
        unseen = abs(started - newest["logged_at"]) < SOON_MICROSECONDS
    else:
        unseen = asked.seen != newest["id"]
    if unseen:
        raise ConflictError(
            f'Lead "{asked.lead_id}" was worked just before: {told_of(newest, timezone)}. If yours '
            f"came after that, log it again with seen = {newest['id']} (umbrella outcome … --seen "
            f"{newest['id']}; on a page, load it again).",
            reason="worked_meanwhile",
        )


def _closed(lead_id: str, told: str) -> ConflictError:
    return ConflictError(
        f'Lead "{lead_id}" is closed: {told}. Nothing can be logged for a closed lead; what was '
        "logged within the last day can be undone.",
        reason="lead_closed",
    )


def _subject(workspace: Workspace, asked: OutcomeRequest) -> _Subject:
    """The lead as it is known in the lake, else the person of this id on a list."""
    lake = workspace.lake
    if lake.exists("leads"):
        with lake.asking(("leads",)) as ask:
            found = ask(
                f"SELECT * FROM leads WHERE lead_id = {literal(asked.lead_id)} "
                f"ORDER BY {ORDER} DESC LIMIT 1"
            ).to_pylist()
        if found:
            row = found[0]
            person = row.get("person_id") or asked.lead_id
            return _Subject(
                person, row.get("product_id"), True, row.get("won"), row.get("created_at")
            )
    with workspace.state.reading() as connection:
        about_people = [t.name for t in workspace.settings.targets if t.from_ is None]
        for target in set(scored_targets(connection)) & set(about_people):
            if scores_of_leads(connection, target, [asked.lead_id]):
                return _Subject(asked.lead_id, None, False, None, None)
    raise unknown_lead(workspace, asked.lead_id)


def _check_rep(workspace: Workspace, rep: str) -> None:
    if not rep or not workspace.lake.exists("reps"):
        return
    known = workspace.lake.current("reps", ["rep_id"])["rep_id"].to_pylist()
    if rep not in known:
        raise SettingsError(
            f'There is no rep "{rep}".{nearest(rep, known)} The table reps names who there is.',
            reason="unknown_rep",
        )


def _note_undone(workspace: Workspace, number: int, by: str, lead_id: str, started: int) -> None:
    workspace.state.bring_up_to_date()
    with workspace.state.writing() as connection:
        hold_outcomes(connection)
        # As large as the database counts.
        row = outcome_of_number(connection, number) if 0 < number < 2**31 else None
        if row is None or (lead_id and row["lead_id"] != lead_id):
            whose = f' of lead "{lead_id}"' if lead_id else ""
            message = f"There is no outcome number {number}{whose}."
            raise NotFoundError(message, reason="unknown_outcome")
        if row["undone_at"] is not None:
            return
        if started - row["logged_at"] > UNDO_MICROSECONDS:
            when = moment(to_datetime(row["logged_at"]), workspace.settings.timezone)
            raise ConflictError(
                f"This outcome was logged at {when}, more than a day ago, so it stays. Correct "
                "the lead in the source: a newer row of it counts.",
                reason="too_late",
            )
        reopen_tasks(connection, row["lead_id"], row["logged_at"])
        undo_outcome_row(connection, row, started, by)


def _finished(workspace: Workspace, number: int, started: int, *, again: bool) -> LoggedOutcome:
    """Lets lake and lists follow, if nobody else is writing them, and says what there is."""
    waiting = (
        "Another command is writing to this workspace: facts and score follow when it has ended, "
        "with the next outcome or command."
    )
    with workspace.state.reading() as connection:
        row = outcome_of_number(connection, number)
    if row is not None and row["pending"] == DONE:
        waiting = ""
    else:
        try:
            with _alone(workspace):
                # Brings the models along, for which a server that starts should not wait.
                from redumbrella.workflows.rescore import finish_outcomes

                waiting = finish_outcomes(workspace, started)
        except _BusyError:
            pass
    with workspace.state.reading() as connection:
        row = outcome_of_number(connection, number)
    assert row is not None, "it was noted, and nothing removes it"
    return LoggedOutcome(
        id=number,
        lead_id=row["lead_id"],
        what=row["what"],
        said=told_of(row, workspace.settings.timezone),
        again=again,
        closed=bool(row["closes"]) and row["undone_at"] is None,
        undone=row["undone_at"] is not None,
        at=to_datetime(row["at"]),
        undo_until=to_datetime(row["logged_at"] + UNDO_MICROSECONDS),
        moves=moves_of(row),
        waiting=waiting,
    )


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """The right to write, at once or not at all. Raises _BusyError."""

    def refuse(_message: str) -> None:
        raise _BusyError

    with workspace.lock(refuse):
        yield


def told_of(row: dict[str, Any], timezone: str) -> str:
    """An outcome in a sentence: 'Ana logged won, 1200, on 3 May 2026, 14:05'."""
    told = _words(row["what"])
    if row["amount"] is not None:
        told += f" ({row['amount']:,.2f})"
    elif row["due_day"] is not None:
        told += f" ({date_of(row['due_day'])})"
    elif row["reason"]:
        told += f" ({row['reason'][:80]})"
    when = moment(to_datetime(row["at"]), timezone)
    who = row["rep_id"] or "somebody"
    undone = ""
    if row["undone_at"] is not None:
        undone = f", undone {moment(to_datetime(row['undone_at']), timezone)}"
    return f"{who} logged {told} at {when}{undone}"


def _words(what: str) -> str:
    return OUTCOMES[what].words if what in OUTCOMES else what
