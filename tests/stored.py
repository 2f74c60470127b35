"""What tests put into the state database and look up there, over the functions of `state`."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, select

from redumbrella.state import customers, lists, models, recommendations, runs, scores, sources
from redumbrella.state.bulk import mappings
from redumbrella.state.database import State
from redumbrella.views.listing import Page, list_page
from redumbrella.views.table import View
from redumbrella.workspace import Workspace


def put_scores(workspace: Workspace, target: str, rows: Iterable[dict[str, Any]]) -> None:
    """Replaces the list of a target, and notes that it was scored."""
    listed = list(rows)
    scoring = {"target": target, "scored_at": 1, "as_of": 1, "inputs": "", "lake": {}}
    version = listed[0]["model_version"] if listed else ""
    with (
        scores.new_scores(workspace.state, target, listed) as new,
        workspace.state.writing() as connection,
    ):
        lists.take_into_use(connection, new)
        more = {"model_version": version, "asked": len(listed)}
        scores.record_scoring(connection, {**scoring, **more})


def put_customers(workspace: Workspace, rows: Iterable[dict[str, Any]]) -> None:
    """Replaces the list of customers."""
    with (
        customers.new_customers(workspace.state, rows) as new,
        workspace.state.writing() as connection,
    ):
        lists.take_into_use(connection, new)


def put_recommendations(
    workspace: Workspace,
    offered: Iterable[dict[str, Any]],
    products: Iterable[dict[str, Any]],
    made: dict[str, Any],
) -> None:
    """Replaces everybody's lists of products, and notes that they were made."""
    with (
        recommendations.new_recommendations(workspace.state, offered) as new,
        recommendations.new_recommended_products(workspace.state, products) as known,
        workspace.state.writing() as connection,
    ):
        lists.take_into_use(connection, new)
        lists.take_into_use(connection, known)
        recommendations.record_recommending(connection, made)


def rows_in_use(state: State, table: Table, target: str = "") -> list[dict[str, Any]]:
    """The rows of the list in use."""
    with state.reading() as connection:
        return mappings(connection, select(lists.list_in_use(connection, table, target)))


def put_model(workspace: Workspace, model: dict[str, Any]) -> None:
    """Stores a model and puts it into use."""
    with workspace.state.writing() as connection:
        models.store_model(connection, model)


def current_model(workspace: Workspace, target: str = "conversion") -> dict[str, Any] | None:
    """The model in use."""
    with workspace.state.reading() as connection:
        return models.current_model(connection, target)


def recent_runs(workspace: Workspace) -> list[dict[str, Any]]:
    """The log of runs, newest first."""
    with workspace.state.reading() as connection:
        return mappings(connection, select(runs.runs).order_by(runs.runs.c.id.desc()))


def scoring_of(workspace: Workspace, target: str) -> dict[str, Any] | None:
    """What the list of a target rests on."""
    with workspace.state.reading() as connection:
        return scores.scoring_of(connection, target)


def listed(workspace: Workspace, view: View, **asked: Any) -> Page:
    """A page of a list; without a page_size the first thousand rows."""
    given = {"page_size": 1_000, **asked}
    return list_page(workspace, view, view.query({n: str(v) for n, v in given.items()}))


def rejected(workspace: Workspace, table: str | None = None) -> list[dict[str, Any]]:
    """The rows that are set aside, in the order of reading."""
    rows = sources.rejected_rows
    query = select(rows).order_by(rows.c.id)
    with workspace.state.reading() as connection:
        return mappings(
            connection, query if table is None else query.where(rows.c.table_name == table)
        )
