"""[tables]: where each canonical table comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from redumbrella.columns import TABLES, Table
from redumbrella.errors import nearest
from redumbrella.masking import shown_address
from redumbrella.settings.addresses import POSTGRESQL, address_problem
from redumbrella.settings.joins import Join, read_joins
from redumbrella.settings.section import Section, as_written


@dataclass(frozen=True)
class ColumnSource:
    """Where a canonical column comes from.

    `column` is the name in the source; `format` a strptime format for times. `row` takes the number
    of the record in its file as the id. `won` and `lost` list the values of an outcome column that
    has more than two values; every other value means that the lead is still open. `won` may stand
    alone, where lost leads are not written down. An amount is
    multiplied by the column `times` (a price by its quantity), less the column `less` (what was
    given back), and in the currency that the column `currency` names; `cents`: it is in hundredths.
    Of a purchase the column `status` says with a value of `void` that no money came, with one of
    `returned` that it was given back. An outcome counts only where
    the column `decided` says that the lead is closed; where that is empty, no or open, the lead is
    open, whatever the outcome says.
    """

    column: str = ""
    format: str | None = None
    row: bool = False
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    times: str | None = None
    less: str | None = None
    currency: str | None = None
    cents: bool = False
    status: str | None = None
    void: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    decided: str | None = None


@dataclass(frozen=True)
class Source:
    """One canonical table and where it is read from: files (`path`) or a database (`url`).

    `delimiter` is that of text files, `sheet` the name of a sheet in workbooks. `missing`: the
    words that mean an empty cell in columns of text; None: the values show it. join: files whose
    columns are added by an id. lost_after_days: for leads, the age at which one without an outcome
    counts as lost.
    """

    table: str
    path: tuple[str, ...] = ()
    url: str | None = None
    query: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    ignore: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    join: tuple[Join, ...] = ()
    lost_after_days: float | None = None
    missing: tuple[str, ...] | None = None
    columns: Mapping[str, ColumnSource] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def stage_column(self) -> str | None:
        """The source column whose values are the stages of leads, some of which mean won or lost.

        None where the outcome is a column of its own.
        """
        outcome = self.columns.get("won")
        return outcome.column if outcome is not None and outcome.won else None


def read_tables(section: Section) -> dict[str, Source]:
    """The sections [tables.…], by canonical table; problems are noted in the section."""
    sources = {}
    for name in section.content:
        table = TABLES.get(name)
        if table is None:
            hint = nearest(name, list(TABLES))
            section.problem(f'unknown table "{name}".{hint} Valid: {", ".join(TABLES)}.')
            continue
        sources[name] = _source(section.section(name), table)
    return sources


def _source(section: Section, table: Table) -> Source:
    source = Source(
        table=table.name,
        path=section.texts("path"),
        url=section.text("url"),
        query=section.text("query"),
        delimiter=_delimiter(section),
        sheet=section.text("sheet"),
        ignore=section.texts("ignore"),
        keep=section.texts("keep"),
        join=read_joins(section),
        lost_after_days=section.number("lost_after_days", 1),
        missing=section.texts("missing") if "missing" in section.content else None,
        columns=MappingProxyType(_columns(section.section("columns"), table)),
    )
    if not source.path and source.url is None:
        section.problem('no source: add path = "file.csv", or url = "…" with query = "select …".')
    if source.path and source.url is not None:
        section.problem("path and url are both given: keep one of them.")
    if (source.url is None) != (source.query is None):
        missing = "url" if source.url is None else "query"
        section.problem(f'{missing} is missing: a database needs url = "…" and query = "select …".')
    if source.join and source.url is not None:
        section.problem("join is for files: join tables of a database in its query.")
    if source.lost_after_days is not None and table.name != "leads":
        section.problem("lost_after_days is for leads: remove it here.")
    _check_addresses(source, section)
    if source.url is not None and any(origin.row for origin in source.columns.values()):
        section.problem("{ row = true } needs a file: rows of a database have no fixed number.")
    section.finish()
    return source


def _check_addresses(source: Source, section: Section) -> None:
    url = source.url or "duckdb:"
    if url.startswith(POSTGRESQL):
        if problem := address_problem(url):
            section.problem(f"url = {problem}")
    elif url != "duckdb:" and not url.startswith("sqlite:///"):
        section.problem(
            f'url = {as_written(url)}: expected "sqlite:///file.db", "postgresql://…", or '
            '"duckdb:" for SQL over files.'
        )
    for path in source.path:
        if "://" in path or ("@" in path and shown_address(path) != path):
            section.problem(
                f"path = {as_written(path)} is no file. A database is read with "
                'url = "postgresql://…" and query = "select …".'
            )


def _delimiter(section: Section) -> str | None:
    delimiter = section._get("delimiter", 'one character, such as ";"', str)
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
    delimiter = named.get(delimiter, delimiter)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        section.problem(
            f'delimiter = {as_written(delimiter)}: expected one character, such as ";".'
        )
        return None
    return delimiter  # type: ignore[no-any-return]


def _columns(section: Section, table: Table) -> dict[str, ColumnSource]:
    columns = {}
    for name, value in section.content.items():
        if table.column(name) is None:
            hint = nearest(name, table.names)
            section.problem(
                f'"{name}" is no column of {table.name}.{hint} Valid: {", ".join(table.names)}. '
                "Other source columns need no line here: they are kept as fields."
            )
        elif isinstance(value, dict):
            columns[name] = _column(section.section(name), table, name)
        else:
            columns[name] = ColumnSource(section.text(name) or "")
    return columns


def _check_amount(source: ColumnSource, section: Section, table: Table, name: str) -> None:
    """Notes options of amounts where they mean nothing."""
    if (source.times or source.less or source.currency or source.cents) and name != "amount":
        section.problem(
            f"times, less, currency and cents are for amount, but this is {name}: remove them."
        )
    if source.status or source.void or source.returned:
        if name != "amount" or table.name != "purchases":
            section.problem("status, void and returned are for the amount of purchases.")
        elif not source.status or not (source.void or source.returned):
            section.problem(
                'status names a column, void and returned list its values: status = "Status", '
                'void = ["Failed"], returned = ["Refund"].'
            )


def _column(section: Section, table: Table, name: str) -> ColumnSource:
    kind = next(column.kind for column in table.columns if column.name == name)
    source = ColumnSource(
        column=section.text("column") or "",
        format=section.text("format"),
        row=section.flag("row"),
        won=section.texts("won"),
        lost=section.texts("lost"),
        times=section.text("times"),
        less=section.text("less"),
        currency=section.text("currency"),
        cents=section.flag("cents"),
        status=section.text("status"),
        void=section.texts("void"),
        returned=section.texts("returned"),
        decided=section.text("decided"),
    )
    _check_amount(source, section, table, name)
    if source.format is not None and kind != "time":
        section.problem(f"format is for times, but {name} is no time: remove it.")
    if source.row and name not in table.key:
        key = ", ".join(table.key) or "none here"
        section.problem(f"row = true can only make the id of the table ({key}).")
    if (source.won or source.lost) and kind != "flag":
        section.problem(f"won and lost are for outcomes, but {name} is none: remove them.")
    if source.decided and kind != "flag":
        section.problem(f"decided is for outcomes, but {name} is none: remove it.")
    has_empty = any(section.content.get(key) == [] for key in ("won", "lost"))
    if (source.lost and not source.won) or has_empty:
        section.problem(
            "won and lost belong together: list the values of both. Where no value means lost, "
            "remove lost, and say lost_after_days = 180 under [tables.leads]."
        )
    if bool(source.column) == source.row:
        section.problem('expected { column = "…" } or { row = true }.')
    section.finish()
    return source
