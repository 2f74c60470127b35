"""Lists read from the state database: a description and a query come in, a page of rows goes out.

Only the state database is read, so that a page of a million rows costs milliseconds.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Subquery,
    Table,
    and_,
    func,
    literal,
    select,
)

from redumbrella.errors import NotFoundError, nearest
from redumbrella.settings.settings import Settings
from redumbrella.state.kept import kept, kept_rows
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
    with workspace.state.reading() as connection:
        stored, query = _in_use(workspace, connection, view, query)
        total, found = _found(connection, _summed(workspace, connection, stored, query), query)
        is_empty = not total and not _has_rows(connection, stored, query)
        if not total and not is_empty:
            _refuse_unknown_values(connection, stored, query)
        rows = [view.record(row) for row in found]
        names = _offered(view) if with_choices else ()
        choices = {name: _choices(connection, stored, query, name) for name in names}
        around = view.around(workspace, connection, query) if view.around else {}
    pages = max(1, ceil(total / query.page_size))
    settings = workspace.settings
    frame = Frame(settings.currency, settings.timezone)
    return Page(view.headed(query), query, rows, total, pages, around, frame, choices, is_empty)


def what_is_said(workspace: Workspace, view: View, query: Query) -> Mapping[str, Any]:
    """What a list says besides its rows; nothing where it has nothing to say."""
    with workspace.state.reading() as connection:
        _, query = _in_use(workspace, connection, view, query)
        return view.around(workspace, connection, query) if view.around else {}


def count_rows(workspace: Workspace, view: View, query: Query) -> int:
    """How many rows match."""
    with workspace.state.reading() as connection:
        view, query = _in_use(workspace, connection, view, query)
        view = _summed(workspace, connection, view, query)
        count = select(func.count()).select_from(view.table).where(*view.conditions(query))
        return int(connection.execute(count).scalar_one())


def is_empty(workspace: Workspace, view: View, query: Query) -> bool:
    """Whether the list has no rows at all, whatever the filters."""
    with workspace.state.reading() as connection:
        return not _has_rows(connection, *_in_use(workspace, connection, view, query))


def every_row(workspace: Workspace, view: View, query: Query) -> Iterator[dict[str, Any]]:
    """All matching rows in order as files give them, read in batches; the page does not count.

    Raises NotFoundError as `list_page` does, before the first row.
    """
    with workspace.state.reading() as connection:
        used, query = _in_use(workspace, connection, view, query)
        sums = used.summed is not None and used.of is None  # which narrow themselves
        none = sums or not _has_any(connection, used, used.conditions(query))
        if none and _has_rows(connection, used, query):
            _refuse_unknown_values(connection, used, query)
    return _stream(workspace, view, query)


def _stream(workspace: Workspace, view: View, query: Query) -> Iterator[dict[str, Any]]:
    with workspace.state.reading() as connection:
        view, query = _in_use(workspace, connection, view, query)
        view = _summed(workspace, connection, view, query)
        statement = _ordered(view, query, select(view.table))
        rows = connection.execution_options(yield_per=2_000).execute(statement)
        for row in rows.mappings():
            yield view.export(row)


def _in_use(
    workspace: Workspace, connection: Connection, view: View, query: Query
) -> tuple[View, Query]:
    """The view over the list in use, where its rows are in lists that are replaced, and the query
    with its target and with what the list itself chooses."""
    assert isinstance(view.table, Table), "sums have not been made yet"
    if view.target is not None:
        query = replace(query, target=view.target(workspace.settings, query.target))
        query = replace(query, owners=owners_in(workspace.settings, query.target, query.owners))
    target = query.target if view.target is not None else None
    stored = replace(view, table=list_in_use(connection, view.table, target or ""))
    return stored, query if view.chosen is None else view.chosen(connection, query)


def owners_in(
    settings: Settings, target: str | None, owners: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """Whose rows of a target may be seen by whoever sees those of these owners.

    Leads of nobody are everybody's to pick up; people have no owner, and are not for that reason.
    """
    if owners is None or settings.target(target).from_ is not None:
        return owners
    return tuple(owner for owner in owners if owner)


def _summed(workspace: Workspace, connection: Connection, stored: View, query: Query) -> View:
    """The view over the sums of the stored rows, where it is one of sums."""
    if stored.summed is None:
        return stored
    return replace(stored, table=stored.summed(workspace, connection, stored, query))


def _scope(view: View, query: Query) -> list[ColumnElement[bool]]:
    """The rows of the target, whatever the filters."""
    return view.conditions(replace(query, filters={}))


def _ordered(
    view: View, query: Query, statement: Select[Any], *, backwards: bool = False
) -> Select[Any]:
    """The matching rows in order, all keys in one direction, so that an index gives the order."""
    order = [
        (part.desc() if falls is not backwards else part.asc(), part)
        for part, falls in _order(view, query)
    ]
    by = [
        way if not _may_be_empty(part) else way.nulls_first() if backwards else way.nulls_last()
        for way, part in order
    ]
    return statement.where(*view.conditions(query)).order_by(*by)


def _order(view: View, query: Query) -> list[tuple[ColumnElement[Any], bool]]:
    """The columns that rows are ordered by, each with whether it falls."""
    by = view.sorts[query.sort]
    first = view.column(by.sorted_by or by.name)
    keys = [view.column(name) for name in view.key if name != first.name]
    order = [(column, query.descending) for column in (first, *keys)]
    if view.best and by.filter:  # many rows share one value: the best of them come first
        order.insert(1, (view.column(view.best), True))
    return order


def _may_be_empty(column: ColumnElement[Any]) -> bool:
    return bool(getattr(column, "nullable", True))


def _found(connection: Connection, view: View, query: Query) -> tuple[int, Sequence[RowMapping]]:
    """How many rows match, and those of the page."""
    if isinstance(view.table, Subquery):  # sums are few, and to count them is to make them
        every = kept_rows(connection, _ordered(view, query, select(view.table)))
        first = (query.page - 1) * query.page_size
        return len(every), every[first : first + query.page_size]
    count = select(func.count()).select_from(view.table).where(*view.conditions(query))
    what = ("count", view.name, query.target, tuple(sorted(query.filters.items())), query.owners)
    total = kept(connection, view.table, what, lambda: int(connection.execute(count).scalar_one()))
    return total, _rows(connection, view, query, total)


def _rows(connection: Connection, view: View, query: Query, total: int) -> Sequence[RowMapping]:
    """The rows of one page.

    Rows without a value come last; PostgreSQL has no index in that order. So those with one are
    looked for first, which any index serves, and all of them only where these do not fill the page.
    """
    offset = (query.page - 1) * query.page_size
    wanted = max(0, min(query.page_size, total - offset))
    first, _ = _order(view, query)[0]
    if wanted and _may_be_empty(first):
        known = _page_of(view, query, offset, wanted, only=first.is_not(None))
        found = connection.execute(known).mappings().all()
        if len(found) == wanted:
            return found
    if not wanted:
        return []
    # From the nearer end: what is left out has to be counted too.
    is_nearer = total - offset - wanted < offset
    start = total - offset - wanted if is_nearer else offset
    page = _page_of(view, query, start, wanted, backwards=is_nearer)
    return connection.execute(page).mappings().all()


def _page_of(
    view: View,
    query: Query,
    offset: int,
    wanted: int,
    *,
    only: ColumnElement[bool] | None = None,
    backwards: bool = False,
) -> Select[Any]:
    """So many rows after so many others, in order; only their own wide rows are read.

    only: of which rows. backwards: counted from the end.
    """
    assert isinstance(view.table, Table)
    primary = list(view.table.primary_key.columns)
    keys: Select[Any] = select(*primary)
    if only is None:
        keys = _ordered(view, query, keys, backwards=backwards)
    else:
        ways = [c.desc() if falls else c.asc() for c, falls in _order(view, query)]
        keys = keys.where(*view.conditions(query), only).order_by(*ways)
    chosen = keys.limit(wanted).offset(offset).subquery("chosen")
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
    assert isinstance(view.table, Table)
    what = ("choices", view.name, name, query.target, query.owners)
    return kept(connection, view.table, what, lambda: _values(connection, view, query, by.name))


def _values(connection: Connection, view: View, query: Query, name: str) -> tuple[str, ...]:
    column, scope = view.column(name), _scope(view, query)
    hops = select(func.min(column).label("value")).where(*scope, column > "").cte(recursive=True)
    next_one = select(func.min(column)).where(*scope, column > hops.c.value)
    larger: ColumnElement[Any] = next_one.correlate(hops).scalar_subquery()
    hops = hops.union_all(select(larger).where(hops.c.value.is_not(None)))
    listed = select(hops.c.value).where(hops.c.value.is_not(None)).limit(MAX_CHOICES)
    return tuple(connection.execute(listed).scalars())


def _has_rows(connection: Connection, view: View, query: Query) -> bool:
    """Whether the list has any row, whatever the filters."""
    return _has_any(connection, view, _scope(view, query))


def _has_any(connection: Connection, view: View, conditions: list[ColumnElement[bool]]) -> bool:
    any_row = select(literal(1)).select_from(view.table).where(*conditions).limit(1)
    return connection.execute(any_row).first() is not None


def _refuse_unknown_values(connection: Connection, view: View, query: Query) -> None:
    """Says which value of a filter no row has: a misspelt one must not look like an empty list."""
    for name, by in view.filters.items():
        wanted = query.filters.get(name)
        if wanted is None:
            continue
        own = [*_scope(view, query), view.column(by.name) == wanted]
        if not _has_any(connection, view, own) and wanted not in by.choices:
            raise _unknown_value(view, by, wanted, _choices(connection, view, query, name))


def _unknown_value(view: View, by: Column, wanted: str, known: tuple[str, ...]) -> NotFoundError:
    word, view = by.heading.lower(), view.of or view
    known = tuple(map(by.said, known))
    message = f'No {view.noun[0]} has the {word} "{by.said(wanted)}".'
    if known:
        more = " …" if len(known) > 12 else "."
        message += f" There is: {', '.join(known[:12])}{more}"
    return NotFoundError(message + nearest(wanted, known), reason="unknown_value")
