"""Rescoring: after something was read, only the leads of the people concerned are scored again.

In: an opened workspace whose lists say what of the lake they have read. Out: lists with new rows of
the leads about whose people something was read since; new leads come, closed ones go. A new score
is the one that scoring everybody at that instant would give; percentile and grade say where it
stands among the others, whose rows stay. A few leads are made from what is known of their people
alone, more from one pass over the lake; where most of a list is concerned, all of it is scored.

What time alone moves waits for the next whole scoring, and so do targets about people: what is
known of a person is compared with everybody else at the same instant. Promise: killed at any
moment, the next command does the rest: a list notes what it has read with its new rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from redumbrella.clock import to_iso
from redumbrella.errors import UmbrellaError
from redumbrella.features.facts import end_of_facts, read_leads
from redumbrella.lake.extract import everything_of
from redumbrella.lake.quoting import literal
from redumbrella.lake.read_since import leads_read_of, read_so_far
from redumbrella.learning.few_leads import ReadSoFar, SeenLeads, see_few
from redumbrella.learning.gathering import gather_some, open_designs
from redumbrella.progress import Progress, silent
from redumbrella.scores.deals import stage_column
from redumbrella.settings.targets import Target
from redumbrella.state.scores import changed_scores, note_change, scoring_of
from redumbrella.training.observations import begun_at, is_decided, is_there
from redumbrella.views.weights import current_weights
from redumbrella.workflows.keep_scores import FACTS
from redumbrella.workflows.note_moves import moves_of_day
from redumbrella.workflows.recorded import recorded
from redumbrella.workflows.rescore import TRIES, finish_outcomes, list_busy
from redumbrella.workflows.score import score
from redumbrella.workflows.set_weights import weigh_again
from redumbrella.workflows.used_list import UsedList, marks_now
from redumbrella.workspace import Workspace

FEW = 200  # people whose facts are fetched by name; more are read in one pass
MOST = 0.5  # of a list: where more is concerned, all of it is scored
Row = dict[str, Any]


@dataclass(frozen=True)
class RescoreResult:
    """What was scored again, of all lists together.

    leads: that were concerned. scored: that have a new score. left: that are not on a list any
    more, closed of these by an outcome. said: what has to be known, such as that a whole list was
    scored, or waits. seconds: by target. whole: targets whose list was scored as a whole.
    """

    leads: int = 0
    scored: int = 0
    left: int = 0
    closed: int = 0
    said: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    whole: tuple[str, ...] = ()

    def plus(self, other: "RescoreResult") -> "RescoreResult":
        """Both together."""
        return RescoreResult(
            self.leads + other.leads,
            self.scored + other.scored,
            self.left + other.left,
            self.closed + other.closed,
            (*self.said, *other.said),
            {**self.seconds, **other.seconds},
            (*self.whole, *other.whole),
        )


@dataclass(frozen=True)
class _Changed:
    """What is to be changed of a list: new rows, and what it has read with them.

    known: as `scorings` keeps it. closed: of the leads that have no row, how many have an outcome.
    """

    rows: Sequence[Row]
    known: Mapping[str, Any]
    closed: int


@dataclass(frozen=True)
class _Seen:
    """The open ones among some leads. as_of: when they are asked about. known: what of all leads
    their scores rest on. closed: how many of the others have an outcome."""

    leads: SeenLeads
    as_of: int
    known: Mapping[str, Any]
    closed: int


def rescore_changed(workspace: Workspace, report: Progress = silent) -> RescoreResult:
    """Scores the leads again about whose people something was read since they were scored.

    Raises nothing where one list cannot be scored: `said` says why, and the next call tries again.
    """
    with recorded(workspace, "rescore") as run:
        said = finish_outcomes(workspace, run.started_at)
        result = RescoreResult(said=(said,) if said else ())
        for target in workspace.settings.targets:
            began = perf_counter()
            part = _rescored(workspace, target, run.started_at, report)
            taken = {target.name: perf_counter() - began}
            result = result.plus(part).plus(RescoreResult(seconds=taken))
        run.message = f"{result.scored:,} scored again, {result.left:,} left. " + " ".join(
            result.said
        )
        return result


def _rescored(workspace: Workspace, target: Target, moment: int, report: Progress) -> RescoreResult:
    with workspace.state.reading() as connection:
        scoring = scoring_of(connection, target.name)
    if scoring is None:
        return RescoreResult()
    try:
        if target.from_ is None:
            return _waiting(workspace, target, scoring)
        return _list_rescored(UsedList(workspace, target, scoring), moment, report)
    except UmbrellaError as problem:
        why = f'"{target.name}" could not be scored again: {problem.message}'
        return RescoreResult(said=(why,))


def _waiting(workspace: Workspace, target: Target, scoring: Mapping[str, Any]) -> RescoreResult:
    """What is said of a list of people."""
    read = _reading(read_so_far(workspace.lake))
    if not _is_of_now(scoring) or read == _reading(scoring["known"]):
        return RescoreResult()
    why = (
        f'"{target.name}" is about people, who are compared with everybody else at the same '
        "instant: it waits for the next `umbrella score` or `umbrella run`."
    )
    return RescoreResult(said=(why,))


def _is_of_now(scoring: Mapping[str, Any]) -> bool:
    """Whether a list knows all that the lake knew when it was made, and nothing was held out."""
    return bool(scoring["known"].get("kept", scoring["inputs"]))


def _list_rescored(used: UsedList, moment: int, report: Progress) -> RescoreResult:
    workspace, name = used.workspace, used.target.name
    if not _is_of_now(used.scoring):
        why = (
            f'The list of "{name}" is one of the past, or has leads that were held out: it stays '
            "as it is until the next `umbrella run`."
        )
        return RescoreResult(said=(why,))
    report("Looking for what was read", 0.0)
    read = read_so_far(workspace.lake)
    if _reading(read) == _reading(used.scoring["known"]):
        return RescoreResult()
    if not _reading(used.scoring["known"]):
        return _whole(used, None, report, "it does not say what it has read")
    found = leads_read_of(workspace.lake, used.known, used.known["as_of"])
    marks = marks_now(used, found["lead_id"].to_pylist())
    # Of a closed lead that has left the list already nothing can become new.
    is_listed = pc.is_in(found["lead_id"], value_set=pa.array(marks, pa.string()))
    found = found.filter(pc.or_(found["is_open"], is_listed))
    leads = found["lead_id"].to_pylist()
    if len(leads) > FEW and len(leads) > MOST * max(used.scoring["asked"], 1):
        return _whole(used, leads, report, f"{len(leads):,} of its leads are concerned")
    seen = _seen(used, found, moment) if leads else None
    known = {**used.known, **read, "kept": used.scoring["known"].get("kept", True)}
    if seen is None:
        return _taken(used, _Changed([], known, 0), (leads, marks, {}), moment)
    known |= {**seen.known, "as_of": seen.as_of}
    rows = used.rows(seen.leads, moment, report, known["stage"])
    for row in rows:
        row["scored_at"] = moment
    changed = _Changed(rows, known, seen.closed)
    causes = {
        lead: "did" if did else "record"
        for lead, did in zip(leads, found["did"].to_pylist(), strict=True)
    }
    return _taken(used, changed, (leads, marks, causes), moment)


def _reading(known: Mapping[str, Any]) -> dict[str, Any]:
    """How far something has read the lake; empty where it does not say so."""
    return {name: known[name] for name in ("rows", "read") if name in known}


def _whole(
    used: UsedList, leads: Sequence[str] | None, report: Progress, why: str
) -> RescoreResult:
    """Scores the whole list. leads: those concerned, where they are known."""
    name = used.target.name
    before = {} if leads is None else marks_now(used, leads)
    result = score(used.workspace, report, target_name=name)
    after = {} if leads is None else marks_now(used, leads)
    said = [f'The whole list of "{name}" was scored: {why}.', result.said]
    return RescoreResult(
        leads=result.leads if leads is None else len(leads),
        scored=result.leads,
        left=len(before.keys() - after.keys()),
        said=tuple(one for one in said if one),
        whole=(name,),
    )


def _taken(
    used: UsedList,
    changed: _Changed,
    concerned: tuple[Sequence[str], Mapping[str, Mapping[str, Any]], Mapping[str, str]],
    moment: int,
) -> RescoreResult:
    """Puts the list with its new rows into use.

    concerned: the leads, what the list has of them now, and what of each was read.
    """
    leads, marks, causes = concerned
    workspace, name, rows = used.workspace, used.target.name, changed.rows
    weights = current_weights(workspace)
    there = {row["lead_id"] for row in rows}
    for _ in range(TRIES):
        more = len(there - marks.keys()) - len(marks.keys() - there)
        if not rows and not marks:
            with workspace.state.writing() as connection:
                note_change(connection, name, 0, changed.known)
            return RescoreResult(leads=len(leads))
        moves = None
        if rows:
            used.place(rows, marks)
            moves = moves_of_day(workspace, used.scoring, rows, causes, moment)
        gone = sorted(there | marks.keys())
        with (
            changed_scores(workspace.state, name, gone, rows) as new,
            workspace.state.writing() as connection,
        ):
            is_taken = new.take(connection)
            if is_taken:
                note_change(connection, name, more, changed.known)
                if moves is not None:
                    moves.note(connection, more, changed.known)
        if is_taken:
            weigh_again(workspace, weights)
            left = len(marks.keys() - there)
            return RescoreResult(len(leads), len(rows), left, min(changed.closed, left))
        marks = marks_now(used, leads)
    raise list_busy(name)


def _seen(used: UsedList, found: pa.Table, moment: int) -> _Seen:
    """The open ones among the leads concerned, as scoring the whole list now would see them."""
    people = pc.unique(found["person_id"])
    if len(people) <= FEW and found.num_rows <= FEW and "lost_after" in used.known:
        seen = _seen_few(used, found["lead_id"].to_pylist(), people.to_pylist(), moment)
        if seen is not None:
            return seen
    return _seen_many(used, found["lead_id"].combine_chunks(), moment)


def _seen_few(
    used: UsedList, leads: Sequence[str], people: Sequence[str], moment: int
) -> _Seen | None:
    """From what is known of their people; None where what becomes of them rests on other leads."""
    workspace, known = used.workspace, used.known
    extract = everything_of(workspace.lake, people, leads)
    every = read_leads(extract, workspace.settings.timezone)
    own = every.filter(pc.is_in(every["lead_id"], value_set=pa.array(leads, pa.string())))
    closed = is_decided(own, moment)
    opened = own.filter(pc.and_(is_there(own, moment), pc.invert(closed)))
    if known["order"] == "created_at":
        created = opened["created_at"]
        if created.null_count:
            return None  # such a lead stands where the first of all does
        if known["lost_after"] is not None:
            # Whether it counts as lost by now rests on when the record ends.
            lost_at = pc.add(created.cast(pa.int64()), known["lost_after"])
            if pc.any(pc.less(lost_at, moment)).as_py():
                return None
    as_of = _asked_at(used, moment)
    reading = ReadSoFar.of(known)
    seen = see_few(used.opened[1], extract, opened, (moment, as_of), reading)
    if known["stage"] is None and stage_column(seen.records) is not None:
        return None  # the first of all leads that has one
    return _Seen(seen, as_of, {}, _count(closed))


def _asked_at(used: UsedList, moment: int) -> int:
    """The instant at which scoring the whole list now would ask: see `Gathered.as_of`."""
    lake, known = used.workspace.lake, used.known
    if known["order"] != "created_at" or not any(lake.exists(table) for table in FACTS):
        return moment
    last = known["as_of"]
    since = f"created_at >= TIMESTAMPTZ {literal(to_iso(last))}"
    found = lake.query(f"SELECT DISTINCT created_at FROM leads WHERE {since}")  # noqa: S608
    zone = pa.timestamp("us", used.workspace.settings.timezone)
    begun = begun_at(found["created_at"].cast(zone)).cast(pa.int64()).to_numpy()
    newest = int(begun[begun < moment].max(initial=-1)) + 1
    return min(moment, max(int(last), end_of_facts(lake, last, moment), newest))


def _seen_many(used: UsedList, leads: pa.Array, moment: int) -> _Seen:
    """From one pass over the lake."""
    workspace, settings = used.workspace, used.workspace.settings
    every = read_leads(workspace.lake, settings.timezone)
    whole, some = gather_some(
        workspace.lake, used.target, every, moment, settings.lost_after_days, leads
    )
    seen = SeenLeads(
        some.observed.open, some.observed.open_position, open_designs(some, used.opened[1])
    )
    known = {
        "order": whole.observed.order,
        "first": whole.first_place,
        "stage": stage_column(whole.observed.open),
        "lost_after": whole.lost_after,
    }
    closed = pc.is_in(whole.observed.closed["lead_id"], value_set=leads)
    return _Seen(seen, whole.as_of, known, _count(closed))


def _count(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(mask).as_py() or 0)
