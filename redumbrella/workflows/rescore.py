"""A few leads scored again at once: outcomes that were logged come in, lists that know them go out.

A lead that is closed leaves the list of scores; one that is open gets a new row, made as the whole
list is made but from what is known of this lead alone, which takes a second instead of minutes. Its
percentile and grade say where it would stand among the others, whose scores stay. How far it moved
stands in the history of scores at once. Promise: killed at any moment, the next command does the
rest.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pyarrow.compute as pc

from redumbrella.errors import EngineError, UmbrellaError
from redumbrella.features.facts import read_leads
from redumbrella.lake.extract import Extract, everything_of
from redumbrella.learning.few_leads import ReadSoFar, see_few
from redumbrella.progress import silent
from redumbrella.reports.outcomes import ScoreMove, moves_of
from redumbrella.scores.deals import stage_column
from redumbrella.state.outcomes import DONE, note_progress, pending_outcomes
from redumbrella.state.scores import changed_scores, note_change, scores_of_leads
from redumbrella.workflows.note_moves import moves_of_day
from redumbrella.workflows.outcomes_in_lake import outcomes_to_lake
from redumbrella.workflows.used_list import UsedList, used_lists
from redumbrella.workspace import Workspace

TRIES = 5  # a list that is replaced meanwhile is changed again
_OF_ITS_LIST = ("stage", "month")  # what an outcome does not change
Row = dict[str, Any]


def finish_outcomes(workspace: Workspace, moment: int) -> str:
    """Brings lake and lists in line with all that was logged; says why scores could not follow.

    moment: now, UTC microseconds. Hold the workspace lock.
    """
    outcomes_to_lake(workspace, moment)
    with workspace.state.reading() as connection:
        waiting = pending_outcomes(connection)
    said = ""
    lists = used_lists(workspace)
    for row in waiting:
        try:
            moves = [] if not row["is_lead"] else _moved(lists, row, moment)
            with workspace.state.writing() as connection:
                note_progress(connection, [row["id"]], DONE, [asdict(move) for move in moves])
        except UmbrellaError as problem:
            # It is noted and in the lake: the next scoring knows of it.
            said = f"The score could not be made again now: {problem.message}"
    return said


def list_busy(target: str) -> EngineError:
    """The error for a list that others replace again and again."""
    message = f'The list of "{target}" was replaced again and again meanwhile.'
    return EngineError(message, reason="list_busy")


def _moved(lists: Sequence[UsedList], row: Row, moment: int) -> list[ScoreMove]:
    if not lists:
        return []
    lead_id = row["lead_id"]
    known = everything_of(lists[0].workspace.lake, [row["person_id"]], [lead_id])
    return [_move(each, known, row, moment) for each in lists]


def _move(each: UsedList, known: Extract, outcome: Row, moment: int) -> ScoreMove:
    name, lead_id = each.target.name, outcome["lead_id"]
    state = each.workspace.state
    for _ in range(TRIES):
        with state.reading() as connection:
            old = scores_of_leads(connection, name, [lead_id])
        rows = _rows(each, known, outcome, old)
        for row in rows:
            row["scored_at"] = moment
        causes = {lead_id: "did"}
        moves = moves_of_day(each.workspace, each.scoring, rows, causes, moment)
        with (
            changed_scores(state, name, [lead_id], rows) as changed,
            state.writing() as connection,
        ):
            if changed.take(connection):
                note_change(connection, name, len(rows) - len(old))
                if moves is not None:
                    moves.note(connection, len(rows) - len(old))
                return ScoreMove(name, _best(old), _best(rows))
    raise list_busy(name)


def _best(rows: Sequence[Row]) -> float | None:
    return max((row["probability"] for row in rows), default=None)


def _rows(each: UsedList, known: Extract, outcome: Row, old: Sequence[Row]) -> list[Row]:
    """The lead's row of the list; none where it is closed or not known any more."""
    lead_id = outcome["lead_id"]
    if not old and not _was_listed(outcome, each.target.name):
        return []
    if not _is_open(known, lead_id):
        return []
    as_of = max(outcome["at"] + 1, each.known["as_of"])
    leads = read_leads(known, each.workspace.settings.timezone)
    own = leads.filter(pc.equal(leads["lead_id"], lead_id))
    reading = ReadSoFar.of(each.known)
    seen = see_few(each.opened[1], known, own, (as_of, as_of), reading)
    rows = each.rows(seen, as_of, silent, stage_column(seen.records))
    if old:
        rows[0] |= {name: old[0][name] for name in _OF_ITS_LIST}
    each.place(rows, {row["lead_id"]: row for row in old})
    return rows


def _is_open(known: Extract, lead_id: str) -> bool:
    """Whether the newest version of a lead has no outcome; a lead that is gone is not open."""
    if not known.exists("leads"):
        return False
    leads = known.rows["leads"]  # in the order of reading
    own = leads.filter(pc.equal(leads["lead_id"], lead_id))
    return own.num_rows > 0 and own["won"][-1].as_py() is None


def _was_listed(outcome: Row, target: str) -> bool:
    """Whether an outcome that is undone took its lead from the list."""
    moves = moves_of(outcome)
    undone = outcome["undone_at"] is not None
    return undone and any(m.target == target and m.before is not None for m in moves)
