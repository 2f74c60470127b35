"""umbrella.toml: a folder comes in, checked and typed settings go out.

Promise: every problem of the file is collected and shown together, each with the place, what was
expected and the nearest valid name. Nothing is guessed from data here; sources do that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from redumbrella.errors import SettingsError, nearest
from redumbrella.settings.customers import Customers, read_customers
from redumbrella.settings.objectives import (
    Costs,
    Qualification,
    Success,
    read_costs,
    read_qualification,
    read_success,
)
from redumbrella.settings.section import FILE_NAME, Section, read_toml
from redumbrella.settings.sources import Source, read_tables
from redumbrella.settings.targets import Target, read_targets


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
    customers: Customers = field(default_factory=Customers)
    costs: Costs = field(default_factory=Costs)
    qualification: Qualification = field(default_factory=Qualification)

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
    document = read_toml(root / FILE_NAME)
    problems: list[str] = []
    top = Section("", document, problems)
    workspace = top.section("workspace")
    settings = Settings(
        root=root,
        name=workspace.text("name") or root.resolve().name,
        currency=_currency(workspace),
        timezone=_timezone(workspace),
        state_url=_state_url(workspace, root),
        engine=_engine(workspace),
        tables=MappingProxyType(read_tables(top.section("tables"))),
        targets=(),
        success=read_success(top.section("success")),
        customers=read_customers(top.section("customers")),
        costs=read_costs(top.section("costs")),
        qualification=read_qualification(top.section("qualification")),
    )
    targets = read_targets(top, settings.tables)
    workspace.finish()
    top.finish()
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        count = "One problem" if len(problems) == 1 else f"{len(problems)} problems"
        message = f"{count} in {root / FILE_NAME}:\n{listed}\nMend the file and run again."
        raise SettingsError(message, reason="bad_settings")
    return Settings(**{**vars(settings), "targets": targets})


def _currency(workspace: Section) -> str:
    currency = workspace.text("currency") or "EUR"
    if not re.fullmatch("[A-Z]{3}", currency):
        workspace.problem(f'currency = "{currency}": expected a three-letter code such as "EUR".')
    return currency


def _timezone(workspace: Section) -> str:
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


def _state_url(workspace: Section, root: Path) -> str:
    url = workspace.text("state") or "sqlite:///state.db"
    if url.startswith("sqlite:///"):
        return f"sqlite:///{root / url.removeprefix('sqlite:///')}"
    if not url.startswith(("postgresql://", "postgres://")):
        workspace.problem(
            f'state = "{url}": expected "sqlite:///state.db" or "postgresql://user@host/database".'
        )
    return url.replace("postgres://", "postgresql://", 1)


def _engine(workspace: Section) -> str:
    engine = workspace.text("engine") or "duckdb"
    if engine != "duckdb" and not engine.startswith(("spark://", "spark:")):
        workspace.problem(
            f'engine = "{engine}": expected "duckdb", "spark:local[2]" or "spark://host:7077".'
            + nearest(engine, ["duckdb", "spark:local[2]"])
        )
    return engine
