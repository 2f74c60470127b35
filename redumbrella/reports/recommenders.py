"""The shape of a list of recommendations, and of what is said of how it was made, as stored."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from typing_extensions import TypedDict

LISTS = {
    "again": "Bought before",
    "new": "New to the person",
    "all": "Both together",
    "newcomer": "For newcomers",
}


class Place(NamedTuple):
    """One place of a list.

    score: of the method, larger is better, no unit; None of what is tried out. probability: that
    the person buys it within the horizon, None where it cannot be said. of_model: whether the
    product's own model says so. expected_value: probability x margin of a sale. chance: with
    which the product came to be on this list, below 1 where places are tried out. is_tried: whether
    it is there to be tried out.
    because: what speaks for it most: a kind of what the person did and its product's id, "" for
    something of the profile. share: of the score that these explain. by: whose score that is.
    times, last_bought: how often the person bought this product, and when last (UTC microseconds).
    """

    product_id: str
    score: float | None
    probability: float | None = None
    of_model: bool = False
    expected_value: float | None = None
    chance: float = 1.0
    is_tried: bool = False
    because: tuple[tuple[str, str], ...] = ()
    share: float = 0.0
    by: str = ""
    times: int = 0
    last_bought: int | None = None

    @classmethod
    def read(cls, stored: Sequence[Any]) -> Self:
        """A place as it was stored: its values in order."""
        found = cls(*stored)
        return found._replace(because=tuple((str(what), str(one)) for what, one in found.because))


class ListReport(TypedDict):
    """How the method of one list was chosen.

    figures: mean NDCG@10 and its standard error by candidate, simplest first; empty where too few
    could be tested. probability: why there is no probability; "" where there is one. tenths: what
    was said and what came true, by tenths of what was said, on a period that was not learned from.
    """

    name: str
    title: str
    method: str
    sentence: str
    people: int
    figures: list[tuple[str, float, float]]
    tested: int
    probability: str
    tenths: list[tuple[float, float, int]]


class RecommenderReport(TypedDict):
    """What is said of a recommender's lists. described: what the purchases are like, in words."""

    recommender: str
    horizon_days: float
    people: int
    purchases: int
    products: int
    described: str
    lists: list[ListReport]
    notes: list[str]


class RankedProduct(TypedDict):
    """One of the products asked about. is_known: whether it was sold or listed when the recommender
    was made; what is not known comes last, as it was given.
    """

    rank: int
    product_id: str
    score: float | None
    is_known: bool


class RankedProducts(TypedDict):
    """is_known: whether the person did anything. withheld: products that may not be shown."""

    person_id: str
    is_known: bool
    method: str
    products: list[RankedProduct]
    withheld: list[str]
