"""The web site: who visits on a day, what each visit looks at, and who signs up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from redumbrella.simulation.chance import Floats, chance_of, pick, shares, uniform
from redumbrella.simulation.offers import Offers
from redumbrella.simulation.parameters import PERSONAS, Company, Look
from redumbrella.simulation.people import (
    BUYER,
    COMPETITOR,
    JOB_SEEKER,
    NEVER,
    READER,
    ROBOT,
    People,
)

LEVELS = np.linspace(-3.0, 3.0, 13)  # of intent: within one, buyers look at the same pages
SMALLEST_RATE = 1e-3
MOST_PAGES = 60
CUSTOMER_RATE = 0.02
SEEN_FADES = 0.95  # a day: what hand-made points give for pages halves in two weeks
# What hand-made points give for a page: a blog post one, a product page two, prices five.
PAGE_POINTS = {"blog": 1.0, "product": 2.0, "prices": 5.0}
MORNING, EVENING = 6 * 3600, 20 * 3600
LAST_SECOND = 86_399
_OTHERS_SIGN_UP = {READER: -0.6, JOB_SEEKER: -0.3, COMPETITOR: -2.0}


@dataclass(frozen=True)
class Views:
    """Events of a day (n): person, second of the day, look (its number), product (-1: none) and
    seconds spent.
    """

    person: NDArray[np.int64]
    second: NDArray[np.int64]
    look: NDArray[np.int64]
    product: NDArray[np.int64]
    seconds: NDArray[np.int64]


@dataclass(frozen=True)
class Visiting:
    """A day's visits: the visitors (positions), the second at which each ends, what they saw."""

    visitors: NDArray[np.int64]
    ends: NDArray[np.int64]
    views: Views


@dataclass(frozen=True)
class Site:
    """The site as tables: looks (kinds on pages), their cumulative shares by persona and level."""

    kinds: tuple[str, ...]
    pages: tuple[str, ...]
    seconds: Floats
    shares: Floats  # (personas x levels, looks)
    first_topic: int
    topic_type: NDArray[np.int64]


def build_site(company: Company) -> Site:
    """Looks of umbrella's kinds, then one for each topic; topics belong to the types in turn."""
    looks = [(kind, look) for kind, some in company.kinds.items() for look in some]
    topics = company.topics
    own = [f"read_topic_{number:02d}" for number in range(1, topics.count + 1)]
    personas = np.repeat(np.arange(len(PERSONAS)), LEVELS.size)
    levels = np.tile(LEVELS, len(PERSONAS))
    table = np.array([_weights(look, personas, levels) for _, look in looks]).T
    any_topic = np.where(personas == ROBOT, 0.0, topics.weight)[:, None]
    if not topics.count:
        any_topic = np.zeros((personas.size, 0))
    return Site(
        kinds=(*(kind for kind, _ in looks), *own),
        pages=(*(look.page for _, look in looks), *("blog" for _ in own)),
        seconds=np.array([*(look.seconds for _, look in looks), *(75.0 for _ in own)]),
        shares=shares(np.hstack([table, any_topic])),
        first_topic=len(looks),
        topic_type=np.arange(topics.count) % len(company.types),
    )


def _weights(look: Look, personas: NDArray[np.int64], levels: Floats) -> Floats:
    """How often each persona at each level of intent looks at it, relative to other looks."""
    base = np.array(look.weights)[personas]
    return np.asarray(base * np.exp(np.where(personas == BUYER, look.intent * levels, 0.0)))


def season_on(company: Company, weekday: int, day_of_year: int) -> float:
    """Demand on a day against the mean of a year's working days."""
    turn = 2.0 * np.pi * (day_of_year - company.season.peak_day) / 365.0
    week = company.season.weekend if weekday >= 5 else 1.0
    return float((1.0 + company.season.yearly * np.cos(turn)) * week)


def visit_rates(company: Company, people: People, day: int) -> Floats:
    """Visits a day of each person, before season and week; docs/simulation.md (3)."""
    age = day - people.arrived
    rates = people.rate * np.exp(-age / people.fade)
    since = day - people.jump_day
    heat = (company.visits.after_event - 1.0) * np.exp(-np.clip(since, 0, 60) / 7.0)
    moved = (since >= 0) & (people.jump > 0)
    # A life event that raises the intent brings people back, however long they were away.
    rates = rates + np.where(moved, heat * company.visits.first_rate, 0.0)
    rates = np.where((people.customer_since >= 0) & (people.left < 0), rates + CUSTOMER_RATE, rates)
    rates = np.where(day - people.mailed <= 1, rates * company.mail.more_visits, rates)
    return np.asarray(np.where(people.double_of >= 0, 0.0, rates), np.float64)


def visit(
    company: Company, seed: int, site: Site, offers: Offers, people: People, day: int, season: float
) -> Visiting:
    """The visits of a day. Who comes for the first time visits on that day."""
    rates = visit_rates(company, people, day)
    some = np.flatnonzero((rates > SMALLEST_RATE) | (people.arrived == day))
    chance = -np.expm1(-rates[some] * season)
    comes = (uniform(seed, "visit", some, day) < chance) | (people.arrived[some] == day)
    comes &= people.double_of[some] < 0
    visitors = some[comes]
    count = _pages(company, seed, people, visitors, day)
    views, ends = _look_around(seed, site, offers, people, visitors, count, day)
    return Visiting(visitors, ends, views)


def _pages(
    company: Company, seed: int, people: People, visitors: NDArray[np.int64], day: int
) -> NDArray[np.int64]:
    """How much each visitor looks at: geometric, at least one."""
    mean = np.where(people.persona[visitors] == ROBOT, 4.0, 1.0) * company.visits.pages
    drawn = np.log(uniform(seed, "pages", visitors, day)) / np.log1p(-1.0 / np.maximum(mean, 1.01))
    return np.minimum(1 + drawn.astype(np.int64), MOST_PAGES)


def _look_around(
    seed: int, site: Site, offers: Offers, people: People,
    visitors: NDArray[np.int64], count: NDArray[np.int64], day: int,
) -> tuple[Views, NDArray[np.int64]]:  # fmt: skip
    """What visitors see, one after the other, and when each visit ends."""
    who = np.repeat(visitors, count)
    ends = np.cumsum(count)
    number = np.arange(who.size) - np.repeat(ends - count, count)
    key = day * 64 + number
    intent = people.intent_on(day)[visitors]
    level = np.clip(np.rint((intent + 3.0) * 2.0), 0, LEVELS.size - 1).astype(np.int64)
    group = np.repeat(people.persona[visitors] * LEVELS.size + level, count)
    look = pick(site.shares[group], uniform(seed, "look", who, key))
    taste = np.exp(1.5 * people.taste)
    kind = pick(shares(taste[who]), uniform(seed, "type looked at", who, key))
    topic = look >= site.first_topic
    if topic.any():
        look[topic] = _topics(site, kind[topic], uniform(seed, "topic", who[topic], key[topic]))
    product = _products_seen(seed, site, offers, people, who, look, kind, key)
    seconds = 1 + (-np.log(uniform(seed, "seconds", who, key)) * site.seconds[look]).astype(
        np.int64
    )
    seconds = np.minimum(seconds, 7200)
    start = (uniform(seed, "hour", visitors, day) + uniform(seed, "hour too", visitors, day)) / 2.0
    start = (MORNING + start * (EVENING - MORNING)).astype(np.int64)
    spent = np.cumsum(seconds) - seconds
    into = spent - np.repeat(spent[ends - count], count) if who.size else spent
    second = np.minimum(np.repeat(start, count) + into, LAST_SECOND - 1)
    ended = np.minimum(second[ends - 1] + seconds[ends - 1], LAST_SECOND) if who.size else ends
    return Views(who, second, look, product, seconds), ended


def _topics(site: Site, kind: NDArray[np.int64], drawn: Floats) -> NDArray[np.int64]:
    """A topic of each type; of a type without topics any one."""
    found = site.first_topic + (drawn * site.topic_type.size).astype(np.int64)
    for number in np.unique(site.topic_type):
        own = site.first_topic + np.flatnonzero(site.topic_type == number)
        here = kind == number
        found[here] = own[(drawn[here] * own.size).astype(np.int64)]
    return found


def _products_seen(
    seed: int, site: Site, offers: Offers, people: People, who: NDArray[np.int64],
    look: NDArray[np.int64], kind: NDArray[np.int64], key: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    """The product of product pages and prices: often the one wanted, else one of a type liked."""
    of_product = np.isin(look, np.flatnonzero(np.isin(site.pages, ("product", "prices"))))
    product = np.full(who.size, NEVER, np.int64)
    rows = np.flatnonzero(of_product)
    other = offers.of_type(kind[rows], uniform(seed, "product seen", who[rows], key[rows]))
    wanted = uniform(seed, "wanted one", who[rows], key[rows]) < 0.5
    product[rows] = np.where(wanted, people.wants[who[rows]], other)
    return product


def sign_ups(
    company: Company, seed: int, people: People, visiting: Visiting, day: int
) -> NDArray[np.bool_]:
    """Which of the visits end in a sign-up; docs/simulation.md (4). Robots never sign up."""
    who = visiting.visitors
    persona = people.persona[who]
    intent = people.intent_on(day)[who]
    odds = company.visits.sign_up + company.visits.sign_up_intent * np.where(
        persona == BUYER, intent, 0.0
    )
    for other, less in _OTHERS_SIGN_UP.items():
        odds = np.where(persona == other, odds + less, odds)
    wanted = uniform(seed, "sign up", who, day) < chance_of(odds)
    return np.asarray(wanted & (persona != ROBOT) & (people.signed_up[who] < 0))


def note_seen(site: Site, people: People, views: Views) -> None:
    """Adds up what hand-made points give for the pages of a day; what was seen before fades."""
    worth = np.array([PAGE_POINTS.get(page, 0.0) for page in site.pages])
    people.seen *= np.float32(SEEN_FADES)
    people.seen += np.bincount(views.person, worth[views.look], len(people)).astype(np.float32)
