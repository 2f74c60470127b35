"""The places of a list as people see them: probability, value, order, reasons, what is tried out.

In: what was chosen, and what is known of products. Out: `Place`s for some people. Order: the
method's own; where rules put products forward, or the list goes by value, the products kept are put
in order of

    probability x factor of the rules [x margin]

with 1 / place in the stead of a probability that cannot be said. Then young products take the
places that are tried out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from redumbrella.recommenders.chooser import Choices, ListName
from redumbrella.recommenders.exploration import Exploration, Explored, explored
from redumbrella.recommenders.lists import Lists
from redumbrella.recommenders.parts import SimpleParts
from redumbrella.recommenders.reasons import Because, because_of
from redumbrella.reports.recommenders import Place
from redumbrella.settings.recommenders import Recommender

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Offer:
    """What may be offered. allowed: (products,). margin: (products,) of a sale, NaN where it is not
    known. factor: (products,) of the rules, None without. propensity: CSR (people, products) of the
    products' own models, None without. young: (products,), those that are tried out.
    """

    recommender: Recommender
    allowed: NDArray[np.bool_]
    margin: Numbers
    factor: Numbers | None
    propensity: Any
    young: NDArray[np.bool_]
    exploration: Exploration


def places_of(
    choices: Choices, name: ListName, people: NDArray[np.intp], offer: Offer
) -> list[list[Place]]:
    """The places of one list of each of `people`, the best first."""
    lists = choices.lists_of(name, people, offer.recommender.kept, offer.allowed)
    # Said of the place that the method gave, before rules and margins move it.
    probability, of_model = _probability(choices, name, people, lists, offer)
    order = _order(lists, probability, offer)
    lists = Lists(
        np.take_along_axis(lists.products, order, axis=1),
        np.take_along_axis(lists.score, order, axis=1),
    )
    parts = choices.parts
    # A young product is none that was bought before.
    tried = replace(offer.exploration, share=0.0) if name == "again" else offer.exploration
    person_ids = parts.known.people.take(pa.array(people)).to_pylist()
    found = explored(lists, person_ids, parts.own[people], offer.young, tried)
    probability = np.where(
        found.is_explored, np.nan, np.take_along_axis(probability, order, axis=1)
    )
    made = _Made(
        parts,
        parts.known.products.to_pylist(),
        found,
        because_of(choices, name, people, found.lists.products),
        probability,
        np.take_along_axis(of_model, order, axis=1) & ~found.is_explored,
        probability * offer.margin[np.maximum(found.lists.products, 0)],
    )
    return [made.places(row, person) for row, person in enumerate(people.tolist())]


def with_one_chance(mixed: Sequence[Place], own: Iterable[Place]) -> list[Place]:
    """The places of the list of both with the chances of the lists that know more: what stands on
    the person's list of new products, or of those bought before, has the chance that it has there.
    """
    of_list = {place.product_id: place for place in own if not place.is_tried}
    found = []
    for place in mixed:
        known = of_list.get(place.product_id)
        if known is not None and not place.is_tried:
            place = place._replace(  # noqa: PLW2901
                probability=known.probability,
                of_model=known.of_model,
                expected_value=known.expected_value,
            )
        found.append(place)
    return found


def _order(lists: Lists, probability: Numbers, offer: Offer) -> NDArray[np.intp]:
    """Where each place of a list comes from, (people, n): as the method has it, or as the rules and
    the margin make of it.
    """
    by_value = offer.recommender.order == "expected_value"
    if offer.factor is None and not by_value:
        return np.broadcast_to(np.arange(probability.shape[1]), probability.shape)
    products = np.maximum(lists.products, 0)
    places = 1.0 / np.arange(1, products.shape[1] + 1)
    weight = np.where(np.isfinite(probability), probability, places)
    if offer.factor is not None:
        weight = weight * offer.factor[products]
    if by_value:
        # What has no margin is worth the mean: it is neither hidden nor put first for that.
        usual = np.nanmean(offer.margin) if np.isfinite(offer.margin).any() else 1.0
        weight = weight * np.where(np.isfinite(offer.margin), offer.margin, usual)[products]
    weight = np.where(lists.products >= 0, weight, -np.inf)
    return np.argsort(-weight, axis=1, kind="stable")


def _probability(
    choices: Choices, name: ListName, people: NDArray[np.intp], lists: Lists, offer: Offer
) -> tuple[Numbers, NDArray[np.bool_]]:
    """Chance of a purchase within the horizon, NaN where unknown; whether a product's own model
    says so.
    """
    found = choices.probabilities_of(name, people, lists).astype(np.float64)
    of_model = np.zeros(lists.products.shape, np.bool_)
    if offer.propensity is not None:
        rows = offer.propensity[people]
        for row, products in enumerate(lists.products):
            cells = slice(rows.indptr[row], rows.indptr[row + 1])
            known = dict(zip(rows.indices[cells].tolist(), rows.data[cells].tolist(), strict=True))
            for place, product in enumerate(products.tolist()):
                if product in known:
                    found[row, place], of_model[row, place] = known[product], True
    return found, of_model


@dataclass(frozen=True, eq=False)
class _Made:
    """Lists of some people, and what is said of each of their places, (people, n)."""

    parts: SimpleParts
    ids: list[str]  # of products
    found: Explored
    because: Because
    probability: Numbers
    of_model: NDArray[np.bool_]
    value: Numbers

    def places(self, row: int, person: int) -> list[Place]:
        """The places of one person; row: of the lists."""
        shown = self.found.lists.products[row].tolist()
        return [
            self._place(row, p, person, product) for p, product in enumerate(shown) if product >= 0
        ]

    def _place(self, row: int, place: int, person: int, product: int) -> Place:
        terms = self.because.terms(row, place)
        return Place(
            self.ids[product],
            _known(self.found.lists.score[row, place], 6),
            _known(self.probability[row, place], 6),
            bool(self.of_model[row, place]),
            _known(self.value[row, place], 2),
            round(float(self.found.chance[row, place]), 6),
            bool(self.found.is_explored[row, place]),
            tuple((what, self.ids[other] if other >= 0 else "") for what, other in terms),
            round(float(self.because.share[row, place]), 3) if terms else 0.0,
            self.because.parts[self.because.by[row, place]],
            *_bought(self.parts, person, product),
        )


def _bought(parts: SimpleParts, person: int, product: int) -> tuple[int, int | None]:
    """How often a person bought a product, and the instant of the last time."""
    own = parts.own
    first, end = own.indptr[person], own.indptr[person + 1]
    cell = first + int(np.searchsorted(own.indices[first:end], product))
    if cell == end or own.indices[cell] != product:
        return 0, None
    return int(own.data[cell]), int(parts.newest[cell])


def _known(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
