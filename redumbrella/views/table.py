"""The description of a list: columns, filters, order, and where its rows come from.

A list is described once, as a `View`. From it come the SQL condition and order (`views.listing`),
the query parameters with the check for unknown names, the page with filters, sort and pager, JSON
with its OpenAPI schema, CSV, Parquet and JSON lines, the command with its options, the Python call,
the menu and the reference page. A new list is one such object; a filter is one argument.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Subquery, Table, false, or_

from redumbrella.destinations.files import FileColumn
from redumbrella.errors import AccessError, SettingsError, nearest
from redumbrella.figures import parse_share
from redumbrella.settings.settings import Settings
from redumbrella.views.kinds import CellType, Row
from redumbrella.workspace import Workspace

MAX_PAGE_SIZE = 1_000
MAX_WORDS = 20
MAX_CHARACTERS = 1_000
PAGE_SIZE = 50


@dataclass(frozen=True)
class Column:
    """One column of a list.

    name: its key in JSON, CSV and Parquet, and by default the column of the table. value: a
    function of the stored row where the table has no such column. sort, filter: the name of the
    query parameter's value, or of the parameter, where people may sort or filter by it. choices:
    all values there can be, where they are known beforehand. words: what people call a value, by
    the value: pages and the terminal write it so, and filters take it too. falling: whether people
    first want to see it from the top down. sorted_by: the column of the table that gives its order,
    where that is another one: a clock may be set back, a number is not. optional: shown only where
    some row has a value. comparing: shown only where rows differ, since what is true of the whole
    list stands above it. secondary: left out on a phone unless the list goes by it. cell: a macro
    of the page's cells, where the kind's own is not enough. in_list, in_export: whether it stands
    in the JSON of the list, and in files.
    """

    name: str
    heading: str
    kind: CellType
    value: Callable[[Row], Any] | None = None
    sort: str = ""
    filter: str = ""
    choices: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict, hash=False)
    falling: bool = False
    sorted_by: str = ""
    optional: bool = False
    comparing: bool = False
    secondary: bool = False
    cell: str = ""
    in_list: bool = True
    in_export: bool = True
    help: str = ""

    def read(self, row: Row) -> Any:
        """The value of a stored row as lists and files give it."""
        return self.kind.read(row[self.name]) if self.value is None else self.value(row)

    def said(self, value: Any) -> Any:
        """What people call a value: itself where there is no other word for it."""
        return self.words.get(value, value)

    @cached_property
    def meaning(self) -> str:
        """What the column means, with the words for values that are called otherwise."""
        other = ((name, words) for name, words in self.words.items() if name != words)
        listed = "; ".join(f"{name}: {words}" for name, words in other)
        return f"{self.help} {listed}.".strip() if listed else self.help

    def tells(self, values: Sequence[Any]) -> bool:
        """Whether it tells anything: an optional one with some value, a comparing one with two.

        values: of the rows that are shown.
        """
        if self.optional and all(value is None or value == "" for value in values):
            return False
        if self.comparing and not (self.optional and len(values) == 1):
            return any(value != values[0] for value in values)
        return True


@dataclass(frozen=True)
class NamedOrder:
    """A way to sort that the page offers in words: '-value', 'most valuable first'."""

    sort: str
    words: str


@dataclass(frozen=True)
class Query:
    """What was asked of a list: filters by parameter, empty ones left out; order; page.

    An empty `sort` is the order that the list itself chooses, descending: turned round. by: what
    sums are grouped by. owners: whose rows may be seen at all, "" for those of nobody; None for
    everybody's. It comes from who asks (see `access.roles.Caller.owners`), is no filter, and stays
    when filters are taken away.
    """

    target: str | None
    sort: str
    descending: bool
    filters: Mapping[str, str] = field(default_factory=dict)
    page: int = 1
    page_size: int = PAGE_SIZE
    by: str = ""
    owners: tuple[str, ...] | None = None

    @property
    def order(self) -> str:
        """The order as an address says it: '-probability'."""
        return f"-{self.sort}" if self.descending else self.sort

    def to_json(self) -> dict[str, Any]:
        """What was asked, flat, as the JSON of a list repeats it."""
        by = {"by": self.by} if self.by else {}
        return {"target": self.target, **by, "sort": self.order, **self.filters}

    def sorted_so(self, order: str) -> "Query":
        """The same in the order of the list itself, where none was asked for."""
        if self.sort:
            return self
        falls = order.startswith("-") != self.descending
        return replace(self, sort=order.removeprefix("-"), descending=falls)


@dataclass(frozen=True)
class View:
    """One list.

    name: of the list in addresses, commands and Python. noun: what one row is, what many are.
    table: whose rows are shown; key: its columns that tell rows apart. order: as when nothing is
    asked. shown, terminal: columns of the page and of the terminal, in their order. search: the
    column of lower-case text that is searched. least: parameters that set a smallest share, and
    their column. target: the target that a name (None: the default) stands for, for lists of one
    target. best: the column whose largest values come first among rows of one group.
    around: what the JSON and the page say besides the rows, documented by around_type.
    nothing: why the list has no rows at all; is_well_empty: whether that is as it should be.
    bar: the columns whose largest value ends the scale of bars. file: the name of files and of
    `umbrella export`, where it is another one. address: of the page, where it is another one.
    is_in_menu: whether it means anything in a workspace.
    terminal_wide: columns that the terminal shows only where it is wide or the list goes by them.
    owner: the column that says whose a row is; a list without one cannot be narrowed to some owners
    and is refused to whoever may see only theirs.
    of_model: columns with figures of a model, which are not shown while it is not ready, and under
    which name the list says whether it is; placed: the one whose place in the order is shown
    instead.
    chosen: completes a query by what the list itself chooses, where its order or its grouping
    depends on what is stored; order_words says which. of: the list over whose rows this one sums,
    and whose filters narrow them. groupings: what sums can be grouped by, and the heading of that;
    summed: makes the sums. since: whether the list looks back to a day. always: what must hold of
    a stored row to be on the list at all.
    """

    name: str
    title: str
    noun: tuple[str, str]
    table: Table | Subquery
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    order: str
    shown: tuple[str, ...]
    terminal: tuple[str, ...]
    nothing: Callable[[Workspace, str | None], str]
    orders: tuple[NamedOrder, ...] = ()
    search: str = ""
    search_words: str = "name or id"
    least: Mapping[str, str] = field(default_factory=dict)
    target: Callable[[Settings, str | None], str] | None = None
    best: str = ""
    around: Callable[[Workspace, Connection, Query], Mapping[str, Any]] | None = None
    around_type: Any = None
    file: str = ""
    address: str = ""
    bar: tuple[str, ...] = ()
    order_words: str = ""
    template: str = "list.html"
    menu: Literal["main", "data", ""] = ""
    is_in_menu: Callable[[Workspace], bool] = lambda _: True
    terminal_wide: frozenset[str] = frozenset()
    is_well_empty: bool = False
    owner: str = ""
    of_model: Mapping[str, str] = field(default_factory=dict)
    placed: str = ""
    chosen: Callable[[Connection, Query], Query] | None = None
    of: "View | None" = None
    groupings: Mapping[str, str] = field(default_factory=dict)
    summed: "Callable[[Workspace, Connection, View, Query], Subquery] | None" = None
    since: bool = False
    always: "Callable[[View], ColumnElement[bool]] | None" = None

    @property
    def file_name(self) -> str:
        """What files of this list are called."""
        return self.file or self.name

    @property
    def page_address(self) -> str:
        """Where the page is."""
        return self.address or f"/{self.name}"

    @cached_property
    def by_name(self) -> dict[str, Column]:
        """All columns by name."""
        return {column.name: column for column in self.columns}

    @cached_property
    def sorts(self) -> dict[str, Column]:
        """Columns by the word that sorts by them."""
        return {column.sort: column for column in self.columns if column.sort}

    @cached_property
    def filters(self) -> dict[str, Column]:
        """Columns by the parameter that filters by them."""
        if self.of is not None:
            return self.of.filters
        return {column.filter: column for column in self.columns if column.filter}

    @property
    def can_be_narrowed(self) -> bool:
        """Whether there is anything to search, to filter or to order by name."""
        return bool(self.search or self.least or self.filters or self.orders or self.since)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Every query parameter of the list, and what it means."""
        known = {"search": f"Part of {self.search_words}."} if self.search else {}
        known |= {
            name: f"Smallest {(self.of or self).by_name[column].heading.lower()}: 0.3, 30 or 30 %."
            for name, column in self.least.items()
        }
        known |= {"since": "Day to look back to: 2026-11-01."} if self.since else {}
        known |= {name: _filter_help(column) for name, column in self.filters.items()}
        if self.target is not None:
            known["target"] = "Target of umbrella.toml; default: the first one."
        if self.groupings:
            known["by"] = f"Sums by one of {', '.join(self.groupings)}; default: the first known."
        known["sort"] = f"One of {', '.join(self.sorts)}; a minus in front runs downwards."
        if self.chosen is not None:
            known["sort"] += f" Default: {self.order_words}."
        known["page"] = "Page, from 1."
        known["page_size"] = f"Rows a page, at most {MAX_PAGE_SIZE:,}."
        return known

    def column(self, name: str) -> ColumnElement[Any]:
        """The table's column of this name."""
        return self.table.c[name]

    def record(self, row: Row) -> dict[str, Any]:
        """A stored row as pages and the terminal show it; JSON leaves some columns out."""
        return {column.name: column.read(row) for column in self._displayed}

    def listed(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record as the JSON of the list gives it."""
        return {column.name: record[column.name] for column in self._listed}

    @cached_property
    def _displayed(self) -> tuple[Column, ...]:
        shown = {*self.shown, *self.terminal}
        return tuple(c for c in self.columns if c.in_list or c.name in shown)

    @cached_property
    def _listed(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.in_list)

    def headed(self, query: Query) -> "View":
        """The view as the query has it: its first column is called by what sums are grouped by."""
        if not self.groupings:
            return self
        first = replace(self.columns[0], heading=self.groupings[query.by])
        return replace(self, columns=(first, *self.columns[1:]))

    def export(self, row: Row) -> dict[str, Any]:
        """A stored row as files give it."""
        return {column.name: column.read(row) for column in self.exported}

    @cached_property
    def exported(self) -> tuple[Column, ...]:
        """The columns of files, in their order."""
        return tuple(column for column in self.columns if column.in_export)

    @cached_property
    def fields(self) -> tuple[FileColumn, ...]:
        """The columns of files as the writer of files takes them."""
        return tuple(FileColumn(c.name, c.kind.arrow, c.kind.cell) for c in self.exported)

    def query(self, parameters: Mapping[str, str]) -> Query:
        """The query that parameters, all texts, stand for.

        Raises SettingsError, with the nearest name, for an unknown parameter or order, and for a
        page or a share that is none.
        """
        known = self.parameters
        for name in parameters:
            if name not in known:
                raise unknown_parameter(name, list(known))
        given = {name: value.strip() for name, value in parameters.items() if value.strip()}
        for name, value in given.items():
            _check_text(name, value)
        for name in self.least:
            if name in given:
                given[name] = repr(parse_share(given[name], name))
        if self.since and "since" in given:
            given["since"] = str(parse_day(given["since"]))
        for name, column in self.filters.items():
            if name in given and given[name] not in column.choices:
                values = {words: value for value, words in column.words.items()}
                given[name] = values.get(given[name].lower(), given[name])
        own = "" if self.chosen is not None else self.order
        sort = given.pop("sort", None)
        page = _whole(given.pop("page", "1"), "page", 10**9)
        size = _whole(given.pop("page_size", str(PAGE_SIZE)), "page_size", MAX_PAGE_SIZE)
        target = given.pop("target", None) if self.target is not None else None
        by = self._grouping(given.pop("by", "")) if self.groupings else ""
        name = own.removeprefix("-") if sort is None else self._sort(sort)
        falls = (own if sort is None else sort).startswith("-")
        return Query(target, name, falls, given, page, size, by)

    def conditions(self, query: Query) -> list[ColumnElement[bool]]:
        """What must hold of the rows of a query; sums are narrowed already."""
        if isinstance(self.table, Subquery):
            return []
        conditions = [] if self.target is None else [self.column("target") == query.target]
        if self.summed is not None and self.of is None:
            return conditions  # `summed` narrows its sums itself, by filters and by owners
        conditions += self.seen_by(self.table, query.owners)
        conditions += [] if self.always is None else [self.always(self)]
        for name, wanted in query.filters.items():
            if name == "search":
                text = self.column(self.search)
                words = wanted.lower().split()
                conditions += [text.contains(word, autoescape=True) for word in words]
            elif name in self.least:
                conditions.append(self.column(self.least[name]) >= float(wanted))
            else:
                conditions.append(self.column(self.filters[name].name) == wanted)
        return conditions

    def seen_by(self, table: Table, owners: tuple[str, ...] | None) -> list[ColumnElement[bool]]:
        """What must hold of rows for whoever may see only those of these owners."""
        if owners is None:
            return []
        owner = self.owner or (self.of.owner if self.of else "")
        if not owner:
            message = f"The list of {self.noun[1]} is not told apart by owner: you may not see it."
            raise AccessError(message, reason="no_right")
        column = table.c[owner]
        known = [column == name for name in owners if name]
        nobodys = [column.is_(None), column == ""] if "" in owners else []
        # Each by the index of the column; of no owner at all: no row.
        return [or_(false(), *known, *nobodys)]

    def _grouping(self, name: str) -> str:
        if name and name not in self.groupings:
            message = f'There are no sums by "{name}". Choose one of: {", ".join(self.groupings)}.'
            message += nearest(name, list(self.groupings))
            raise SettingsError(message, reason="unknown_grouping")
        return name

    def _sort(self, text: str) -> str:
        name = text.removeprefix("-")
        if name not in self.sorts:
            many = self.noun[1]
            message = f'{many.capitalize()} cannot be sorted by "{name}". '
            message += f"Choose one of: {', '.join(self.sorts)}."
            raise SettingsError(message + nearest(name, list(self.sorts)), reason="unknown_sort")
        return name


def unknown_parameter(name: str, known: list[str]) -> SettingsError:
    """A misspelt parameter must not silently show everything."""
    listed = f"Known: {', '.join(known)}." if known else "This address takes none."
    message = f'Unknown parameter "{name}". {listed}'
    return SettingsError(message + nearest(name, known), reason="unknown_parameter")


def _check_text(name: str, value: str) -> None:
    """Refuses what a database cannot look for, or only after long thought."""
    if name == "search" and len(value.split()) > MAX_WORDS:
        message = f"Search for at most {MAX_WORDS} words; these are {len(value.split()):,}."
        raise SettingsError(message, reason="too_many_words")
    if len(value) > MAX_CHARACTERS:
        message = f"{name} has {len(value):,} characters; at most {MAX_CHARACTERS:,} are taken."
        raise SettingsError(message, reason="text_too_long")
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        message = f"{name} holds letters that are no text. Type it again."
        raise SettingsError(message, reason="bad_text")


def parse_day(text: str | None) -> date | None:
    """A day as ISO 8601 writes it; None for none. Raises SettingsError."""
    if not text:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        message = f'since must be a day such as 2026-11-01, not "{text[:40]}".'
        raise SettingsError(message, reason="bad_parameter") from None


def _filter_help(column: Column) -> str:
    known = [f"{one} ({column.words[one]})" if column.words.get(one, one) != one else one
             for one in column.choices]  # fmt: skip
    listed = f": {', '.join(known)}" if known else ""
    return f"Exact {column.heading.lower()}{listed}."


def _whole(text: str, name: str, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= most:
        message = f'{name} must be a whole number from 1 to {most:,}, not "{text[:40]}".'
        raise SettingsError(message, reason="bad_parameter")
    return number
