"""A few leads scored again at once: outcomes that were logged come in, lists that know them go out.

A lead that is closed leaves the list of scores; one that is open gets a new row, made as the whole
list is made but from what is known of this lead alone, which takes a second instead of minutes. Its
percentile and grade say where it would stand among the others, whose scores stay. Promise: killed
at any moment, the next command does the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow.compute as pc

from redumbrella.decisions.qualification import add_card
from redumbrella.errors import EngineError, UmbrellaError
from redumbrella.features.facts import read_leads
from redumbrella.lake.extract import Extract, everything_of
from redumbrella.learning.one_lead import ReadSoFar, look_at_lead
from redumbrella.learning.worth import rates_of
from redumbrella.models.model_folder import ModelFiles
from redumbrella.models.registry import LeadModel, features_of
from redumbrella.models.worth.valuation import load_valuation
from redumbrella.progress import silent
from redumbrella.reports.outcomes import ScoreMove, moves_of
from redumbrella.scores.deals import add_stages
from redumbrella.scores.grades import grade_of_one
from redumbrella.scores.scoring import score_leads
from redumbrella.scores.worth import value_leads
from redumbrella.settings.targets import Target
from redumbrella.state.history import scored_days
from redumbrella.state.outcomes import DONE, note_progress, pending_outcomes
from redumbrella.state.scores import (
    changed_scores,
    scores_of_leads,
    scoring_of,
    standing_in_list,
)
from redumbrella.training.observations import lead_observations
from redumbrella.views.weights import current_weights
from redumbrella.workflows.model_in_use import open_model
from redumbrella.workflows.outcomes_in_lake import outcomes_to_lake
from redumbrella.workspace import Workspace

_TRIES = 5  # a list that is replaced meanwhile is changed again
_OF_ITS_LIST = ("stage", "month")  # what an outcome does not change
Row = dict[str, Any]


@dataclass(frozen=True)
class _List:
    """A list of leads that is in use: its target, and what it rests on.

    The model is opened when a lead is scored: a lead that is closed leaves without it.
    """

    workspace: Workspace
    target: Target
    scoring: Mapping[str, Any]

    @cached_property
    def opened(self) -> tuple[ModelFiles, LeadModel]:
        """The model that made the list, with its files."""
        folder = self.workspace.models / self.scoring["model_version"]
        return open_model(folder, self.target)

    @cached_property
    def day(self) -> Mapping[str, Any]:
        """The last scoring in the history of scores, or the same read anew where it has none."""
        with self.workspace.state.reading() as connection:
            days = scored_days(connection, self.target.name)
        return days[-1] if days else _read_anew(self.workspace, self.scoring["as_of"])


def finish_outcomes(workspace: Workspace, moment: int) -> str:
    """Brings lake and lists in line with all that was logged; says why scores could not follow.

    moment: now, UTC microseconds. Hold the workspace lock.
    """
    outcomes_to_lake(workspace, moment)
    with workspace.state.reading() as connection:
        waiting = pending_outcomes(connection)
    said = ""
    lists = _lists(workspace)
    for row in waiting:
        try:
            moves = [] if not row["is_lead"] else _moved(workspace, lists, row)
            with workspace.state.writing() as connection:
                note_progress(connection, [row["id"]], DONE, [asdict(move) for move in moves])
        except UmbrellaError as problem:
            # It is noted and in the lake: the next scoring knows of it.
            said = f"The score could not be made again now: {problem.message}"
    return said


def _lists(workspace: Workspace) -> list[_List]:
    """The lists of leads that are in use."""
    found = []
    for target in workspace.settings.targets:
        if target.from_ is not None:
            with workspace.state.reading() as connection:
                scoring = scoring_of(connection, target.name)
            if scoring is not None:
                found.append(_List(workspace, target, scoring))
    return found


def _read_anew(workspace: Workspace, as_of: int) -> dict[str, Any]:
    """How all leads stand in time, where the history of scores does not have it."""
    leads = read_leads(workspace.lake, workspace.settings.timezone)
    observed = lead_observations(leads, as_of)
    first = min([*observed.position[:1].tolist(), *observed.open_position.tolist()], default=0.0)
    return {"as_of": as_of, "known": {"rows": {}, "order": observed.order, "first": first}}


def _moved(workspace: Workspace, lists: Sequence[_List], row: Row) -> list[ScoreMove]:
    lead_id = row["lead_id"]
    known = everything_of(workspace.lake, row["person_id"], lead_id)
    return [_move(workspace, each, known, row) for each in lists]


def _move(workspace: Workspace, each: _List, known: Extract, outcome: Row) -> ScoreMove:
    name, lead_id = each.target.name, outcome["lead_id"]
    for _ in range(_TRIES):
        with workspace.state.reading() as connection:
            old = scores_of_leads(connection, name, [lead_id])
        rows = _rows(workspace, each, known, outcome, old)
        with (
            changed_scores(workspace.state, name, [lead_id], rows) as changed,
            workspace.state.writing() as connection,
        ):
            if changed.take(connection):
                return ScoreMove(name, _best(old), _best(rows))
    message = f'The list of "{name}" was replaced again and again meanwhile.'
    raise EngineError(message, reason="list_busy")


def _best(rows: Sequence[Row]) -> float | None:
    return max((row["probability"] for row in rows), default=None)


def _rows(
    workspace: Workspace, each: _List, known: Extract, outcome: Row, old: Sequence[Row]
) -> list[Row]:
    """The lead's row of the list; none where it is closed or not known any more."""
    settings = workspace.settings
    if not old and not _was_listed(outcome, each.target.name):
        return []
    if not _is_open(known, outcome["lead_id"]):
        return []
    files, model = each.opened
    as_of = max(outcome["at"] + 1, each.day["as_of"])
    reading = ReadSoFar.of(each.day["known"])
    look = look_at_lead(model, known, outcome["lead_id"], as_of, reading, settings.timezone)
    valuation = load_valuation(files, features_of(model))
    values = None if valuation is None else partial(value_leads, valuation, rates_of(settings))
    place = np.zeros(1)
    rows = score_leads(
        model, look.record, place, as_of, silent, lambda _: look.design, values, settings.labels
    )
    if valuation is not None:
        add_card(rows[0], current_weights(workspace), settings.currency)
    add_stages(rows, look.record)
    if old:
        rows[0] |= {name: old[0][name] for name in _OF_ITS_LIST}
    _place_in_list(workspace, each, rows[0], old)
    return rows


def _is_open(known: Extract, lead_id: str) -> bool:
    """Whether the newest version of a lead has no outcome; a lead that is gone is not open."""
    if not known.exists("leads"):
        return False
    leads = known.rows["leads"]  # in the order of reading
    own = leads.filter(pc.equal(leads["lead_id"], lead_id))
    return own.num_rows > 0 and own["won"][-1].as_py() is None


def _place_in_list(workspace: Workspace, each: _List, row: Row, old: Sequence[Row]) -> None:
    """Percentile and grade, from where it would stand among the others."""
    name, lead_id = each.target.name, row["lead_id"]
    by_value = each.scoring["ranked_by"] == "value"
    measure = "expected_value" if by_value else "probability"
    former = old[0]["grade"] if old else None
    with workspace.state.reading() as connection:
        above, equal, others = standing_in_list(
            connection, name, "probability", row["probability"], lead_id
        )
        below = others - above - equal
        row["percentile"] = 100.0 * (below + (equal + 1) / 2.0) / (others + 1)
        row["grade"] = None
        if row.get(measure) is not None:
            standing = standing_in_list(connection, name, measure, row[measure], lead_id)
            row["grade"] = grade_of_one(row[measure], standing, former, workspace.settings.grades)


def _was_listed(outcome: Row, target: str) -> bool:
    """Whether an outcome that is undone took its lead from the list."""
    moves = moves_of(outcome)
    undone = outcome["undone_at"] is not None
    return undone and any(m.target == target and m.before is not None for m in moves)
