"""The parameters of a company: one TOML file each; what they mean stands in docs/simulation.md.

A file comes in, a checked `Company` goes out. Every number of the world is here, so that another
company is another file and no other code.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from redumbrella.errors import SettingsError, nearest

KNOWN = ("valiant", "projector", "action")
PERSONAS = ("buyer", "reader", "job seeker", "competitor", "robot")
SIZES = ("small", "medium", "large")
LONGEST = 1.8  # a talk is at most so many times as long as the mean one
_MOST_NAMED = 127  # titles, messages and regions: people keep the number in one byte


@dataclass(frozen=True)
class Between:
    """What a number may be, both ends included: outside it the world has no meaning or no end."""

    low: float
    high: float


Share = Annotated[float, Between(0, 1)]
LogOdds = Annotated[float, Between(-20, 20)]  # beyond it every chance is 0 or 1
Spread = Annotated[float, Between(0, 5)]  # standard deviations of log-odds and of logarithms
Shape = Annotated[float, Between(0.01, 1000)]  # of gamma and beta, which have none at 0
Duration = Annotated[float, Between(0.1, 3650)]  # divides; in days
Weight = Annotated[float, Between(0, 1000)]
Money = Annotated[float, Between(0, 1_000_000)]
Minutes = Annotated[float, Between(0.5, 480)]  # a working day has 480
Days = Annotated[int, Between(0, 3650)]


@dataclass(frozen=True)
class Size:
    """How large a company of one size is; its campaigns bring as many visitors as its size asks."""

    visitors: Annotated[float, Between(1, 10_000)]  # ids of events have room for a million a day
    reps: Annotated[int, Between(1, 1000)]


@dataclass(frozen=True)
class Season:
    """Demand over the year and the week, and how the log-odds of converting drift in a year."""

    yearly: Share
    peak_day: Annotated[int, Between(1, 366)]
    weekend: Annotated[float, Between(0, 10)]
    drift: LogOdds


@dataclass(frozen=True)
class Change:
    """What changes on one day (0: nothing ever): a rival, and an event that is called otherwise."""

    day: Annotated[int, Between(0, 36_500)]
    rival: LogOdds
    rival_type: str
    renamed: str
    new_name: str


@dataclass(frozen=True)
class Campaign:
    """Visitors = demand x budget / (budget + half); what its buyers are like."""

    name: str
    channel: str
    demand: Weight
    half: Annotated[float, Between(0.01, 1_000_000)]
    cost: Money
    intent: LogOdds
    buyers: Share


@dataclass(frozen=True)
class Messages:
    """What a campaign says: added to the intent, and the share of its visitors."""

    names: tuple[str, ...]
    intent: tuple[LogOdds, ...]
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Organic:
    """Visitors who come without a campaign."""

    intent: LogOdds
    buyers: Share


@dataclass(frozen=True)
class Crowd:
    """What people are like, and how well they are recorded."""

    others: tuple[Share, ...]
    life_event_a_year: Annotated[float, Between(0, 365)]
    life_event_effect: Spread
    at_a_company: Share
    shared_device: Share
    missing: Share
    double: Share


@dataclass(frozen=True)
class Visits:
    """How often people visit, how much they look at, and when they sign up."""

    first_rate: Annotated[float, Between(0, 100)]
    fade_days: Duration
    pages: Annotated[float, Between(1, 60)]
    after_event: Annotated[float, Between(1, 100)]
    sign_up: LogOdds
    sign_up_intent: LogOdds


@dataclass(frozen=True)
class Conversion:
    """The log-odds of a lead, and when it decides."""

    level: LogOdds
    intent: LogOdds
    taste: LogOdds
    price: LogOdds
    company: LogOdds
    others: LogOdds
    delay_days: Duration
    delay_spread: Spread
    expires_days: Annotated[int, Between(2, 3650)]  # it can decide on the day after it came


@dataclass(frozen=True)
class Contact:
    """What a call adds to the log-odds of a lead, and what it takes."""

    effect: LogOdds
    effect_junior: LogOdds
    effect_spread: Spread
    disturbed: Share
    disturbed_effect: LogOdds
    again: Share
    cold_days: Duration
    reached: Annotated[float, Between(0.01, 0.99)]  # the mean of a beta
    minutes: Minutes
    minutes_missed: Minutes
    tries: Annotated[int, Between(0, 1000)]
    wait_days: Days


@dataclass(frozen=True)
class WeeklyMail:
    """The weekly mail: who gets it by chance, and what it does."""

    share: Share
    after_days: Days
    more_visits: Annotated[float, Between(0, 100)]
    more_purchases: LogOdds
    unsubscribe: Share


@dataclass(frozen=True)
class Buying:
    """Purchases of customers: BG/NBD."""

    rate_a_year: Weight
    rate_shape: Shape
    leave_a: Shape
    leave_b: Shape
    same_again: Share
    returned: Share
    without_lead: Share


@dataclass(frozen=True)
class ProductType:
    """Products of one type: how many, their prices (log-normal), and who asks for them."""

    type: str
    count: Annotated[int, Between(1, 1000)]
    price: Annotated[float, Between(0.01, 1_000_000)]
    spread: Spread
    margin: Share
    lead: Share
    shop: bool


@dataclass(frozen=True)
class Reps:
    """Sales people: their time, cost, skill and knowledge."""

    minutes_per_day: Minutes
    cost_per_hour: Money
    skill_spread: Spread
    knows: Share
    knowledge: LogOdds


@dataclass(frozen=True)
class Look:
    """One kind of event on one kind of page, and which people do it."""

    page: str
    weights: tuple[Weight, ...]
    intent: LogOdds
    seconds: Annotated[float, Between(0, 7200)]


@dataclass(frozen=True)
class Topics:
    """Kinds of events that tell of taste."""

    count: Annotated[int, Between(0, 1000)]
    weight: Weight


@dataclass(frozen=True)
class Accounts:
    """Companies that people work at."""

    count: Annotated[int, Between(1, 4096)]  # each has addresses of its own, see rows
    industries: tuple[str, ...]
    fit: tuple[LogOdds, ...]


@dataclass(frozen=True)
class Regions:
    """Where people live."""

    names: tuple[str, ...]
    shares: tuple[Share, ...]


@dataclass(frozen=True)
class Record:
    """How the record differs from what happened."""

    late: Share
    twice: Share


@dataclass(frozen=True)
class Client:
    """A client with requirements, who rates what it gets."""

    name: str
    type: str
    least_seniority: Annotated[int, Between(0, 3)]
    region: str


@dataclass(frozen=True)
class Partner:
    """An agency that buys leads, and returns bad ones."""

    name: str
    types: tuple[str, ...]
    pays: Money
    a_day: Annotated[int, Between(0, 10_000)]
    returns: Share


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
    mail: WeeklyMail
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
    except OSError as problem:
        message = f"{name} cannot be read: {problem.strerror}. Check its name and its rights."
    except UnicodeDecodeError:
        message = f"{name} is not UTF-8 text. Save it as UTF-8 and run again."
    raise SettingsError(message, reason="unknown_company")


def read_company(text: str, place: str) -> Company:
    """A company from TOML. Raises SettingsError with all problems; `place` names the file."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise SettingsError(f"{place}: no valid TOML. {problem}.", reason="bad_company") from None
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
    hints = get_type_hints(kind, include_extras=True)
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
    if get_origin(kind) is Annotated:
        return _plain_value(inner[0], inner[1], content, place, problems)
    if not inner:
        return _plain_value(kind, None, content, place, problems)
    is_list = get_origin(kind) is tuple
    if not isinstance(content, list if is_list else dict):
        problems.append(f"{place}: expected a {'list' if is_list else 'table'}.")
        return () if is_list else {}
    if is_list:
        return tuple(_value(inner[0], one, f"{place}[{number}]", problems)
                     for number, one in enumerate(content))  # fmt: skip
    named = dict(content)
    return {key: _value(inner[1], one, f"{place}.{key}", problems) for key, one in named.items()}


def _plain_value(
    kind: Any, limits: Between | None, content: Any, place: str, problems: list[str]
) -> Any:
    """A number within its limits, a text or yes and no."""
    words = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}[kind]
    kinds = (int, float) if kind is float else kind
    is_other = not isinstance(content, kinds) or (isinstance(content, bool) and kind is not bool)
    if is_other or (limits and not limits.low <= content <= limits.high):
        said = f" from {limits.low:,} to {limits.high:,}" if limits else ""
        problems.append(f"{place} = {content!r}: expected {words}{said}.")
        return content
    # They go into files with one line a value, and into an umbrella.toml.
    if kind is str and (not content.isprintable() or '"' in content):
        problems.append(f"{place} = {content!r}: expected one line of text without quotes.")
    return float(content) if kind is float else content


def _contradictions(company: Company) -> list[str]:
    """What no single value shows."""
    return [
        *_lengths(company),
        *_sums(company),
        *_unknown_names(company),
        *_impossible_calls(company),
    ]


def _lengths(company: Company) -> list[str]:
    """Lists that are too short or too long, or that do not fit to each other."""
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
    for place, some in (
        ("titles", company.titles),
        ("messages.names", company.messages.names),
        ("regions.names", company.regions.names),
        ("accounts.industries", company.accounts.industries),
        ("[[campaigns]]", company.campaigns),
        ("[[products]]", company.products),
    ):
        if not 1 <= len(some) <= _MOST_NAMED:
            problems.append(f"{place}: {len(some)} of them, expected 1 to {_MOST_NAMED}.")
    return problems


def _sums(company: Company) -> list[str]:
    """Shares of which at least one must be above 0, as somebody is drawn by them."""
    problems = []
    for place, values in (
        ("messages.shares", company.messages.shares),
        ("regions.shares", company.regions.shares),
        ("people.others", company.people.others),
        ("products.lead", tuple(one.lead for one in company.products)),
    ):
        if not sum(values):
            problems.append(f"{place}: all are 0, expected at least one above 0.")
    looks = [look for some in company.kinds.values() for look in some]
    for number, persona in enumerate(PERSONAS):
        if not any(any(look.weights[number : number + 1]) for look in looks):
            problems.append(
                f"kinds: no weight above 0 for a {persona}, who has to look at something."
            )
    return problems


def _unknown_names(company: Company) -> list[str]:
    """Names of what there is not, or is twice."""
    types, regions = company.types, company.regions.names
    problems = [f"sizes.{size}: missing." for size in SIZES if size not in company.sizes]
    if not re.fullmatch("[A-Z]{3}", company.currency):
        problems.append(f'currency = "{company.currency}": expected three letters such as EUR.')
    if "" in types or len(set(types)) < len(types):
        problems.append("products: expected another type for each of [[products]].")
    asked = [(f"clients[{n}].type", one.type, types) for n, one in enumerate(company.clients)]
    asked += [(f"clients[{n}].region", one.region, ("", *regions))
              for n, one in enumerate(company.clients)]  # fmt: skip
    asked += [(f"partners[{n}].types", kind, types)
              for n, one in enumerate(company.partners) for kind in one.types]  # fmt: skip
    if company.change.day:
        asked.append(("change.rival_type", company.change.rival_type, types))
        asked.append(("change.renamed", company.change.renamed, tuple(company.kinds)))
    return problems + [
        f'{place} = "{name}": there is none.{nearest(name, known)} '
        f"Known: {', '.join(filter(None, known))}."
        for place, name, known in asked
        if name not in known
    ]


def _impossible_calls(company: Company) -> list[str]:
    """A rep begins no call that might last longer than the time that is left."""
    contact, minutes = company.contact, company.reps.minutes_per_day
    longest = contact.minutes * LONGEST
    problems = []
    if longest > minutes:
        problems.append(
            f"reps.minutes_per_day = {minutes:g}: no call fits in, as one may last {longest:g} "
            f"minutes ({LONGEST} x contact.minutes)."
        )
    if contact.minutes_missed > longest:
        problems.append(
            f"contact.minutes_missed = {contact.minutes_missed:g}: expected at most {longest:g}, "
            f"the longest talk ({LONGEST} x contact.minutes)."
        )
    return problems
