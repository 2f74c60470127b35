"""Recommend: from purchases, views and profiles to an ordered list of products for each person.

Flow: what was bought before `as_of` and the table of products → the method of each list, measured
on the last horizons → lists, with a probability, a value and reasons → rules and young products →
one list in the state, put into use as a whole, and what orders any products for one person.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from redumbrella.clock import to_iso
from redumbrella.errors import DataError
from redumbrella.features.facts import names_of, read_profiles
from redumbrella.figures import counted
from redumbrella.progress import Progress, part_of
from redumbrella.recommenders.chooser import (
    LIST_NAMES,
    TITLES,
    Choices,
    ListName,
    best_linear,
    choose_recommenders,
    purchases_in_words,
)
from redumbrella.recommenders.content import catalogue_of
from redumbrella.recommenders.exploration import Exploration, young_products
from redumbrella.recommenders.interactions import read_interactions
from redumbrella.recommenders.lists import ENOUGH_TOGETHER, similar_products
from redumbrella.recommenders.parts import (
    COLLABORATIVE,
    CONTENT,
    RECENT,
    SimpleParts,
    Situation,
    situation_of,
)
from redumbrella.recommenders.places import Numbers, Offer, places_of, with_one_chance
from redumbrella.recommenders.rules import boosts, check_rules, may_be_shown, unmatched_values
from redumbrella.recommenders.saved import save_recommender, saved_at
from redumbrella.reports.recommenders import ListReport, Place, RecommenderReport
from redumbrella.settings.recommenders import Recommender
from redumbrella.state.lists import is_list_there, take_into_use
from redumbrella.state.recommendations import (
    new_recommendations,
    new_recommended_products,
    newest_recommending,
    recommendations,
    record_recommending,
)
from redumbrella.workflows.freshness import fingerprint
from redumbrella.workflows.product_facts import (
    margins_of,
    prices_of,
    product_names,
    propensities_of,
)
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace

_OF_BUYERS: tuple[ListName, ...] = ("again", "new", "all")
_OF_OTHERS: tuple[ListName, ...] = ("newcomer",)
MOST_SIMILAR = 20  # that are kept of each product

CODE_VERSION = 1  # raised when recommending itself changes, so that `run` does it again
RESTS_ON = ("recommenders", "customers", "labels")
_AT_ONCE = 2_000  # people


@dataclass(frozen=True)
class RecommendResult:
    """What was made: for how many people, as known when, and how each recommender was chosen."""

    people: int
    lists: int
    as_of: int
    reports: tuple[RecommenderReport, ...]


@dataclass(frozen=True, eq=False)
class _Finished:
    """What is left of a recommender when its lists are written."""

    report: RecommenderReport
    as_of: int
    products: list[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class _Known:
    """What the lists of one recommender are made from, as known before `as_of`."""

    as_of: int
    products: pa.Table | None
    situation: Situation
    names: dict[str, str]  # of products, by id
    labels: list[str]  # of people, by number
    prices: Numbers


def recommend(workspace: Workspace, report: Progress, as_of: int | None = None) -> RecommendResult:
    """Makes the lists of every recommender of umbrella.toml, as known before `as_of` (now).

    Raises SettingsError where none is named, DataError (no_purchases) where no purchase names a
    product.
    """
    workspace.settings.recommender()
    with recorded(workspace, "recommend") as run:
        inputs = recommend_inputs(workspace) if as_of is None else f"as of {to_iso(as_of)}"
        making = _Making(workspace, run.started_at if as_of is None else as_of, report)
        with (
            new_recommendations(workspace.state, making.rows()) as lists,
            new_recommended_products(workspace.state, making.product_rows()) as products,
            workspace.state.writing() as connection,
        ):
            take_into_use(connection, lists)
            take_into_use(connection, products)
            for done in making.finished:
                record_recommending(
                    connection,
                    {
                        "recommender": done.report["recommender"],
                        "made_at": run.started_at,
                        "as_of": done.as_of,
                        "people": done.report["people"],
                        "inputs": inputs,
                        "report": done.report,
                    },
                )
        reports = tuple(done.report for done in making.finished)
        people = max(each["people"] for each in reports)
        run.message = f"{lists.rows:,} lists for {counted(people, 'person', 'people')}"
        newest = max(done.as_of for done in making.finished)
        return RecommendResult(people, lists.rows, newest, reports)


def are_recommendations_fresh(workspace: Workspace) -> bool:
    """Whether every recommender's lists rest on the facts and settings of today."""
    inputs = recommend_inputs(workspace)
    with workspace.state.reading() as connection:
        made = [newest_recommending(connection, r.name) for r in workspace.settings.recommenders]
        is_there = is_list_there(connection, recommendations)
    return is_there and all(one is not None and one["inputs"] == inputs for one in made)


def recommend_inputs(workspace: Workspace) -> str:
    """Changes when recommending again could give other lists."""
    return fingerprint(workspace, CODE_VERSION, RESTS_ON)


class _Making:
    """The lists of all recommenders, made one after the other while their rows are written."""

    def __init__(self, workspace: Workspace, as_of: int, report: Progress) -> None:
        self.workspace, self.as_of, self.report = workspace, as_of, report
        self.finished: list[_Finished] = []

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for every list of every person."""
        asked = self.workspace.settings.recommenders
        for number, recommender in enumerate(asked):
            part = part_of(self.report, number / len(asked), (number + 1) / len(asked))
            yield from self._rows_of(recommender, part)

    def product_rows(self) -> Iterator[dict[str, Any]]:
        """A row for every product; after `rows`."""
        for done in self.finished:
            yield from done.products

    def _rows_of(self, recommender: Recommender, report: Progress) -> Iterator[dict[str, Any]]:
        report("Reading purchases", 0.0)
        known = _known(self.workspace, recommender, self.as_of)
        report("Comparing methods", 0.1)
        choices = choose_recommenders(known.situation, known.as_of)
        report("Making lists", 0.7)
        offer, notes = _offer(self.workspace, recommender, known, choices)
        shown: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for row in _list_rows(choices, offer, known):
            shown.update(place.product_id for place in row["places"][: recommender.shown])
            counts[row["list"]] += 1
            yield row
        path = saved_at(self.workspace.root, recommender.name)
        method, _, _ = best_linear(choices, "all")
        save_recommender(path, method, choices.parts, recommender.horizon_days)
        notes += _notes(choices.parts, offer)
        if any(choices.probability.values()):
            notes.append(
                f"Chances have the level of the last {recommender.horizon_days:g} days: a season "
                "that sells more or less than they did is not known."
            )
        told = _report(recommender, choices, counts, notes)
        products = _product_rows(recommender, choices.parts, known, shown)
        self.finished.append(_Finished(told, known.as_of, products))


def _known(workspace: Workspace, recommender: Recommender, as_of: int) -> _Known:
    lake = workspace.lake
    table = lake.current("products") if lake.exists("products") else None
    check_rules(table, recommender.rules, recommender.name)
    interactions = read_interactions(lake, as_of, recommender.views)
    if not interactions.purchases:
        raise DataError(
            f"Before {to_iso(as_of)[:10]} no purchase names a product, so nothing can be "
            "recommended. If there are earlier ones, name the file of "
            "purchases under [tables.purchases] in umbrella.toml, with product_id among its "
            "columns, then run `umbrella ingest`.",
            reason="no_purchases",
        )
    catalogue = catalogue_of(table, interactions.products)
    profiles = read_profiles(lake) if lake.exists("people") else None
    return _Known(
        # Lists are of the day on which the record ends, as everything else that is scored.
        min(as_of, int(interactions.at.max()) + 1),
        table,
        situation_of(interactions, recommender.horizon_days, catalogue, profiles),
        product_names(workspace, table, interactions.products),
        names_of(lake, interactions.people),
        prices_of(lake, interactions.products, catalogue.price),
    )


def _offer(
    workspace: Workspace, recommender: Recommender, known: _Known, choices: Choices
) -> tuple[Offer, list[str]]:
    """What may be offered, and what has to be said of it."""
    interactions, table = known.situation.interactions, known.products
    products, rules = interactions.products, recommender.rules
    margin, notes = margins_of(table, products, known.prices, workspace.settings)
    propensity, more = propensities_of(workspace, interactions, recommender)
    allowed = choices.parts.sold & may_be_shown(products, table, rules, known.as_of)
    offer = Offer(
        recommender,
        allowed,
        margin,
        boosts(products, table, rules),
        propensity,
        young_products(choices.parts, known.situation.step, allowed),
        # Another day draws other products; the same day the same ones.
        Exploration(
            recommender.explore_share, recommender.shown, f"{recommender.name} {known.as_of}"
        ),
    )
    if not allowed.any():
        raise DataError(
            f'No product may be shown by the recommender "{recommender.name}": all are withdrawn, '
            "not available, or against its rules. Look at only and exclude in umbrella.toml, and "
            "at the table of products.",
            reason="nothing_may_be_shown",
        )
    return offer, [*notes, *more, *unmatched_values(table, rules)]


def _list_rows(choices: Choices, offer: Offer, known: _Known) -> Iterator[dict[str, Any]]:
    """A row for every list that holds anything."""
    recommender, people = offer.recommender, choices.parts.known.people
    has_bought = np.diff(choices.parts.own.indptr) > 0
    for first in range(0, len(people), _AT_ONCE):
        chunk = np.arange(first, min(first + _AT_ONCE, len(people)))
        for whose, names in (
            (chunk[has_bought[chunk]], _OF_BUYERS),
            (chunk[~has_bought[chunk]], _OF_OTHERS),
        ):
            if not whose.size:
                continue
            made = {name: places_of(choices, name, whose, offer) for name in names}
            ids = people.take(pa.array(whose)).to_pylist()
            for row, (number, person_id) in enumerate(zip(whose.tolist(), ids, strict=True)):
                lists = {name: made[name][row] for name in names}
                if "all" in lists:
                    own = (*lists["again"], *lists["new"])
                    lists["all"] = with_one_chance(lists["all"], own)
                label = known.labels[number]
                for name, places in lists.items():
                    if places:
                        yield _row(recommender, choices, known, name, person_id, label, places)


def _row(
    recommender: Recommender,
    choices: Choices,
    known: _Known,
    name: ListName,
    person_id: str,
    label: str,
    places: list[Place],
) -> dict[str, Any]:
    shown = [known.names[one.product_id] for one in places[: recommender.shown]]
    return {
        "recommender": recommender.name,
        "list": name,
        "person_id": person_id,
        "label": label,
        "method": choices.by_list[name].method,
        "product_id": places[0].product_id,
        "product": shown[0],
        "probability": places[0].probability,
        "expected_value": places[0].expected_value,
        "as_of": known.as_of,
        "search": " ".join((person_id, label, *shown)).lower(),
        "places": places,
    }


def _notes(parts: SimpleParts, offer: Offer) -> list[str]:
    """What is left out of the lists."""
    withheld = int((parts.sold & ~offer.allowed).sum())
    gone = int((~parts.sold).sum())
    robots = int((~parts.known.teaches).sum())
    known = parts.known
    notes = [
        f'No event of the kind "{kind}" that names a product is on record, so it counts nothing: '
        "look at views."
        for number, kind in enumerate(known.kinds)
        if number and not (known.kind == number).any()
    ]
    if withheld:
        left = counted(withheld, "product")
        notes.append(f"{left} may not be shown: not available, or by a rule.")
    if gone:
        left = counted(gone, "product")
        notes.append(f"{left} on no list: withdrawn, or neither sold nor listed yet.")
    if robots:
        left = counted(robots, "person", "people")
        notes.append(f"{left} did more than anybody does by hand: others learn nothing from them.")
    return notes


def _report(
    recommender: Recommender, choices: Choices, counts: Counter[str], notes: list[str]
) -> RecommenderReport:
    return {
        "recommender": recommender.name,
        "horizon_days": recommender.horizon_days,
        "people": len(choices.parts.known.people),
        "purchases": choices.data.purchases,
        "products": choices.data.products,
        "described": purchases_in_words(choices.data, recommender.horizon_days),
        "lists": [_list_report(choices, name, counts[name]) for name in LIST_NAMES],
        "notes": notes,
    }


def _list_report(choices: Choices, name: ListName, people: int) -> ListReport:
    chosen, calibration = choices.by_list[name], choices.calibration(name)
    return {
        "name": name,
        "title": TITLES[name],
        "method": chosen.method,
        "sentence": chosen.sentence,
        "people": people,
        "figures": [(one, f.mean, f.error) for one, f in chosen.figures.items()],
        "tested": chosen.tested,
        "probability": choices.no_probability[name],
        "tenths": [] if calibration is None else list(calibration.tenths),
    }


def _product_rows(
    recommender: Recommender, parts: SimpleParts, known: _Known, shown: Counter[str]
) -> list[dict[str, Any]]:
    """What is known of each product."""
    prices = known.prices
    return [
        {
            "recommender": recommender.name,
            "product_id": identity,
            "product": known.names[identity],
            "product_type": parts.catalogue.kind[number],
            "price": float(prices[number]) if np.isfinite(prices[number]) else None,
            "buyers": int(parts.neighbours.buyers[number]),
            "popularity": float(parts.linear[RECENT].b[number]),
            "shown": shown[identity],
            "details": _others(parts, number),
        }
        for number, identity in enumerate(parts.known.products.to_pylist())
    ]


def _others(parts: SimpleParts, product: int) -> dict[str, Any]:
    """What a product is like, and what its buyers bought too."""
    ids, neighbours = parts.known.products, parts.neighbours
    collaborative, content = parts.linear[COLLABORATIVE], parts.linear.get(CONTENT)
    by_buyers = content is None or neighbours.most_common(product) >= ENOUGH_TOGETHER
    similar = similar_products(collaborative, content, neighbours, product, MOST_SIMILAR)
    alike = zip(similar.products[0].tolist(), similar.score[0].tolist(), strict=True)
    near, count = neighbours.near[product], neighbours.count[product]
    told = (near >= 0) & (near < len(ids)) & (near != product) & (count > 0)
    order = np.lexsort((near[told], -count[told]))[:MOST_SIMILAR]
    both = zip(near[told][order].tolist(), count[told][order].tolist(), strict=True)
    return {
        "by": COLLABORATIVE if by_buyers else CONTENT,
        "similar": [(ids[o].as_py(), round(score, 4)) for o, score in alike if o >= 0],
        "together": [(ids[o].as_py(), int(many)) for o, many in both],
    }
