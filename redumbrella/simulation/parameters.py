"""The parameters of a company: one TOML file each; what they mean stands in docs/simulation.md.

A file comes in, a checked `Company` goes out. Every number of the world is here, so that another
company is another file and no other code.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from redumbrella.errors import SettingsError, nearest

KNOWN = ("valiant", "projector", "action")
PERSONAS = ("buyer", "reader", "job seeker", "competitor", "robot")


@dataclass(frozen=True)
class Size:
    """How large a company of one size is; its campaigns bring as many visitors as its size asks."""

    visitors: float
    reps: int


@dataclass(frozen=True)
class Season:
    """Demand over the year and the week, and how the log-odds of converting drift in a year."""

    yearly: float
    peak_day: int
    weekend: float
    drift: float


@dataclass(frozen=True)
class Change:
    """What changes on one day (0: nothing ever): a rival, and an event that is called otherwise."""

    day: int
    rival: float
    rival_type: str
    renamed: str
    new_name: str


@dataclass(frozen=True)
class Campaign:
    """Visitors = demand x budget / (budget + half); what its buyers are like."""

    name: str
    channel: str
    demand: float
    half: float
    cost: float
    intent: float
    buyers: float


@dataclass(frozen=True)
class Messages:
    """What a campaign says: added to the intent, and the share of its visitors."""

    names: tuple[str, ...]
    intent: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Organic:
    """Visitors who come without a campaign."""

    intent: float
    buyers: float


@dataclass(frozen=True)
class Crowd:
    """What people are like, and how well they are recorded."""

    others: tuple[float, ...]
    life_event_a_year: float
    life_event_effect: float
    at_a_company: float
    shared_device: float
    missing: float
    double: float


@dataclass(frozen=True)
class Visits:
    """How often people visit, how much they look at, and when they sign up."""

    first_rate: float
    fade_days: float
    pages: float
    after_event: float
    sign_up: float
    sign_up_intent: float


@dataclass(frozen=True)
class Conversion:
    """The log-odds of a lead, and when it decides."""

    level: float
    intent: float
    taste: float
    price: float
    company: float
    others: float
    delay_days: float
    delay_spread: float
    expires_days: int


@dataclass(frozen=True)
class Contact:
    """What a call adds to the log-odds of a lead, and what it takes."""

    effect: float
    effect_junior: float
    effect_spread: float
    disturbed: float
    disturbed_effect: float
    again: float
    cold_days: float
    reached: float
    minutes: float
    minutes_missed: float
    tries: int
    wait_days: int


@dataclass(frozen=True)
class Mail:
    """The weekly mail: who gets it by chance, and what it does."""

    share: float
    after_days: int
    more_visits: float
    more_purchases: float
    unsubscribe: float


@dataclass(frozen=True)
class Buying:
    """Purchases of customers: BG/NBD, and what they bring."""

    rate_a_year: float
    rate_shape: float
    leave_a: float
    leave_b: float
    same_again: float
    margin: float
    returned: float
    without_lead: float


@dataclass(frozen=True)
class ProductType:
    """Products of one type: how many, their prices (log-normal), and who asks for them."""

    type: str
    count: int
    price: float
    spread: float
    margin: float
    lead: float
    shop: bool


@dataclass(frozen=True)
class Reps:
    """Sales people: their time, cost, skill and knowledge."""

    minutes_per_day: float
    cost_per_hour: float
    skill_spread: float
    knows: float
    knowledge: float


@dataclass(frozen=True)
class Look:
    """One kind of event on one kind of page, and which people do it."""

    page: str
    weights: tuple[float, ...]
    intent: float
    seconds: float


@dataclass(frozen=True)
class Topics:
    """Kinds of events that tell of taste."""

    count: int
    weight: float


@dataclass(frozen=True)
class Accounts:
    """Companies that people work at."""

    count: int
    industries: tuple[str, ...]
    fit: tuple[float, ...]


@dataclass(frozen=True)
class Regions:
    """Where people live."""

    names: tuple[str, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Record:
    """How the record differs from what happened."""

    late: float
    twice: float


@dataclass(frozen=True)
class Client:
    """A client with requirements, who rates what it gets."""

    name: str
    type: str
    least_seniority: int
    region: str


@dataclass(frozen=True)
class Partner:
    """An agency that buys leads, and returns bad ones."""

    name: str
    types: tuple[str, ...]
    pays: float
    a_day: int
    returns: float


@dataclass(frozen=True)
class Company:
    """All parameters of one company."""

    name: str
    currency: str
    about: str
    titles: tuple[str, ...]
    sizes: Mapping[str, Size]
    season: Season
    change: Change
    campaigns: tuple[Campaign, ...]
    messages: Messages
    organic: Organic
    people: Crowd
    visits: Visits
    conversion: Conversion
    contact: Contact
    mail: Mail
    purchases: Buying
    products: tuple[ProductType, ...]
    reps: Reps
    kinds: Mapping[str, tuple[Look, ...]]
    topics: Topics
    accounts: Accounts
    regions: Regions
    record: Record
    clients: tuple[Client, ...] = field(default=())
    partners: tuple[Partner, ...] = field(default=())

    @property
    def types(self) -> tuple[str, ...]:
        """Names of the product types, in order."""
        return tuple(one.type for one in self.products)


def company_text(name: str) -> str:
    """The file of a company that comes with Red Umbrella, or of a path that ends in .toml.

    Raises SettingsError for an unknown name or an unreadable file.
    """
    if name in KNOWN:
        return (files("redumbrella.simulation") / "companies" / f"{name}.toml").read_text("utf-8")
    if not name.endswith(".toml"):
        raise SettingsError(
            f'There is no company "{name}".{nearest(name, KNOWN)} Known: {", ".join(KNOWN)}; or '
            "name a file of your own that ends in .toml.",
            reason="unknown_company",
        )
    try:
        return Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(
            f"{name} cannot be read: {problem}.", reason="unknown_company"
        ) from None


def read_company(text: str, place: str) -> Company:
    """A company from TOML. Raises SettingsError with all problems; `place` names the file."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SettingsError(f"{place} is no TOML: {problem}.", reason="bad_company") from None
    problems: list[str] = []
    company = _built(Company, document, "", problems)
    if not problems:
        problems += _contradictions(company)
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise SettingsError(f"Problems in {place}:\n{listed}\nMend the file.", reason="bad_company")
    return company


def without_change(company: Company, day: int | None) -> Company:
    """The company with its sudden change on another day; 0: never; None: as it is written."""
    return company if day is None else replace(company, change=replace(company.change, day=day))


_T = TypeVar("_T")


def _built(kind: type[_T], content: Any, place: str, problems: list[str]) -> _T:
    """A dataclass from a TOML table; what is wrong goes into `problems`."""
    hints = get_type_hints(kind)
    assert is_dataclass(kind)
    known = [one.name for one in fields(kind)]
    if not isinstance(content, dict):
        problems.append(f"{place}: expected a table with {', '.join(known)}.")
        return None  # type: ignore[return-value]
    problems += [f'{place}{key}: unknown key.{nearest(key, known)}' for key in content
                 if key not in known]  # fmt: skip
    values = {}
    for one in fields(kind):
        if one.name in content:
            values[one.name] = _value(
                hints[one.name], content[one.name], place + one.name, problems
            )
        elif one.default is MISSING:
            problems.append(f"{place}{one.name}: missing.")
            values[one.name] = None
    return kind(**values)


def _value(kind: Any, content: Any, place: str, problems: list[str]) -> Any:
    """One value of a type that appears in the dataclasses above."""
    if is_dataclass(kind):
        return _built(kind, content, f"{place}.", problems)  # type: ignore[arg-type]
    inner = get_args(kind)
    if not inner:
        return _plain_value(kind, content, place, problems)
    is_list = get_origin(kind) is tuple
    if not isinstance(content, list if is_list else dict):
        problems.append(f"{place}: expected a {'list' if is_list else 'table'}.")
        return () if is_list else {}
    if is_list:
        return tuple(_value(inner[0], one, f"{place}[{number}]", problems)
                     for number, one in enumerate(content))  # fmt: skip
    named = dict(content)
    return {key: _value(inner[1], one, f"{place}.{key}", problems) for key, one in named.items()}


def _plain_value(kind: Any, content: Any, place: str, problems: list[str]) -> Any:
    """A number, a text or yes and no."""
    is_number = isinstance(content, int | float) and not isinstance(content, bool)
    if kind is float and is_number:
        return float(content)
    if not isinstance(content, kind) or (kind is int and isinstance(content, bool)):
        words = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}
        problems.append(f"{place} = {content!r}: expected {words[kind]}.")
    return content


def _contradictions(company: Company) -> list[str]:
    """What no single value shows."""
    problems = []
    for place, names, values in (
        ("messages.shares", company.messages.names, company.messages.shares),
        ("messages.intent", company.messages.names, company.messages.intent),
        ("accounts.fit", company.accounts.industries, company.accounts.fit),
        ("regions.shares", company.regions.names, company.regions.shares),
        ("people.others", PERSONAS[1:], company.people.others),
    ):
        if len(names) != len(values):
            problems.append(f"{place}: expected {len(names)} numbers, one for each name.")
    for kind, looks in company.kinds.items():
        if any(len(look.weights) != len(PERSONAS) for look in looks):
            problems.append(f"kinds.{kind}: weights need {len(PERSONAS)} numbers each.")
    if not company.campaigns or not company.products:
        problems.append("at least one of [[campaigns]] and one of [[products]] is needed.")
    if company.change.day and company.change.rival_type not in company.types:
        problems.append(
            f'change.rival_type: no product has the type "{company.change.rival_type}".'
        )
    return problems
