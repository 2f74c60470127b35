"""The Python door: `redumbrella.open("shop")` gives a workspace with its verbs and its lists.

In: a folder with umbrella.toml. Out: an `OpenedWorkspace`; its lists are Arrow in the middle and
pandas or polars outside. Every method shows or does what the command of the same name does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from importlib.util import find_spec
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from redumbrella.clock import now, to_microseconds
from redumbrella.destinations.files import arrow_batches, arrow_schema, format_of, write_rows
from redumbrella.errors import SettingsError
from redumbrella.figures import count
from redumbrella.progress import Progress, silent
from redumbrella.reports.changes import ScoreChange
from redumbrella.reports.model import ReportDocument
from redumbrella.reports.recommenders import RankedProducts
from redumbrella.settings.settings import Settings
from redumbrella.views.automations import (
    AutomationDetail,
    Automations,
    automation_detail,
    automations,
)
from redumbrella.views.catalogue import SUMMARIES, VIEWS
from redumbrella.views.lead import LeadDetail, lead_detail
from redumbrella.views.listing import every_row
from redumbrella.views.models import current_report, report_of
from redumbrella.views.recommendations import (
    PersonRecommendations,
    ProductDetail,
    product_detail,
    recommendations_of,
)
from redumbrella.views.rules import rule_named
from redumbrella.views.score_history import ScoreHistory, score_history
from redumbrella.views.similar_leads import SimilarLeads, similar_to
from redumbrella.views.table import Query, View, parse_day
from redumbrella.views.trust import Trust, trust_in_use
from redumbrella.workspace import Workspace, open_workspace

_PAGING = ("page", "page_size")


@dataclass(frozen=True)
class ListRows:
    """All rows of a list that match what was asked, in order; read when they are asked for.

    The columns are those of `umbrella export`; times are in UTC.
    """

    workspace: Workspace
    view: View
    query: Query

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each row as a dictionary."""
        return every_row(self.workspace, self.view, self.query)

    def __len__(self) -> int:
        """How many rows there are."""
        return int(self.to_arrow().num_rows)

    def __repr__(self) -> str:
        """What it holds, and how to get at it."""
        name = self.view.noun[1]
        return f"<{count(len(self))} {name}; .to_pandas(), .to_polars(), .to_arrow(), .write(path)>"

    @cached_property
    def _table(self) -> Any:
        import pyarrow as pa

        batches = list(arrow_batches(self.view.fields, self))
        return pa.concat_tables([arrow_schema(self.view.fields).empty_table(), *batches])

    def to_arrow(self) -> Any:
        """A pyarrow.Table, read once and kept."""
        return self._table

    def to_pandas(self) -> Any:
        """A pandas.DataFrame; pandas has to be installed, else SettingsError."""
        _needs("pandas")
        return self._table.to_pandas()

    def to_polars(self) -> Any:
        """A polars.DataFrame; polars has to be installed, else SettingsError."""
        _needs("polars")
        import polars as pl

        return pl.from_arrow(self._table)

    def write(self, path: str | Path, *, raw: bool = False) -> int:
        """Writes a .csv, .parquet or .jsonl file; returns how many rows.

        raw: a CSV with texts as they are, also those that a spreadsheet would run as formulas.
        Raises SettingsError for another ending, or where the file cannot be written.
        """
        place = Path(path)
        return write_rows(place, format_of(place), self.view.fields, self, raw=raw)


class OpenedWorkspace:
    """A workspace: verbs that change it, lists and reports that show it.

    Its lists are methods named like the commands: `leads`, `changes`, `pipeline`, `customers`,
    `products`, `recommendations`, `valuations`, `cohorts`, `outbox`, `tasks`, `audiences`,
    `models`, `sources`, `rejected` and `runs`. They take the filters of the command by name and
    give `ListRows`:

    >>> ws = OpenedWorkspace(folder)
    >>> ws.leads(min_probability="10 %").to_arrow().column_names[:3]
    ['lead_id', 'person_id', 'product_id']
    >>> ws.close()

    Raises SettingsError for a missing or wrong umbrella.toml, EngineError for a store that does not
    answer.
    """

    def __init__(self, folder: str | Path = ".") -> None:
        self.workspace = open_workspace(Path(folder))

    def __enter__(self) -> Self:
        """The workspace itself, closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the database."""
        self.close()

    def __repr__(self) -> str:
        """The name and the folder."""
        return f"<Red Umbrella workspace {self.settings.name!r} in {self.workspace.root}>"

    def __dir__(self) -> list[str]:
        """The methods, and the lists among them."""
        return [*super().__dir__(), *VIEWS]

    def __getattr__(self, name: str) -> Callable[..., ListRows]:
        """The list of that name as a method, with its filters as parameters."""
        if name not in VIEWS:
            raise AttributeError(f"A workspace has no {name!r}. Lists: {', '.join(VIEWS)}.")
        return _list_method(self.workspace, VIEWS[name])

    @property
    def settings(self) -> Settings:
        """What umbrella.toml says."""
        return self.workspace.settings

    def close(self) -> None:
        """Closes the database; the workspace cannot be used any more."""
        self.workspace.state.close()

    def ingest(self, on_step: Progress | None = None) -> Any:
        """Reads the sources into the lake; an IngestResult says what changed."""
        from redumbrella.workflows.ingest import ingest

        return ingest(self.workspace, on_step or silent)

    def train(
        self,
        target: str | None = None,
        as_of: datetime | str | None = None,
        on_step: Progress | None = None,
    ) -> Any:
        """Compares the families and chooses one; a TrainResult with the report."""
        from redumbrella.workflows.train import train

        instant = self._instant(as_of)
        return train(self.workspace, on_step or silent, target_name=target, as_of=instant)

    def score(
        self,
        target: str | None = None,
        as_of: datetime | str | None = None,
        on_step: Progress | None = None,
    ) -> Any:
        """Scores everyone who is open; a ScoreResult says how many."""
        from redumbrella.workflows.score import score

        instant = self._instant(as_of)
        return score(self.workspace, on_step or silent, target_name=target, as_of=instant)

    def score_changed(self, on_step: Progress | None = None) -> Any:
        """Scores the leads again about whose people something was read; a RescoreResult."""
        from redumbrella.workflows.rescore_changed import rescore_changed

        return rescore_changed(self.workspace, on_step or silent)

    def run(self, *, fresh: bool = False, on_step: Progress | None = None) -> Any:
        """Ingest, train, score and value customers, only what is stale; a RunResult."""
        from redumbrella.workflows.run import run

        return run(self.workspace, on_step or silent, fresh=fresh)

    def explain(
        self, lead_id: str, target: str | None = None, product: str | None = None
    ) -> LeadDetail:
        """One lead: its score, reasons, worth, record and timeline."""
        return lead_detail(self.workspace, lead_id, target, product)

    def similar(
        self, lead_id: str, target: str | None = None, product: str | None = None
    ) -> SimilarLeads:
        """The closed leads most like one that is scored, and how they ended."""
        return similar_to(self.workspace, lead_id, target, product)

    def history(
        self, lead_id: str, target: str | None = None, product: str | None = None
    ) -> ScoreHistory:
        """One lead: its score on every day, the days on which it moved, and contacts."""
        return score_history(self.workspace, lead_id, target, product)

    def explain_change(
        self, lead_id: str, since: date | str | None = None, target: str | None = None
    ) -> ScoreChange:
        """One lead: why its score moved since a day, as parts that sum to the difference."""
        from redumbrella.views.score_change import explain_change

        day = parse_day(since) if isinstance(since, str) else since
        return explain_change(self.workspace, lead_id, day, target)

    def forget_scores(self, person_id: str) -> int:
        """Removes every score of every day of a person and its leads; returns how many rows.

        The list in use is not changed. The bytes of old files are gone a day later, with the
        scoring that comes then.
        """
        from redumbrella.workflows.keep_scores import forget_scores

        return forget_scores(self.workspace, person_id)

    def outcome(
        self,
        lead_id: str,
        what: str,
        *,
        key: str = "",
        at: datetime | str | None = None,
        date: date | str | None = None,
        **more: Any,
    ) -> Any:
        """Logs what came of a contact: reached, no_answer, later (date), won (amount), lost
        (reason), wrong_person or bad_fit; a LoggedOutcome.

        more: amount, reason, minutes, note, rep, kind, seen. key: sent again with the same
        request it gives the same answer.
        """
        from redumbrella.outcomes import OutcomeRequest, day_of_text
        from redumbrella.workflows.log_outcome import log_outcome

        unknown = more.keys() - {"amount", "reason", "minutes", "note", "rep", "kind", "seen"}
        if unknown:
            message = f"outcome() takes no {', '.join(sorted(unknown))}."
            raise SettingsError(message, reason="unknown_parameter")
        day = day_of_text(date) if isinstance(date, str) else date
        asked = OutcomeRequest(lead_id, what, date=day, at=self._instant(at), **more)
        return log_outcome(self.workspace, asked, key)

    def undo_outcome(self, number: int, by: str = "") -> Any:
        """Takes an outcome back within a day of its logging; a LoggedOutcome."""
        from redumbrella.workflows.log_outcome import undo_outcome

        return undo_outcome(self.workspace, number, by)

    def automations(self) -> Automations:
        """Every rule with what it did and what it lacks; the workers; whether all are stopped."""
        from redumbrella.workflows.check_automations import problems_of_rules

        return automations(self.workspace, problems_of_rules(self.workspace))

    def automation(self, name: str) -> AutomationDetail:
        """One rule whole: its sentence, content and versions."""
        from redumbrella.workflows.check_automations import problems_of_rules

        return automation_detail(self.workspace, name, problems_of_rules(self.workspace))

    def try_automation(self, name: str, days: int = 30) -> Any:
        """Whom a rule would have acted on in the last days; a TriedRule. Nothing is sent."""
        from redumbrella.workflows.try_automation import try_automation

        with self.workspace.state.reading() as connection:
            rule = rule_named(self.settings, connection, name).automation
        return try_automation(self.workspace, rule, days)

    def measure_automation(self, name: str) -> Any:
        """What a rule brings, those it acted on against those left alone; a MeasuredRule."""
        from redumbrella.workflows.measure_uplift import measure_uplift

        with self.workspace.state.reading() as connection:
            rule = rule_named(self.settings, connection, name).automation
        return measure_uplift(self.workspace, rule)

    def save_automation(self, content: Mapping[str, Any]) -> AutomationDetail:
        """Makes a rule, or a newer version of one, from what [[automations]] would hold."""
        from redumbrella.workflows.automation_rules import save_automation

        return self.automation(save_automation(self.workspace, content).automation.name)

    def switch_automation(self, name: str, *, is_on: bool) -> AutomationDetail:
        """Switches a rule on or off."""
        from redumbrella.workflows.automation_rules import switch_automation

        rule = switch_automation(self.workspace, name, is_on=is_on)
        return self.automation(rule.automation.name)

    def remove_automation(self, name: str) -> None:
        """Removes a rule that does not stand in umbrella.toml."""
        from redumbrella.workflows.automation_rules import remove_automation

        remove_automation(self.workspace, name)

    def stop_automations(self, *, is_stopped: bool = True) -> None:
        """Stops all rules, or lets them go on."""
        from redumbrella.workflows.automation_rules import stop_automations

        stop_automations(self.workspace, is_stopped=is_stopped)

    def cancel_action(self, number: int) -> None:
        """Cancels an action of the outbox that waits."""
        from redumbrella.workflows.cancel_action import cancel_action

        cancel_action(self.workspace, number)

    def finish_task(self, number: int) -> bool:
        """Marks a task as done; False where it was."""
        from redumbrella.workflows.finish_task import finish_task

        return finish_task(self.workspace, number)

    def recommend(
        self, as_of: datetime | str | None = None, on_step: Progress | None = None
    ) -> Any:
        """Makes everybody's lists of products; a RecommendResult says how each was chosen.

        `recommendations` is the list of these lists, `recommendations_for` the lists of a person.
        """
        from redumbrella.workflows.recommend import recommend

        return recommend(self.workspace, on_step or silent, self._instant(as_of))

    def recommendations_for(
        self,
        person_id: str,
        list: str | None = "new",  # noqa: A002  the word of REST and of files
        n: int | None = 10,
        recommender: str | None = None,
    ) -> PersonRecommendations:
        """What to offer one person, the best first, as it may be shown now.

        list: again (bought before), new (not yet), all (both) or newcomer (who bought nothing);
        None for every list there is. n: products of each, None for as many as umbrella.toml says.
        """
        return recommendations_of(
            self.workspace, person_id, now(), recommender=recommender, only=list, n=n
        )

    def similar_products(
        self, product_id: str, n: int = 10, recommender: str | None = None
    ) -> ProductDetail:
        """What a product is like, and what its buyers bought too; only what may be shown now."""
        return product_detail(self.workspace, product_id, now(), recommender=recommender, n=n)

    def rank_products(
        self, person_id: str, product_ids: Sequence[str], recommender: str | None = None
    ) -> RankedProducts:
        """Any products, such as a search result, in the order in which one person would want them.

        Rests on all that was ingested of the person. Products that may not be shown are in
        `withheld`, unknown ones last.
        """
        from redumbrella.views.ranked_products import rank_products

        found = rank_products(self.workspace, [person_id], [product_ids], now(), recommender)
        return found[0]

    def report(self, target: str | None = None, model: str | None = None) -> ReportDocument:
        """What the model in use (or one version) rests on, and whether it can be trusted."""
        if model is not None:
            return report_of(self.workspace, model).document
        return current_report(self.workspace, target).document

    def trust(self, target: str | None = None) -> Trust:
        """Whether the scores of the model in use may be relied on, why, and what follows.

        `verdict` is "ready", "with care", "not ready", or "none" before training.
        """
        return trust_in_use(self.workspace, target)

    def _instant(self, moment: datetime | str | None) -> int | None:
        """UTC microseconds of a moment; one without an offset is in the workspace's time zone."""
        if moment is None:
            return None
        given = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        if given.tzinfo is None:
            given = given.replace(tzinfo=ZoneInfo(self.settings.timezone))
        return to_microseconds(given.astimezone(UTC))


def _needs(package: str) -> None:
    """Says what to install where a package of the analyst's choice is missing."""
    if find_spec(package) is None:
        message = f"{package} is not installed. Install it: pip install {package}"
        raise SettingsError(message, reason="missing_package")


def _list_method(workspace: Workspace, view: View) -> Callable[..., ListRows]:
    """The method of one list. Its parameters and their meaning are those of the description."""

    def rows(**asked: object) -> ListRows:
        given = {name: str(value) for name, value in asked.items() if value is not None}
        for name in _PAGING:
            if name in given:
                message = f"{view.name}() gives all rows, so it takes no {name}: slice the result."
                raise SettingsError(message, reason="unknown_parameter")
        return ListRows(workspace, view, view.query(given))

    known = {name: words for name, words in view.parameters.items() if name not in _PAGING}
    listed = "\n".join(f"{name}: {words}" for name, words in known.items())
    rows.__name__ = view.name
    rows.__doc__ = f"{SUMMARIES[view.name]}.\n\n{listed}"
    keywords = [Parameter(n, Parameter.KEYWORD_ONLY, default=None) for n in known]
    rows.__signature__ = Signature(keywords, return_annotation=ListRows)  # type: ignore[attr-defined]
    return rows
