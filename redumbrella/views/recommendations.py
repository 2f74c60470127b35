"""Recommendations: the list of lists, and the lists of one person as they may be shown now.

What may be shown is asked when a list is read, not only when it was made: a product that was
withdrawn, or that a rule excludes since then, is left out and the next one moves up.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, select
from typing_extensions import TypedDict

from redumbrella.clock import to_datetime, to_iso
from redumbrella.destinations.files import FileColumn
from redumbrella.errors import NotFoundError, nearest
from redumbrella.figures import percent
from redumbrella.lake.lake import Lake
from redumbrella.reports.recommenders import LISTS, Place, RecommenderReport
from redumbrella.settings.recommenders import Recommender
from redumbrella.state.lists import list_in_use
from redumbrella.state.recommendations import (
    lists_of_person,
    newest_recommending,
    recommendations,
    recommended_product,
    recommended_products,
)
from redumbrella.views.kinds import INSTANT, MONEY, SHARE, TEXT, Row
from redumbrella.views.table import Column, NamedOrder, Query, View
from redumbrella.workspace import Workspace


def _or_empty(value: object) -> object:
    return "" if value is None else value


_IDS_AT_ONCE = 500  # of one question to the database
# What `every_place` gives, for files.
PLACE_FIELDS = (
    FileColumn("recommender", "string", str),
    FileColumn("person_id", "string", str),
    FileColumn("list", "string", str),
    FileColumn("rank", "int64", str),
    FileColumn("product_id", "string", str),
    FileColumn("product", "string", str),
    FileColumn("score", "float64", _or_empty),
    FileColumn("probability", "float64", _or_empty),
    FileColumn("expected_value", "float64", _or_empty),
    FileColumn("method", "string", str),
    FileColumn("chance", "float64", str),
    FileColumn("reasons", "string", str),
)
NOT_MADE = (
    "Nothing is recommended yet. Add a section [[recommenders]] to umbrella.toml, such as\n"
    '  [[recommenders]]\n  name = "next"\n  horizon_days = 30\nthen run `umbrella recommend`.'
)


class ShownProduct(TypedDict):
    """One place of a list as it is shown: `Place` with names and a reason in words; to_person: the
    reason as it may be told to the person.
    """

    rank: int
    product_id: str
    product: str
    score: float | None
    probability: float | None
    of_model: bool
    expected_value: float | None
    chance: float
    is_tried: bool
    reason: str
    to_person: str


class PersonList(TypedDict):
    """One list of a person. note: why it is shorter than asked for, "" where it is not."""

    name: str
    title: str
    method: str
    as_of: datetime
    products: list[ShownProduct]
    note: str


class PersonRecommendations(TypedDict):
    """All lists of a person."""

    person_id: str
    label: str
    recommender: str
    horizon_days: float
    lists: list[PersonList]


class OtherProduct(TypedDict):
    """A product beside another. buyers: who bought both; None where it is likeness."""

    product_id: str
    product: str
    score: float | None
    buyers: int | None


class ProductDetail(TypedDict):
    """What a product is like. by: what likeness rests on: common buyers, or what it is."""

    product_id: str
    product: str
    product_type: str
    price: float | None
    buyers: int
    shown: int
    recommender: str
    by: str
    similar: list[OtherProduct]
    together: list[OtherProduct]
    may_be_shown: bool


class AroundRecommendations(TypedDict):
    """What the list of lists says besides its rows: how each recommender was chosen."""

    reports: list[RecommenderReport]
    made_at: datetime | None
    as_of: datetime | None
    currency: str
    timezone: str


def _around(workspace: Workspace, connection: Connection, query: Query) -> Mapping[str, Any]:  # noqa: ARG001
    made = [newest_recommending(connection, one.name) for one in workspace.settings.recommenders]
    there = [one for one in made if one is not None]
    return {
        "reports": [orjson.loads(one["report"]) for one in there],
        "made_at": to_datetime(there[0]["made_at"]) if there else None,
        "as_of": to_datetime(there[0]["as_of"]) if there else None,
        "currency": workspace.settings.currency,
        "timezone": workspace.settings.timezone,
    }


RECOMMENDATIONS = View(
    name="recommendations",
    title="What to offer whom",
    noun=("list", "lists"),
    table=recommendations,
    key=("recommender", "list", "person_id"),
    columns=(
        Column("person_id", "Person", TEXT, sort="person", cell="offered_to",
               help="Id of the person."),
        Column("label", "Who", TEXT, in_list=True, help="Name of the person, else the id."),
        Column("list", "List", TEXT, filter="list", choices=tuple(LISTS), words=LISTS,
               help="again: bought before; new: not yet; all: both; newcomer: who bought nothing."),
        Column("product_id", "Product", TEXT, filter="product", sort="product", cell="offered",
               offers_values=False,
               help="Id of the product that stood first when the list was made; every place, as "
               "it may be shown now: people/{person_id}/recommendations, or the files of "
               "`umbrella recommend -o`."),
        Column("product", "First product", TEXT, help="Its name, else its id."),
        Column("probability", "Chance to buy", SHARE, sort="probability", falling=True,
               optional=True,
               help="That the person buys the first product within the horizon."),
        Column("expected_value", "Expected value", MONEY, sort="expected_value", falling=True,
               optional=True, secondary=True, help="That chance times the margin of a sale."),
        Column("method", "Method", TEXT, filter="method", secondary=True, comparing=True,
               help="How this list was made."),
        Column("recommender", "Recommender", TEXT, filter="recommender", comparing=True,
               help="Its name in umbrella.toml."),
        Column("as_of", "As of", INSTANT, secondary=True, in_list=True,
               help="The instant up to which facts count."),
    ),
    order="-probability",
    shown=("person_id", "list", "product_id", "probability", "expected_value", "method",
           "recommender"),
    terminal=("label", "list", "product", "probability", "expected_value", "method"),
    nothing=lambda _workspace, _target: NOT_MADE,
    orders=(
        NamedOrder("-probability", "likeliest first"),
        NamedOrder("-expected_value", "most valuable first"),
        NamedOrder("person", "by person"),
        NamedOrder("product", "by product"),
    ),
    search="search",
    search_words="a person, or a product that is shown",
    around=_around,
    around_type=AroundRecommendations,
    template="recommendations.html",
    is_in_menu=lambda workspace: bool(workspace.settings.recommenders),
)  # fmt: skip


def recommendations_of(
    workspace: Workspace,
    person_id: str,
    instant: int,
    *,
    recommender: str | None = None,
    only: str | None = None,
    n: int | None = None,
) -> PersonRecommendations:
    """The lists of a person as they may be shown at an instant (UTC microseconds).

    only: one list, without it all; n: places of each, without it as many as the recommender says.
    Raises NotFoundError for an unknown list, for a person without any, and without that one.
    """
    asked = workspace.settings.recommender(recommender)
    if only is not None and only not in LISTS:
        raise NotFoundError(
            f'There is no list "{only}". Lists: {", ".join(LISTS)}.{nearest(only, list(LISTS))}',
            reason="unknown_list",
        )
    with workspace.state.reading() as connection:
        stored = lists_of_person(connection, asked.name, person_id)
        if not stored:
            raise NotFoundError(
                _why_none(connection, asked, person_id), reason="no_recommendations"
            )
        stored = _asked_lists(stored, person_id, only)
        places = {row["list"]: _places_of(row["places"]) for row in stored}
        ids = {p.product_id for own in places.values() for p in own}
        ids |= {product for own in places.values() for p in own for _, product in p.because}
        names = _names_of(connection, asked.name, ids)
    withheld = withheld_products(workspace.lake, asked, instant)
    most = asked.shown if n is None else n
    order = list(LISTS)
    return {
        "person_id": person_id,
        "label": stored[0]["label"],
        "recommender": asked.name,
        "horizon_days": asked.horizon_days,
        "lists": [
            _list_of(row, places[row["list"]], names, withheld, most)
            for row in sorted(stored, key=lambda row: order.index(row["list"]))
        ],
    }


def people_with_lists(workspace: Workspace, people: Sequence[str]) -> frozenset[str]:
    """Those of some people who have a list of any recommender that umbrella.toml still names."""
    names = [one.name for one in workspace.settings.recommenders]
    if not names or not people:
        return frozenset()
    with workspace.state.reading() as connection:
        used = list_in_use(connection, recommendations)
        own = used.c.person_id.in_(people), used.c.recommender.in_(names)
        return frozenset(connection.execute(select(used.c.person_id).where(*own)).scalars())


def _asked_lists(stored: list[dict[str, Any]], person_id: str, only: str | None) -> list[Any]:
    """All lists of a person, or one; NotFoundError where the person has others but not that."""
    found = [row for row in stored if only in (None, row["list"])]
    if not found:
        have = " and ".join(f'"{row["list"]}"' for row in stored)
        raise NotFoundError(
            f'"{person_id}" has no list "{only}", but {have}. Who has bought nothing has the list '
            '"newcomer" alone, and nobody has a list that nothing is left for.',
            reason="no_such_list",
        )
    return found


def _places_of(stored: str) -> list[Place]:
    return [Place.read(place) for place in orjson.loads(stored)]


def _list_of(
    row: Row, places: list[Place], names: Mapping[str, str], withheld: frozenset[str], n: int
) -> PersonList:
    left = [place for place in places if place.product_id not in withheld]
    note = ""
    if len(left) < min(n, len(places)):
        note = (
            f"{len(places) - len(left)} of the {len(places)} products kept may not be shown any "
            "more, so the list is shorter; `umbrella recommend` makes it anew."
        )
    return {
        "name": row["list"],
        "title": LISTS[row["list"]],
        "method": row["method"],
        "as_of": to_datetime(row["as_of"]),
        "products": [_shown(rank, one, names) for rank, one in enumerate(left[:n], start=1)],
        "note": note,
    }


def _shown(rank: int, place: Place, names: Mapping[str, str]) -> ShownProduct:
    return {
        "rank": rank,
        "product_id": place.product_id,
        "product": names.get(place.product_id, place.product_id),
        "score": place.score,
        "probability": place.probability,
        "of_model": place.of_model,
        "expected_value": place.expected_value,
        "chance": place.chance,
        "is_tried": place.is_tried,
        "reason": reason_in_words(place, names),
        "to_person": reason_to_person(place, names),
    }


def reason_in_words(place: Place, names: Mapping[str, str]) -> str:
    """Why a product stands on a list: "bought A and B: 71 % of the score"."""
    if place.is_tried:
        return "new, and shown to find out who likes it"
    if place.times and place.last_bought is not None:
        day = to_iso(place.last_bought)[:10]
        return (
            f"bought on {day}" if place.times == 1 else f"bought {place.times:,} times, last {day}"
        )
    if not place.because:
        return "sells well of late"
    if not place.because[0][1]:  # of the profile
        return f"people like this buy it: {' and '.join(what for what, _ in place.because)}"
    return f"{_did(place, names)}: {percent(place.share, 0)} of the score"


def reason_to_person(place: Place, names: Mapping[str, str]) -> str:
    """The same for the person's own eyes, without the figures of a model."""
    if place.is_tried:
        return "new"
    if place.times:
        return "you bought it before"
    if not place.because or not place.because[0][1]:
        return "often bought now"
    return f"because you {_did(place, names)}"


def _did(place: Place, names: Mapping[str, str]) -> str:
    """What the person did that speaks for a product: "bought A and B, looked at C"."""
    told: dict[str, list[str]] = {}
    for what, product in place.because:
        looked = "looked at" if "view" in what else f"did {what} of"
        words = "bought" if what == "purchase" else looked
        told.setdefault(words, []).append(names.get(product, product))
    return ", ".join(f"{words} {' and '.join(own)}" for words, own in told.items())


def every_place(workspace: Workspace, instant: int) -> Iterator[dict[str, Any]]:
    """A row for every place of every list, as `umbrella recommend -o` writes it; in order of list,
    person and rank. Names of PLACE_FIELDS.
    """
    for one in workspace.settings.recommenders:
        withheld = withheld_products(workspace.lake, one, instant)
        with workspace.state.reading() as connection:
            names = _names_of(connection, one.name, None)
            used = list_in_use(connection, recommendations)
            query = (
                select(used.c.person_id, used.c.list, used.c.method, used.c.places)
                .where(used.c.recommender == one.name)
                .order_by(used.c.list, used.c.person_id)
            )
            streamed = connection.execution_options(stream_results=True).execute(query)
            for person_id, name, method, stored in streamed:
                left = [place for place in _places_of(stored) if place.product_id not in withheld]
                for rank, place in enumerate(left[: one.shown], start=1):
                    yield {
                        "recommender": one.name, "person_id": person_id, "list": name,
                        "rank": rank, "product_id": place.product_id,
                        "product": names.get(place.product_id, place.product_id),
                        "score": place.score, "probability": place.probability,
                        "expected_value": place.expected_value, "method": method,
                        "chance": place.chance, "reasons": reason_in_words(place, names),
                    }  # fmt: skip


def product_detail(
    workspace: Workspace,
    product_id: str,
    instant: int,
    *,
    recommender: str | None = None,
    n: int = 10,
) -> ProductDetail:
    """A product, what it is like, and what its buyers bought too; only what may be shown.

    Raises NotFoundError (unknown_product).
    """
    asked = workspace.settings.recommender(recommender)
    with workspace.state.reading() as connection:
        found = recommended_product(connection, asked.name, product_id)
        if found is None:
            raise NotFoundError(
                _why_unknown(connection, asked, product_id), reason="unknown_product"
            )
        details = orjson.loads(found["details"])
        others = {one for kind in ("similar", "together") for one, _ in details[kind]}
        names = _names_of(connection, asked.name, others)
    withheld = withheld_products(workspace.lake, asked, instant)

    def listed(kind: str, field: str) -> list[OtherProduct]:
        left = [pair for pair in details[kind] if pair[0] not in withheld][:n]
        empty = {"score": None, "buyers": None}
        return [
            {"product_id": one, "product": names.get(one, one), **empty, field: value}  # type: ignore[typeddict-item]
            for one, value in left
        ]

    return {
        "product_id": product_id,
        "product": found["product"],
        "product_type": found["product_type"],
        "price": found["price"],
        "buyers": found["buyers"],
        "shown": found["shown"],
        "recommender": asked.name,
        "by": details["by"],
        "similar": listed("similar", "score"),
        "together": listed("together", "buyers"),
        "may_be_shown": product_id not in withheld,
    }


def withheld_products(lake: Lake, recommender: Recommender, instant: int) -> frozenset[str]:
    """Products that may not be shown at an instant, as the table of products is now.

    Raises SettingsError (unknown_field) for a rule about a field that products do not have.
    """
    from redumbrella.recommenders.rules import check_rules, forbidden_products

    if not lake.exists("products"):
        return frozenset()
    table = _products_as_read(lake, lake.content("products"))
    check_rules(table, recommender.rules, recommender.name)
    return forbidden_products(table, recommender.rules, instant)


@lru_cache(maxsize=4)
def _products_as_read(lake: Lake, content: str) -> Any:  # noqa: ARG001  other rows, other content
    return lake.current("products")


def _names_of(
    connection: Connection, recommender: str, ids: Collection[str] | None
) -> dict[str, str]:
    """How products are called, by id; of all products without ids."""
    used = list_in_use(connection, recommended_products)
    query = select(used.c.product_id, used.c.product).where(used.c.recommender == recommender)
    if ids is None:
        return {row.product_id: row.product for row in connection.execute(query)}
    wanted = sorted(ids)
    found: dict[str, str] = {}
    for first in range(0, len(wanted), _IDS_AT_ONCE):
        some = query.where(used.c.product_id.in_(wanted[first : first + _IDS_AT_ONCE]))
        found |= {row.product_id: row.product for row in connection.execute(some)}
    return found


def _why_none(connection: Connection, asked: Recommender, person_id: str) -> str:
    made = newest_recommending(connection, asked.name)
    if made is None:
        return f'The lists of "{asked.name}" are not made yet. Run `umbrella recommend`.'
    return (
        f'There is no list for a person "{person_id}": they are made for everybody in the tables '
        "of people and purchases. If the person is new, run `umbrella ingest` and then "
        "`umbrella recommend`."
    )


def _why_unknown(connection: Connection, asked: Recommender, product_id: str) -> str:
    if newest_recommending(connection, asked.name) is None:
        return f'The lists of "{asked.name}" are not made yet. Run `umbrella recommend`.'
    known = list(_names_of(connection, asked.name, None))
    return (
        f'There is no product "{product_id}" among the {len(known):,} that were sold or listed.'
        f"{nearest(product_id, known)}"
    )
