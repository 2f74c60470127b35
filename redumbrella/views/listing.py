"""Lists read from the state database: a description and a query come in, a page of rows goes out.

Only the state database is read, so that a page of a million rows costs milliseconds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from redumbrella.errors import NotFoundError, nearest
from redumbrella.state.lists import list_in_use
from redumbrella.views.kinds import Frame
from redumbrella.views.table import Column, Query, View
from redumbrella.workspace import Workspace

MAX_CHOICES = 300


@dataclass(frozen=True)
class Page:
    """One page of a list: rows by column, how many match, and what else is said."""

    view: View
    query: Query
    rows: list[dict[str, Any]]
    total: int
    pages: int
    around: Mapping[str, Any]
    frame: Frame
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_empty: bool = False  # whether the list has no rows at all, whatever the filters

    @property
    def first_rank(self) -> int:
        """Position of the first shown row in the whole ordered list, from 1."""
        return (self.query.page - 1) * self.query.page_size + 1

    def to_json(self) -> dict[str, Any]:
        """The page as REST answers it and `--json` prints it."""
        return {
            "rows": [self.view.listed(row) for row in self.rows],
            "total": self.total,
            "page": self.query.page,
            "pages": self.pages,
            "page_size": self.query.page_size,
            "query": self.query.to_json(),
            **self.around,
        }


def list_page(
    workspace: Workspace, view: View, query: Query, *, with_choices: bool = False
) -> Page:
    """One page of a list; beyond the last one there are no rows.

    Raises NotFoundError for an unknown target, and for a value of a filter that no row has.
    """
    query = _targeted(workspace, view, query)
    with workspace.state.reading() as connection:
        shown, view = view, _in_use(connection, view, query)
        count = select(func.count()).select_from(view.table).where(*_conditions(view, query))
        total = int(connection.execute(count).scalar_one())
        is_empty = not total and not _has_rows(connection, view, query)
        if not total and not is_empty:
            _refuse_unknown_values(connection, view, query)
        wanted = _page_of(view, query)
        rows = [view.record(row) for row in connection.execute(wanted).mappings()]
        names = _offered(view) if with_choices else ()
        found = {name: _choices(connection, view, query, name) for name in names}
        around = view.around(workspace, connection, query.target) if view.around else {}
    pages = max(1, ceil(total / query.page_size))
    settings = workspace.settings
    frame = Frame(settings.currency, settings.timezone)
    return Page(shown, query, rows, total, pages, around, frame, found, is_empty)


def what_is_said(workspace: Workspace, view: View, query: Query) -> Mapping[str, Any]:
    """What a list says besides its rows; nothing where it has nothing to say."""
    query = _targeted(workspace, view, query)
    with workspace.state.reading() as connection:
        return view.around(workspace, connection, query.target) if view.around else {}


def count_rows(workspace: Workspace, view: View, query: Query) -> int:
    """How many rows match."""
    query = _targeted(workspace, view, query)
    with workspace.state.reading() as connection:
        view = _in_use(connection, view, query)
        count = select(func.count()).select_from(view.table).where(*_conditions(view, query))
        return int(connection.execute(count).scalar_one())


def is_empty(workspace: Workspace, view: View, query: Query) -> bool:
    """Whether the list has no rows at all, whatever the filters."""
    query = _targeted(workspace, view, query)
    with workspace.state.reading() as connection:
        return not _has_rows(connection, _in_use(connection, view, query), query)


def every_row(workspace: Workspace, view: View, query: Query) -> Iterator[dict[str, Any]]:
    """All matching rows in order as files give them, read in batches; the page does not count.

    Raises NotFoundError as `list_page` does, before the first row.
    """
    query = _targeted(workspace, view, query)
    with workspace.state.reading() as connection:
        used = _in_use(connection, view, query)
        first = select(used.column(view.key[0])).where(*_conditions(used, query)).limit(1)
        none = connection.execute(first).first() is None
        if none and _has_rows(connection, used, query):
            _refuse_unknown_values(connection, used, query)
    return _stream(workspace, view, query)


def _stream(workspace: Workspace, view: View, query: Query) -> Iterator[dict[str, Any]]:
    with workspace.state.reading() as connection:
        view = _in_use(connection, view, query)
        statement = _ordered(view, query, select(view.table))
        rows = connection.execution_options(yield_per=2_000).execute(statement)
        for row in rows.mappings():
            yield view.export(row)


def _targeted(workspace: Workspace, view: View, query: Query) -> Query:
    if view.target is None:
        return query
    return replace(query, target=view.target(workspace.settings, query.target))


def _in_use(connection: Connection, view: View, query: Query) -> View:
    """The view over the list in use, where its rows are in lists that are replaced."""
    target = query.target if view.target is not None else None
    return replace(view, table=list_in_use(connection, view.table, target or ""))


def _scope(view: View, query: Query) -> list[ColumnElement[bool]]:
    return [] if view.target is None else [view.column("target") == query.target]


def _conditions(view: View, query: Query) -> list[ColumnElement[bool]]:
    conditions = _scope(view, query)
    for name, wanted in query.filters.items():
        if name == "search":
            text = view.column(view.search)
            conditions += [text.contains(word, autoescape=True) for word in wanted.lower().split()]
        elif name in view.least:
            conditions.append(view.column(view.least[name]) >= float(wanted))
        else:
            conditions.append(view.column(view.filters[name].name) == wanted)
    return conditions


def _ordered(view: View, query: Query, statement: Select[Any]) -> Select[Any]:
    """The matching rows in order, all keys in one direction, so that an index gives the order."""
    by = view.sorts[query.sort]
    first = view.column(by.sorted_by or by.name)
    keys = [view.column(name) for name in view.key if name != first.name]
    order: list[ColumnElement[Any]] = [
        c.desc() if query.descending else c.asc() for c in (first, *keys)
    ]
    if view.table.c[first.name].nullable:
        order[0] = order[0].nulls_last()
    if view.best and by.filter:  # many rows share one value: the best of them come first
        order.insert(1, _falling(view, view.best))
    return statement.where(*_conditions(view, query)).order_by(*order)


def _falling(view: View, name: str) -> ColumnElement[Any]:
    falling = view.column(name).desc()
    return falling.nulls_last() if view.table.c[name].nullable else falling


def _page_of(view: View, query: Query) -> Select[Any]:
    """The rows of one page; only its own wide rows are read."""
    primary = list(view.table.primary_key.columns)
    keys = _ordered(view, query, select(*primary))
    offset = (query.page - 1) * query.page_size
    chosen = keys.limit(query.page_size).offset(offset).subquery("chosen")
    same = and_(*(chosen.c[column.name] == column for column in primary))
    return _ordered(view, query, select(view.table).join(chosen, same))


def _offered(view: View) -> tuple[str, ...]:
    return tuple(view.filters)


def _choices(connection: Connection, view: View, query: Query, name: str) -> tuple[str, ...]:
    """The values of one filter, at most MAX_CHOICES, by hopping along its index.

    SELECT DISTINCT would read every row; each hop asks only for the next larger value.
    """
    by = view.filters[name]
    if by.choices:
        return by.choices
    column = view.column(by.name)
    found: list[str] = []
    last = ""
    while len(found) < MAX_CHOICES:
        following = select(func.min(column)).where(*_scope(view, query), column > last)
        value = connection.execute(following).scalar_one()
        if value is None:
            break
        found.append(value)
        last = value
    return tuple(found)


def _has_rows(connection: Connection, view: View, query: Query) -> bool:
    """Whether the list has any row, whatever the filters."""
    any_row = select(view.column(view.key[0])).where(*_scope(view, query)).limit(1)
    return connection.execute(any_row).first() is not None


def _refuse_unknown_values(connection: Connection, view: View, query: Query) -> None:
    """Says which value of a filter no row has: a misspelt one must not look like an empty list."""
    for name, by in view.filters.items():
        wanted = query.filters.get(name)
        if wanted is None:
            continue
        has = select(view.column(view.key[0]))
        has = has.where(*_scope(view, query), view.column(by.name) == wanted).limit(1)
        if connection.execute(has).first() is None and wanted not in by.choices:
            raise _unknown_value(view, by, wanted, _choices(connection, view, query, name))


def _unknown_value(view: View, by: Column, wanted: str, known: tuple[str, ...]) -> NotFoundError:
    word = by.heading.lower()
    message = f'No {view.noun[0]} has the {word} "{wanted}".'
    if known:
        more = " …" if len(known) > 12 else "."
        message += f" There is: {', '.join(known[:12])}{more}"
    return NotFoundError(message + nearest(wanted, known), reason="unknown_value")
