"""umbrella.toml: a folder comes in, checked and typed settings go out.

Promise: every problem of the file is collected and shown together, each with the place, what was
expected and the nearest valid name. Nothing is guessed from data here; sources do that.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from redumbrella.clock import is_timezone
from redumbrella.errors import NotFoundError, SettingsError, nearest
from redumbrella.masking import shown_address
from redumbrella.settings.addresses import POSTGRESQL, address_problem
from redumbrella.settings.automations import (
    Automation,
    Outreach,
    read_automations,
    read_outreach,
)
from redumbrella.settings.currencies import Currencies, read_currencies
from redumbrella.settings.customers import Customers, read_customers
from redumbrella.settings.grades import Grades, read_grades
from redumbrella.settings.labels import Labels, read_labels
from redumbrella.settings.mail import MailServer, read_mail
from redumbrella.settings.objectives import (
    Costs,
    Qualification,
    Success,
    read_costs,
    read_qualification,
    read_success,
)
from redumbrella.settings.recommenders import Recommender, read_recommenders
from redumbrella.settings.section import FILE_NAME, Section, as_written, read_toml
from redumbrella.settings.sources import Source, read_tables
from redumbrella.settings.targets import Target, read_targets
from redumbrella.settings.webhooks import Webhook, read_webhooks
from redumbrella.settings.worker import WorkerPlan, read_worker
from redumbrella.settings.worklist import ListRules, read_list_rules


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
    grades: Grades = field(default_factory=Grades)
    currencies: Currencies = field(default_factory=Currencies)
    labels: Labels = field(default_factory=Labels)
    list_rules: ListRules = field(default_factory=ListRules)
    mail: MailServer | None = None
    webhooks: tuple[Webhook, ...] = ()
    automations: tuple[Automation, ...] = ()
    outreach: Outreach = field(default_factory=Outreach)
    worker: WorkerPlan = field(default_factory=WorkerPlan)
    recommenders: tuple[Recommender, ...] = ()

    @property
    def main_target(self) -> Target | None:
        """The target that is meant when none is named: the first of leads, else the first."""
        of_leads = [target for target in self.targets if target.from_ is not None]
        return next(iter([*of_leads, *self.targets]), None)

    @property
    def ignored_fields(self) -> tuple[str, ...]:
        """Columns of the leads' source that are left out, in order."""
        return tuple(sorted(self.tables["leads"].ignore)) if "leads" in self.tables else ()

    @property
    def kept_fields(self) -> tuple[str, ...]:
        """Fields of leads that the user insists on, in order."""
        return tuple(sorted(self.tables["leads"].keep)) if "leads" in self.tables else ()

    @property
    def lost_after_days(self) -> float | None:
        """The age at which a lead without an outcome counts as lost; None where it stays open."""
        return self.tables["leads"].lost_after_days if "leads" in self.tables else None

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of all databases, which may hold passwords."""
        return self.state_url, *(one.url for one in self.tables.values() if one.url is not None)

    @property
    def rating_scale(self) -> tuple[float, float]:
        """The lowest and the highest rating that a client can give."""
        return self.qualification.lowest_rating, self.qualification.highest_rating

    def target(self, name: str | None = None) -> Target:
        """The target of this name, without a name the main one.

        Raises NotFoundError (unknown_target) with the nearest name, SettingsError (no_target)
        where umbrella.toml asks for nothing.
        """
        names = [target.name for target in self.targets]
        if name is not None and name not in names:
            known = f"Targets: {', '.join(names)}." if names else "It names none."
            message = f'There is no target "{name}" in umbrella.toml. {known}'
            raise NotFoundError(message + nearest(name, names), reason="unknown_target")
        if name is not None:
            return self.targets[names.index(name)]
        if self.main_target is None:
            raise SettingsError(
                "Nothing is to be predicted yet: umbrella.toml names no target. Map the outcome "
                'under [tables.leads.columns] (won = "…"), or add [[targets]] with name and event '
                "or purchase = true.",
                reason="no_target",
            )
        return self.main_target

    def product_target(self, name: str | None = None) -> Target:
        """The target with one model per product of this name, without a name the first one.

        Raises NotFoundError where there is none, or the named one is not of products.
        """
        of_products = [target for target in self.targets if target.per == "product"]
        if not of_products:
            raise NotFoundError(
                "No target asks for one model per product. Add purchase = true and "
                'per = "product" to a target in umbrella.toml, then run `umbrella run`.',
                reason="no_products",
            )
        found = of_products[0] if name is None else self.target(name)
        if found not in of_products:
            names = [target.name for target in of_products]
            raise NotFoundError(
                f'The target "{name}" is not learned per product. Those are: {", ".join(names)}.',
                reason="unknown_target",
            )
        return found

    def recommender(self, name: str | None = None) -> Recommender:
        """The recommender of this name, without a name the first one.

        Raises NotFoundError (unknown_recommender) with the nearest name, SettingsError
        (no_recommender) where umbrella.toml has none.
        """
        if not self.recommenders:
            raise SettingsError(
                "Nothing is recommended yet: umbrella.toml has no section [[recommenders]]. Add "
                'one, such as\n  [[recommenders]]\n  name = "next"\n  horizon_days = 30\n'
                "then run `umbrella recommend`.",
                reason="no_recommender",
            )
        names = [recommender.name for recommender in self.recommenders]
        if name is None:
            return self.recommenders[0]
        if name not in names:
            raise NotFoundError(
                f'There is no recommender "{name}" in umbrella.toml. Recommenders: '
                f"{', '.join(names)}.{nearest(name, names)}",
                reason="unknown_recommender",
            )
        return self.recommenders[names.index(name)]


def load_settings(root: Path) -> Settings:
    """Reads `root`/umbrella.toml. Raises SettingsError with all problems of the file."""
    document = read_toml(root / FILE_NAME)
    problems: list[str] = []
    top = Section("", document, problems)
    workspace = top.section("workspace")
    currency = _currency(workspace)
    settings = Settings(
        root=root,
        name=shown_address(workspace.text("name") or root.resolve().name),
        currency=currency,
        timezone=_timezone(workspace),
        state_url=_state_url(workspace, root),
        engine=_engine(workspace),
        tables=MappingProxyType(read_tables(top.section("tables"))),
        targets=(),
        success=read_success(top.section("success")),
        customers=read_customers(top.section("customers")),
        costs=read_costs(top.section("costs")),
        qualification=read_qualification(top.section("qualification")),
        grades=read_grades(top.section("grades")),
        currencies=read_currencies(top.section("currencies"), currency),
        labels=read_labels(top.section("labels"), currency),
        list_rules=read_list_rules(top.section("list")),
        mail=read_mail(top.section("mail")),
        webhooks=read_webhooks(top),
        automations=read_automations(top),
        outreach=read_outreach(top.section("outreach")),
        worker=read_worker(top.section("worker")),
        recommenders=read_recommenders(top),
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
        workspace.problem(
            f'currency = {as_written(currency)}: expected a three-letter code such as "EUR".'
        )
    return currency


def _timezone(workspace: Section) -> str:
    timezone = workspace.text("timezone") or "UTC"
    if not is_timezone(timezone):
        from zoneinfo import available_timezones

        hint = nearest(timezone, sorted(available_timezones()))
        workspace.problem(
            f"timezone = {as_written(timezone)} is unknown.{hint} Expected a name such as "
            '"Europe/Lisbon".'
        )
    return timezone


def _state_url(workspace: Section, root: Path) -> str:
    url = workspace.text("state") or "sqlite:///state.db"
    if url.startswith("sqlite:///"):
        if "=" in url.partition("?")[2] and shown_address(url) != url:
            workspace.problem(f"state = {as_written(url)}: a SQLite file has no password.")
        return f"sqlite:///{root / url.removeprefix('sqlite:///')}"
    if not url.startswith(POSTGRESQL):
        workspace.problem(
            f'state = {as_written(url)}: expected "sqlite:///state.db" or '
            '"postgresql://user@host/database".'
        )
    elif problem := address_problem(url):
        workspace.problem(f"state = {problem}")
    return url.replace("postgres://", "postgresql://", 1)


def _engine(workspace: Section) -> str:
    engine = workspace.text("engine") or "duckdb"
    if engine.startswith("spark"):
        workspace.problem(
            f"engine = {as_written(engine)}: Spark does not work yet. Remove the line, or "
            'write "duckdb": everything then runs on this machine.'
        )
    elif engine != "duckdb":
        hint = nearest(engine, ["duckdb"])
        workspace.problem(f'engine = {as_written(engine)}: expected "duckdb".{hint}')
    return engine
