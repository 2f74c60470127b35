"""umbrella.toml: a folder comes in, checked and typed settings go out.

Promise: every problem of the file is collected and shown together, each with the place, what was
expected and the nearest valid name. Nothing is guessed from data here; sources do that.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from redumbrella.columns import TABLES, Table
from redumbrella.errors import SettingsError, nearest

FILE_NAME = "umbrella.toml"
CUSTOMER_UNITS = {"day": 1.0, "week": 7.0}


@dataclass(frozen=True)
class ColumnSource:
    """Where a canonical column comes from.

    `column` is the name in the source; `format` a strptime format for times. `row` takes the number
    of the record in its file as the id. `won` and `lost` list the values of an outcome column that
    has more than two values; every other value means that the lead is still open.
    """

    column: str = ""
    format: str | None = None
    row: bool = False
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One canonical table and where it is read from: files (`path`) or a database (`url`)."""

    table: str
    path: tuple[str, ...] = ()
    url: str | None = None
    query: str | None = None
    delimiter: str | None = None
    ignore: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    columns: Mapping[str, ColumnSource] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Target:
    """What is to be predicted. Exactly one of from_, event, purchase, absence_of is given."""

    name: str
    from_: str | None = None
    event: str | None = None
    purchase: bool = False
    per: str | None = None
    absence_of: str | None = None
    horizon_days: float | None = None
    active_days: float = 180.0
    population: str | None = None


@dataclass(frozen=True)
class Costs:
    """What work costs, in the workspace's currency, and the share of revenue that is profit."""

    per_hour: float = 0.0
    per_contact: float = 0.0
    margin: float = 1.0


@dataclass(frozen=True)
class Qualification:
    """Weights of the four criteria of the card, and the scale of the clients' ratings."""

    ease_of_conversion: float = 1.0
    ease_of_delivery: float = 1.0
    profit: float = 1.0
    fit: float = 1.0
    lowest_rating: float = 1.0
    highest_rating: float = 5.0


@dataclass(frozen=True)
class Customers:
    """How customers are valued: how far ahead, at which yearly rate, in which unit of time.

    margin: the share of revenue that is profit. unit: of the purchase model's parameters.
    """

    horizon_days: float = 365.0
    discount: float = 0.1
    margin: float = 1.0
    unit: str = "day"

    @property
    def unit_days(self) -> float:
        """Days in the unit."""
        return CUSTOMER_UNITS[self.unit]


@dataclass(frozen=True)
class Success:
    """Gates that a model must pass to be promoted; None means no gate."""

    min_auc: float | None = None
    min_average_precision: float | None = None
    min_lift_at_10: float | None = None
    max_log_loss: float | None = None
    max_brier: float | None = None
    max_calibration_error: float | None = None


@dataclass(frozen=True)
class Settings:
    """Everything umbrella.toml says; paths inside it are relative to `root`."""

    root: Path
    name: str
    currency: str
    timezone: str
    state_url: str
    engine: str
    tables: Mapping[str, Source]
    targets: tuple[Target, ...]
    success: Success
    customers: Customers = Customers()
    costs: Costs = Costs()
    qualification: Qualification = Qualification()

    @property
    def main_target(self) -> Target | None:
        """The target that is meant when none is named: the first of leads, else the first."""
        of_leads = [target for target in self.targets if target.from_ is not None]
        return next(iter([*of_leads, *self.targets]), None)

    def target(self, name: str) -> Target:
        """The target of this name, which must be there."""
        return next(target for target in self.targets if target.name == name)


def load_settings(root: Path) -> Settings:
    """Reads `root`/umbrella.toml. Raises SettingsError with all problems of the file."""
    document = _read_toml(root / FILE_NAME)
    problems: list[str] = []
    top = _Section("", document, problems)
    workspace = top.section("workspace")
    settings = Settings(
        root=root,
        name=workspace.text("name") or root.resolve().name,
        currency=_currency(workspace),
        timezone=_timezone(workspace),
        state_url=_state_url(workspace, root),
        engine=_engine(workspace),
        tables=MappingProxyType(_tables(top.section("tables"))),
        targets=(),
        success=_success(top.section("success")),
        customers=_customers(top.section("customers")),
        costs=_costs(top.section("costs")),
        qualification=_qualification(top.section("qualification")),
    )
    targets = _targets(top, settings.tables)
    workspace.finish()
    top.finish()
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        count = "One problem" if len(problems) == 1 else f"{len(problems)} problems"
        message = f"{count} in {root / FILE_NAME}:\n{listed}\nMend the file and run again."
        raise SettingsError(message, reason="bad_settings")
    return Settings(**{**vars(settings), "targets": targets})


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        # Windows editors put a byte order mark in front, which TOML does not allow.
        return tomllib.loads(path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except FileNotFoundError:
        message = (
            f"There is no {FILE_NAME} in {path.parent}. Go to your workspace, name it with "
            "-w DIR, or make one: umbrella init DIR --from leads.csv"
        )
        raise SettingsError(message, reason="no_workspace") from None
    except OSError as problem:
        message = f"{path} cannot be read: {problem.strerror}. Check the file and its rights."
    except UnicodeDecodeError:
        message = f"{path} is not UTF-8 text. Save it as UTF-8 and run again."
    except tomllib.TOMLDecodeError as problem:
        message = f"{path} is not valid TOML: {problem}. Mend that place and run again."
    raise SettingsError(message, reason="bad_settings")


class _Section:
    """One table of the TOML file: typed access by key, problems collected, unknown keys found."""

    def __init__(self, place: str, content: dict[str, Any], problems: list[str]) -> None:
        self.place = place
        self.content = content
        self.problems = problems
        self.known: list[str] = []

    def problem(self, text: str) -> None:
        """Notes one problem of this section."""
        self.problems.append(f"[{self.place}] {text}" if self.place else text)

    def _get(self, key: str, expected: str, *kinds: type) -> Any:
        self.known.append(key)
        value = self.content.get(key)
        # bool is an int to Python, but `horizon_days = true` is a mistake.
        wrong_bool = isinstance(value, bool) and bool not in kinds
        if value is not None and (wrong_bool or not isinstance(value, kinds)):
            self.problem(f"{key} = {_shown(value)}: expected {expected}.")
            return None
        return value

    def text(self, key: str) -> str | None:
        """A text that is not empty, or None."""
        value = self._get(key, 'text in quotes, such as "…"', str)
        if value is not None and not value.strip():
            self.problem(f"{key} is empty: give a value or remove the line.")
            return None
        return value  # type: ignore[no-any-return]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text counts as a list of one."""
        value = self._get(key, 'text or a list of texts, such as ["a", "b"]', str, list)
        items = [value] if isinstance(value, str) else value or []
        if not all(isinstance(item, str) and item.strip() for item in items):
            self.problem(f"{key} = {_shown(value)}: every item must be text in quotes.")
            return ()
        return tuple(items)

    def flag(self, key: str) -> bool:
        """true or false; false when absent."""
        return bool(self._get(key, "true or false", bool))

    def number(self, key: str, low: float, high: float = float("inf")) -> float | None:
        """A number in [low, high], or None."""
        value = self._get(key, "a number", int, float)
        if value is None:
            return None
        if not low <= value <= high:
            limits = f"between {low:g} and {high:g}" if high < float("inf") else f"from {low:g} up"
            self.problem(f"{key} = {_shown(value)}: expected a number {limits}.")
            return None
        return float(value)

    def section(self, key: str) -> "_Section":
        """A section below this one; empty when absent."""
        place = f"{self.place}.{key}" if self.place else key
        content = self._get(key, f"a section [{place}]", dict)
        return _Section(place, content or {}, self.problems)

    def finish(self) -> None:
        """Reports every key that nobody asked for."""
        for key in self.content:
            if key not in self.known:
                what = "key" if self.place else "section"
                valid = ", ".join(self.known)
                hint = nearest(key, self.known)
                self.problem(f'unknown {what} "{key}".{hint} Valid: {valid}.')


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)[:80]


def _currency(workspace: _Section) -> str:
    currency = workspace.text("currency") or "EUR"
    if not re.fullmatch("[A-Z]{3}", currency):
        workspace.problem(f'currency = "{currency}": expected a three-letter code such as "EUR".')
    return currency


def _timezone(workspace: _Section) -> str:
    timezone = workspace.text("timezone") or "UTC"
    try:
        ZoneInfo(timezone)
    except (LookupError, ValueError, OSError):
        from zoneinfo import available_timezones

        hint = nearest(timezone, sorted(available_timezones()))
        workspace.problem(
            f'timezone = "{timezone}" is unknown.{hint} Expected a name such as "Europe/Lisbon".'
        )
    return timezone


def _state_url(workspace: _Section, root: Path) -> str:
    url = workspace.text("state") or "sqlite:///state.db"
    if url.startswith("sqlite:///"):
        return f"sqlite:///{root / url.removeprefix('sqlite:///')}"
    if not url.startswith(("postgresql://", "postgres://")):
        workspace.problem(
            f'state = "{url}": expected "sqlite:///state.db" or "postgresql://user@host/database".'
        )
    return url.replace("postgres://", "postgresql://", 1)


def _engine(workspace: _Section) -> str:
    engine = workspace.text("engine") or "duckdb"
    if engine != "duckdb" and not engine.startswith(("spark://", "spark:")):
        workspace.problem(
            f'engine = "{engine}": expected "duckdb", "spark:local[2]" or "spark://host:7077".'
            + nearest(engine, ["duckdb", "spark:local[2]"])
        )
    return engine


def _tables(section: _Section) -> dict[str, Source]:
    sources = {}
    for name in section.content:
        table = TABLES.get(name)
        if table is None:
            hint = nearest(name, list(TABLES))
            section.problem(f'unknown table "{name}".{hint} Valid: {", ".join(TABLES)}.')
            continue
        sources[name] = _source(section.section(name), table)
    return sources


def _source(section: _Section, table: Table) -> Source:
    source = Source(
        table=table.name,
        path=section.texts("path"),
        url=section.text("url"),
        query=section.text("query"),
        delimiter=_delimiter(section),
        ignore=section.texts("ignore"),
        keep=section.texts("keep"),
        columns=MappingProxyType(_columns(section.section("columns"), table)),
    )
    if not source.path and source.url is None:
        section.problem('no source: add path = "file.csv", or url = "…" with query = "select …".')
    if source.path and source.url is not None:
        section.problem("path and url are both given: keep one of them.")
    if (source.url is None) != (source.query is None):
        missing = "url" if source.url is None else "query"
        section.problem(f'{missing} is missing: a database needs url = "…" and query = "select …".')
    if source.url not in {None, "duckdb:"} and not str(source.url).startswith(
        ("sqlite:///", "postgresql://", "postgres://")
    ):
        section.problem(
            f'url = "{source.url}": expected "sqlite:///file.db", "postgresql://…", or "duckdb:" '
            "for SQL over files."
        )
    if source.url is not None and any(origin.row for origin in source.columns.values()):
        section.problem("{ row = true } needs a file: rows of a database have no fixed number.")
    section.finish()
    return source


def _delimiter(section: _Section) -> str | None:
    delimiter = section._get("delimiter", 'one character, such as ";"', str)
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
    delimiter = named.get(delimiter, delimiter)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        section.problem(f'delimiter = {_shown(delimiter)}: expected one character, such as ";".')
        return None
    return delimiter  # type: ignore[no-any-return]


def _columns(section: _Section, table: Table) -> dict[str, ColumnSource]:
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


def _column(section: _Section, table: Table, name: str) -> ColumnSource:
    kind = next(column.kind for column in table.columns if column.name == name)
    source = ColumnSource(
        column=section.text("column") or "",
        format=section.text("format"),
        row=section.flag("row"),
        won=section.texts("won"),
        lost=section.texts("lost"),
    )
    if source.format is not None and kind != "time":
        section.problem(f"format is for times, but {name} is no time: remove it.")
    if source.row and name not in table.key:
        key = ", ".join(table.key) or "none here"
        section.problem(f"row = true can only make the id of the table ({key}).")
    if (source.won or source.lost) and kind != "flag":
        section.problem(f"won and lost are for outcomes, but {name} is none: remove them.")
    if bool(source.won) != bool(source.lost):
        section.problem("won and lost belong together: list the values of both.")
    if bool(source.column) == source.row:
        section.problem('expected { column = "…" } or { row = true }.')
    section.finish()
    return source


def _targets(top: _Section, tables: Mapping[str, Source]) -> tuple[Target, ...]:
    listed = top._get("targets", "a list of sections [[targets]]", list)
    if listed is None:
        return (Target("conversion", from_="leads.won"),) if "leads" in tables else ()
    targets = []
    for number, content in enumerate(listed, start=1):
        if not isinstance(content, dict):
            top.problem("targets: expected sections that start with [[targets]].")
            continue
        section = _Section(f"[targets] no. {number}", content, top.problems)
        targets.append(_target(section, tables))
    names = [target.name for target in targets]
    for name in sorted({name for name in names if names.count(name) > 1}):
        top.problem(f'two targets have the name "{name}": give each its own.')
    return tuple(targets)


def _target(section: _Section, tables: Mapping[str, Source]) -> Target:
    target = Target(
        name=section.text("name") or "",
        from_=section.text("from"),
        event=section.text("event"),
        purchase=section.flag("purchase"),
        per=section.text("per"),
        absence_of=section.text("absence_of"),
        horizon_days=section.number("horizon_days", 1 / 24),
        active_days=section.number("active_days", 1) or 180.0,
        population=section.text("population"),
    )
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", target.name):
        section.problem(
            f'name = "{target.name}": expected a short name of letters, digits, "-" and "_".'
        )
    given = [target.from_, target.event, target.purchase or None, target.absence_of]
    if sum(value is not None for value in given) != 1:
        section.problem('expected exactly one of from = "leads.won", event, purchase, absence_of.')
    if target.from_ not in {None, "leads.won"}:
        section.problem(
            f'from = "{target.from_}": expected "leads.won". Map the column that holds the outcome '
            "to won in [tables.leads.columns]."
        )
    if target.from_ is not None and "leads" not in tables:
        section.problem("the outcome of leads is wanted, but there is no [tables.leads].")
    if target.per not in {None, "product"}:
        section.problem(f'per = "{target.per}": expected "product".')
    section.finish()
    return target


def _customers(section: _Section) -> Customers:
    default = Customers()
    horizon = section.number("horizon_days", 1.0, 3650.0)
    discount = section.number("discount", 0.0, 10.0)
    margin = section.number("margin", 0.0, 1.0)
    unit = section.text("unit") or default.unit
    if unit not in CUSTOMER_UNITS:
        hint = nearest(unit, list(CUSTOMER_UNITS))
        section.problem(f'unit = "{unit}": expected "day" or "week".{hint}')
        unit = default.unit
    section.finish()
    return Customers(
        horizon_days=default.horizon_days if horizon is None else horizon,
        discount=default.discount if discount is None else discount,
        margin=default.margin if margin is None else margin,
        unit=unit,
    )


def _success(section: _Section) -> Success:
    highest = {"min_lift_at_10": 10.0, "max_log_loss": float("inf")}
    gates = {
        gate.name: section.number(gate.name, 0.0, highest.get(gate.name, 1.0))
        for gate in fields(Success)
    }
    section.finish()
    return Success(**gates)


def _costs(section: _Section) -> Costs:
    margin = section.number("margin", 0.0, 1.0)
    costs = Costs(
        per_hour=section.number("per_hour", 0.0) or 0.0,
        per_contact=section.number("per_contact", 0.0) or 0.0,
        margin=1.0 if margin is None else margin,
    )
    section.finish()
    return costs


def _qualification(section: _Section) -> Qualification:
    given = {field.name: section.number(field.name, 0.0) for field in fields(Qualification)}
    found = Qualification(**{name: value for name, value in given.items() if value is not None})
    weights = (found.ease_of_conversion, found.ease_of_delivery, found.profit, found.fit)
    if not sum(weights) > 0.0:
        section.problem("all weights are zero: give at least one criterion a weight above 0.")
    if not found.lowest_rating < found.highest_rating:
        section.problem(
            f"lowest_rating = {found.lowest_rating:g} and highest_rating = "
            f"{found.highest_rating:g}: expected a scale that rises."
        )
    section.finish()
    return found
