"""The simple recommenders at one instant: popularity, personal, profile, content, collaborative.

In: what was known before an instant. Out: `SimpleParts`, each of them a `lists.Linear`. How fast
what was done fades is measured in horizons, the days for which lists are asked, because that is how
long a list has to stay true: what is bought in a month is told by the last months, in a day by the
last days.

    popularity           b_j = buyers of j
    recent popularity    b_j = buyers of j, halved every quarter of a horizon
    personal             x_pj = purchases of j by p, halved every three horizons; W = 1
    content, collaborative   x_pi = min(1, the same), W of `content` and `neighbours`
    profile              `segments`

A person is one buyer of a product however often he bought it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.clock import MICROSECONDS_PER_DAY
from redumbrella.features.profiles import Profiles
from redumbrella.recommenders.content import Catalogue, content_features, content_weights
from redumbrella.recommenders.interactions import NEVER, Interactions
from redumbrella.recommenders.lists import TIE, Linear, SourceColumns, nothing_of
from redumbrella.recommenders.neighbours import (
    Neighbours,
    co_occurrence,
    cosine_weights,
    local_ridge,
)
from redumbrella.recommenders.segments import profile_segments, segment_rates

POPULARITY, RECENT, PERSONAL = "popularity", "recent popularity", "personal"
PROFILE, CONTENT, COLLABORATIVE = "profile", "content", "collaborative"
# SimpleParts that only the ranker asks.
SEASON, FORTNIGHT, COUNT, COSINE = "season", "fortnight", "count", "cosine"
FADES = 3.0  # horizons in which what a person did is halved
RECENT_FADES = 0.25
PERSONAL_TIE = 1e-3


@dataclass(frozen=True, eq=False)
class Situation:
    """All that lists are made from. interactions: those before the instant of the lists. profiles:
    of people, None where there are none. horizon: in days. content: W, None where nothing is known
    of the products.
    """

    interactions: Interactions
    catalogue: Catalogue
    profiles: Profiles | None
    horizon: float
    content: Any

    @property
    def step(self) -> int:
        """The horizon in microseconds."""
        return round(self.horizon * MICROSECONDS_PER_DAY)


@dataclass(frozen=True, eq=False)
class SimpleParts:
    """The simple recommenders, and what they were made from.

    linear: by name. known: what was known. own: int32 CSR (people, products), what each has bought
    how many times. sold: (products,), whether others have bought it or it is listed, and it is not
    withdrawn.
    """

    instant: int
    known: Interactions
    linear: Mapping[str, Linear]
    neighbours: Neighbours
    own: Any
    sold: NDArray[np.bool_]
    catalogue: Catalogue

    @cached_property
    def newest(self) -> NDArray[np.int64]:
        """Of each cell of `own`, in its order: the instant of the newest purchase."""
        return self.known.bought_alone().newest()

    @cached_property
    def last_bought(self) -> NDArray[np.int64]:
        """The instant of each person's last purchase, -1 for those without one, (people,)."""
        last = np.full(self.own.shape[0], -1, np.int64)
        buys = np.diff(self.own.indptr) > 0
        if buys.any():
            last[buys] = np.maximum.reduceat(self.newest, self.own.indptr[:-1][buys])
        return last

    @cached_property
    def purchases(self) -> NDArray[np.float64]:
        """How many purchases each person has made, (people,)."""
        return np.asarray(self.own.sum(axis=1), np.float64).ravel()

    @cached_property
    def faded_purchases(self) -> NDArray[np.float32]:
        """The purchases of each person, halved every FADES horizons, float32 (people,)."""
        return np.asarray(self.linear[PERSONAL].x.sum(axis=1), np.float32).ravel()

    @cached_property
    def listed_since(self) -> NDArray[np.int64]:
        """From when each product was sold: as the catalogue says, else since others first bought
        it; NEVER where neither is known, (products,).
        """
        known = self.known
        first = np.full(len(known.products), NEVER)
        rows = (known.kind == 0) & known.teaches[known.person]
        np.minimum.at(first, known.product[rows], known.at[rows])
        return np.where(self.catalogue.is_dated, self.catalogue.listed_at, first)

    @cached_property
    def usual_price(self) -> NDArray[np.float64]:
        """Mean log price over each person's purchases, NaN where no price is known, (people,)."""
        price = self.catalogue.price
        is_priced = np.isfinite(price) & (price > 0)
        logs = np.where(is_priced, np.log(np.where(is_priced, price, 1.0)), 0.0)
        counts = self.own @ is_priced.astype(np.float64)
        unknown = np.full(counts.size, np.nan)
        return np.asarray(np.divide(self.own @ logs, counts, out=unknown, where=counts > 0))


def situation_of(
    interactions: Interactions,
    horizon: float,
    catalogue: Catalogue | None = None,
    profiles: Profiles | None = None,
) -> Situation:
    """What lists are made from; the catalogue's rows stand in the order of the products."""
    known = catalogue or Catalogue.empty(len(interactions.products))
    weights = None
    if known.tells:
        weights = content_weights(content_features(known), len(interactions.kinds))
    return Situation(interactions, known, profiles, horizon, weights)


def fit_parts(situation: Situation, instant: int) -> SimpleParts:
    """All simple recommenders, from what was known strictly before an instant."""
    known, horizon = situation.interactions.before(instant), situation.horizon
    people, products = len(known.people), len(known.products)
    columns = SourceColumns.of_kinds(known.kinds, products)
    taught = known.teaching()
    neighbours = co_occurrence(taught)
    kept = (1, RECENT_FADES, FADES, 0.5)
    names = (POPULARITY, RECENT, SEASON, FORTNIGHT)
    nothing = nothing_of(people, products)
    none = SourceColumns.of_kinds((), products)
    lives = [None, *(horizon * share for share in kept[1:])]
    linear = {
        name: Linear(*nothing, _popularity(known, instant, life), none)
        for name, life in zip(names, lives, strict=True)
    }
    tie = linear[SEASON].b
    often = what_was_done(PERSONAL, known, instant, horizon)
    identity = sp.identity(products, np.float32, format="csr")
    bought = replace(columns, product=columns.product[:products], what=columns.what[:products])
    linear[PERSONAL] = Linear(often, identity, PERSONAL_TIE * tie, bought)
    own = known.bought()
    linear[COUNT] = Linear(own.astype(np.float32), identity, PERSONAL_TIE * tie, bought)
    x = what_was_done(COLLABORATIVE, known, instant, horizon)
    ridge = local_ridge(neighbours, products)
    linear[COLLABORATIVE] = Linear(x, ridge, np.float32(TIE) * tie, columns)
    cosine = cosine_weights(neighbours, products)
    linear[COSINE] = Linear(known.matrix(instant), cosine, np.float32(TIE) * tie, columns)
    if situation.content is not None:
        linear[CONTENT] = Linear(x, situation.content, np.float32(TIE) * tie, columns)
    profile = _profile(situation, known, instant, taught[:, :products])
    if profile is not None:
        linear[PROFILE] = profile
    catalogue = situation.catalogue
    sold = np.bincount(taught[:, :products].indices, minlength=products) > 0
    sold = (sold | catalogue.sold_at(instant)) & (catalogue.withdrawn_at > instant)
    return SimpleParts(instant, known, linear, neighbours, own, sold, catalogue)


def has_own_columns(part: str) -> bool:
    """Whether a simple recommender has a W of its own over what was done: all kinds of it."""
    return part in (COLLABORATIVE, CONTENT)


def what_was_done(part: str, known: Interactions, instant: int, horizon: float) -> Any:
    """x of a simple recommender, float32 CSR (people, columns); no columns where it asks nobody."""
    if has_own_columns(part):
        return known.matrix(instant, FADES * horizon)
    if part == PERSONAL:
        return known.matrix(instant, FADES * horizon, np.inf)[:, : len(known.products)]
    return sp.csr_matrix((len(known.people), 0), dtype=np.float32)


def _popularity(known: Interactions, instant: int, half_life: float | None) -> NDArray[np.float32]:
    """Buyers of each product, 1 for the one with the most."""
    x = known.matrix(instant, half_life)
    size = np.diff(x.indptr)
    counts = np.repeat(known.teaches, size) & (x.indices < len(known.products))
    many = np.bincount(x.indices[counts], x.data[counts], minlength=len(known.products))
    return np.asarray(many / max(many.max(initial=0.0), 1e-30), np.float32)


def _profile(situation: Situation, known: Interactions, instant: int, taught: Any) -> Linear | None:
    """Segments as known at the instant; of who first buys in the horizon after it, at that first
    purchase: then his list is read.
    """
    if situation.profiles is None or not situation.profiles.fields:
        return None
    first = situation.interactions.first_bought()
    read = np.where((first >= instant) & (first < instant + situation.step), first, instant)
    ids = pa.chunked_array([known.people])
    fields = situation.profiles.beside(pa.table({"person_id": ids}), ids, read)
    segments = profile_segments(fields.drop_columns(["person_id"]), np.diff(taught.indptr) > 0)
    return segment_rates(segments, taught) if segments.names else None
