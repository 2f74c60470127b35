"""A list of leads that is in use, and rows of it that are made anew while the others stay.

In: some leads as the model of the list sees them. Out: their rows, made as the whole list is made;
percentile and grade say where they would stand among the others, whose scores stay.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from redumbrella.decisions.qualification import add_card
from redumbrella.features.facts import read_leads
from redumbrella.learning.few_leads import SeenLeads
from redumbrella.learning.worth import rates_of
from redumbrella.models.model_folder import ModelFiles
from redumbrella.models.registry import LeadModel, features_of
from redumbrella.models.worth.valuation import load_valuation
from redumbrella.progress import Progress
from redumbrella.scores.deals import add_months_of, add_stages
from redumbrella.scores.grades import Standing, grades_beside, standing_among
from redumbrella.scores.scoring import score_leads
from redumbrella.scores.worth import value_leads
from redumbrella.settings.targets import Target
from redumbrella.state.history import scored_days
from redumbrella.state.scores import (
    marks_of_leads,
    measures_in_list,
    scoring_of,
    standing_in_list,
)
from redumbrella.training.observations import lead_observations
from redumbrella.views.weights import current_weights
from redumbrella.workflows.model_in_use import open_model
from redumbrella.workspace import Workspace

Row = dict[str, Any]


@dataclass(frozen=True)
class UsedList:
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
    def known(self) -> Mapping[str, Any]:
        """What the list has read, with the instant at which its leads were asked about; of a list
        that does not say it, of the last scoring in the history of scores, or read anew.
        """
        if "as_of" in self.scoring["known"]:
            return dict(self.scoring["known"])
        with self.workspace.state.reading() as connection:
            days = scored_days(connection, self.target.name)
        if days:
            return {**days[-1]["known"], "as_of": days[-1]["as_of"]}
        return self._read_anew()

    def _read_anew(self) -> Mapping[str, Any]:
        as_of = self.scoring["as_of"]
        leads = read_leads(self.workspace.lake, self.workspace.settings.timezone)
        observed = lead_observations(leads, as_of)
        places = [*observed.position[:1].tolist(), *observed.open_position.tolist()]
        known = {"as_of": as_of, "rows": {}, "order": observed.order}
        return {**known, "first": min(places, default=0.0)}

    @property
    def measure(self) -> str:
        """The column by which it is graded."""
        return "expected_value" if self.scoring["ranked_by"] == "value" else "probability"

    def rows(self, seen: SeenLeads, as_of: int, report: Progress, stage: str | None) -> list[Row]:
        """The rows of n leads but for percentile and grade, as scoring the whole list makes them.

        stage: the column of the stages, as `stage_column` finds it in the whole list.
        """
        settings, (files, model) = self.workspace.settings, self.opened
        valuation = load_valuation(files, features_of(model))
        values = None if valuation is None else partial(value_leads, valuation, rates_of(settings))
        records = seen.records
        rows = score_leads(
            model, records, seen.position, as_of, report, seen.design_of, values, settings.labels
        )
        weights = current_weights(self.workspace)
        if valuation is not None:
            for row in rows:
                add_card(row, weights, settings.currency)
        add_stages(rows, records, stage)
        add_months_of(self.scoring["month_of"], rows, records, as_of, settings.timezone)
        return rows

    def place(self, rows: Sequence[Row], marks: Mapping[str, Mapping[str, Any]]) -> None:
        """Gives rows percentile and grade, from where they would stand among the others.

        marks: what the list has now of the leads whose rows leave it, as `marks_of_leads` says.
        """
        self._grade(rows, marks)
        standing = self._standing("probability", rows, marks)
        for row, percentile in zip(rows, standing.percentiles.tolist(), strict=True):
            row["percentile"] = percentile

    def _grade(self, rows: Sequence[Row], marks: Mapping[str, Mapping[str, Any]]) -> None:
        valued = [row for row in rows if row.get(self.measure) is not None]
        values = np.array([row[self.measure] for row in valued], np.float64)
        former = [marks.get(row["lead_id"], {}).get("grade") for row in valued]
        standing = self._standing(self.measure, valued, marks)
        given = grades_beside(values, standing, former, self.workspace.settings.grades)
        for row in rows:
            row["grade"] = None
        for row, grade in zip(valued, given, strict=True):
            row["grade"] = grade

    def _standing(
        self, measure: str, rows: Sequence[Row], marks: Mapping[str, Mapping[str, Any]]
    ) -> Standing:
        name, values = self.target.name, np.array([row[measure] for row in rows], np.float64)
        with self.workspace.state.reading() as connection:
            if len(rows) == 1 and set(marks) <= {rows[0]["lead_id"]}:
                # The index of the list answers this without reading all of it.
                found = standing_in_list(
                    connection, name, measure, rows[0][measure], rows[0]["lead_id"]
                )
                return Standing(np.array([found[0]]), np.array([found[1]]), found[2])
            listed = np.array(measures_in_list(connection, name, measure), np.float64)
        gone = [mark[measure] for mark in marks.values() if mark[measure] is not None]
        return standing_among(values, listed, np.array(gone, np.float64))


def used_lists(workspace: Workspace) -> list[UsedList]:
    """The lists of leads that are in use."""
    found = []
    for target in workspace.settings.targets:
        if target.from_ is not None:
            with workspace.state.reading() as connection:
                scoring = scoring_of(connection, target.name)
            if scoring is not None:
                found.append(UsedList(workspace, target, scoring))
    return found


def marks_now(used: UsedList, leads: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the list has now of some leads, by lead."""
    with used.workspace.state.reading() as connection:
        return marks_of_leads(connection, used.target.name, leads)
