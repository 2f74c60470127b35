"""Which recommender for which list, measured on the last horizons, and why in a sentence.

Three lists, because they are three problems: `again` (what a person has bought before), `new` (what
he has not), and `newcomer` (for people who have bought nothing yet). At the instants one, two …
horizons ago every candidate is made from what was known then and asked for its 10 best; what the
people bought in the horizon after it says how good they were (NDCG@10). The cut is one in time: on
a random split of the same purchases methods that know the future win.

Candidates stand in order of simplicity. Chosen is the simplest whose mean is within one standard
error of the best's, the error being that of the paired difference (the one-standard-error rule of
Breiman et al. 1984). With fewer than FEWEST_PEOPLE to test, or FEWEST_PURCHASES in all, methods
cannot be told apart: then it is popularity, and the sentence says so.

`choose_recommenders` is what a verb calls with a `situation_of` its lake; `Choices.lists_of` makes
the lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from redumbrella.evaluation.ranking import Difference, mean_error, ndcg, paired_difference
from redumbrella.figures import counted, percent
from redumbrella.recommenders.interactions import NEVER, Interactions
from redumbrella.recommenders.lists import Kind, Linear, Lists, blend
from redumbrella.recommenders.parts import (
    COLLABORATIVE,
    CONTENT,
    PERSONAL,
    POPULARITY,
    PROFILE,
    RECENT,
    SimpleParts,
    Situation,
    fit_parts,
)
from redumbrella.recommenders.ranker import Ranker, fit_ranker, wanted_of_kind

ListName = Literal["again", "new", "newcomer"]
LIST_NAMES: tuple[ListName, ...] = ("again", "new", "newcomer")
TITLES = {"again": "Bought before", "new": "New products", "newcomer": "For newcomers"}
KINDS: dict[ListName, Kind] = {"again": "again", "new": "new", "newcomer": "all"}
RANKER = "boosted ranker"
# Blends: what stands first, what is added, and how much of it.
BLENDS = {
    f"{PERSONAL} + {RECENT}": (PERSONAL, RECENT, 0.5),
    f"{PERSONAL} + {COLLABORATIVE}": (PERSONAL, COLLABORATIVE, 0.5),
    f"{COLLABORATIVE} + {RECENT}": (COLLABORATIVE, RECENT, 0.5),
    f"{COLLABORATIVE} + {CONTENT}": (COLLABORATIVE, CONTENT, 0.5),
}
CANDIDATES: dict[ListName, tuple[str, ...]] = {
    "again": (
        POPULARITY, RECENT, PERSONAL, COLLABORATIVE,
        f"{PERSONAL} + {RECENT}", f"{PERSONAL} + {COLLABORATIVE}", RANKER,
    ),
    "new": (
        POPULARITY, RECENT, PROFILE, CONTENT, COLLABORATIVE,
        f"{COLLABORATIVE} + {RECENT}", f"{COLLABORATIVE} + {CONTENT}", RANKER,
    ),
    "newcomer": (POPULARITY, RECENT, PROFILE, CONTENT, COLLABORATIVE),
}  # fmt: skip
PERSONALISED = frozenset({PERSONAL, PROFILE, CONTENT, COLLABORATIVE, RANKER, *BLENDS})
FEWEST_PEOPLE = 100
FEWEST_PURCHASES = 1_000
MOST_TESTED = 4_000  # people on each horizon
HORIZONS = 2
LENGTH = 10


@dataclass(frozen=True)
class Data:
    """What a choice is explained by. people: who have bought. new_buyers: share of the last
    horizon's buyers who had not bought before. new_products: share of its sales that are of
    products not sold before. repeats: share of products bought in it that their buyer had bought.
    """

    people: int
    purchases: int
    products: int
    products_each: float
    new_buyers: float | None
    new_products: float | None
    repeats: float | None


@dataclass(frozen=True)
class ListChoice:
    """What one list is made by. figures: mean NDCG@10 with its error by candidate, in order of
    simplicity. tested: people who could be tested. asked: lists that were tested.
    """

    name: ListName
    method: str
    figures: Mapping[str, Difference]
    tested: int
    asked: int
    sentence: str


@dataclass(frozen=True, eq=False)
class Choices:
    """The choice for each list, and the recommenders that were chosen, made now."""

    data: Data
    by_list: Mapping[ListName, ListChoice]
    methods: Mapping[ListName, Linear | Ranker]
    parts: SimpleParts

    def lists_of(
        self, name: ListName, people: NDArray[np.intp], n: int, allowed: NDArray[np.bool_]
    ) -> Lists:
        """The n best for each of `people`; allowed: (products,)."""
        return self.methods[name].best(people, n, allowed, self.parts.own, KINDS[name])


def choose_recommenders(situation: Situation, as_of: int, horizons: int = HORIZONS) -> Choices:
    """Measures every candidate on the last horizons before `as_of` and makes the chosen ones."""
    measured = _Measurement(situation, as_of, horizons)
    data = data_of(situation.interactions, as_of, situation.step)
    by_list: dict[ListName, ListChoice] = {}
    methods: dict[ListName, Linear | Ranker] = {}
    for name in LIST_NAMES:
        choice = measured.choice(name, data)
        method = measured.method(choice.method, name, as_of)
        assert method is not None  # it was there one horizon ago
        by_list[name], methods[name] = choice, method
    return Choices(data, by_list, methods, measured.parts(as_of))


def data_of(interactions: Interactions, as_of: int, step: int) -> Data:
    """What is known of the purchases before `as_of`, the last `step` microseconds apart."""
    own = interactions.before(as_of).bought()
    each = np.diff(own.indptr)
    earlier = interactions.before(as_of - step).bought()
    last = interactions.bought_between(as_of - step, as_of)
    buyers = np.diff(last.indptr) > 0
    had_bought = np.diff(earlier.indptr) > 0
    sold_before = np.bincount(earlier.indices, minlength=earlier.shape[1]) > 0
    shares: tuple[float | None, float | None, float | None] = (None, None, None)
    if last.nnz and earlier.nnz:
        repeated = last.multiply(earlier > 0).nnz
        new_products = float(np.mean(~sold_before[last.indices]))
        shares = float(np.mean(~had_bought[buyers])), new_products, repeated / last.nnz
    return Data(
        people=int((each > 0).sum()),
        purchases=int(own.sum()),
        products=int(np.unique(own.indices).size),
        products_each=float(np.median(each[each > 0])) if own.nnz else 0.0,
        new_buyers=shares[0],
        new_products=shares[1],
        repeats=shares[2],
    )


class _Measurement:
    """SimpleParts and methods at the instants as_of - k horizons, each made once."""

    def __init__(self, situation: Situation, as_of: int, horizons: int) -> None:
        self.situation, self.as_of = situation, as_of
        step = situation.step
        first = situation.interactions.first_bought()
        begin = int(first.min(initial=NEVER))
        cuts = [as_of - k * step for k in range(horizons, 0, -1)]
        # Before a cut there must be something to learn from.
        self.cuts = [cut for cut in cuts if begin < cut - step]
        self._parts: dict[int, SimpleParts] = {}
        self._methods: dict[tuple[str, ListName, int], Linear | Ranker | None] = {}

    def parts(self, instant: int) -> SimpleParts:
        if instant not in self._parts:
            self._parts[instant] = fit_parts(self.situation, instant)
        return self._parts[instant]

    def bought_after(self, instant: int) -> Any:
        return self.situation.interactions.bought_between(instant, instant + self.situation.step)

    def method(self, candidate: str, name: ListName, instant: int) -> Linear | Ranker | None:
        """A candidate at an instant; None where it cannot be made."""
        key = (candidate, name, instant)
        if key not in self._methods:
            self._methods[key] = self._made(candidate, name, instant)
        return self._methods[key]

    def _made(self, candidate: str, name: ListName, instant: int) -> Linear | Ranker | None:
        now, kind = self.parts(instant), KINDS[name]
        if candidate in BLENDS:
            first, second, share = BLENDS[candidate]
            if first not in now.linear or second not in now.linear:
                return None
            pair = now.linear[first], now.linear[second]
            return blend(*pair, share, now.sold, now.own, kind)
        if candidate == RANKER:
            before = instant - self.situation.step
            then = self.parts(before)
            return fit_ranker(then, self.bought_after(before), now, kind)
        return now.linear.get(candidate)

    def people_at(self, name: ListName, cut: int) -> tuple[NDArray[np.intp], Any]:
        """Who can be tested at a cut, and what all people wanted."""
        parts = self.parts(cut)
        want = wanted_of_kind(parts, self.bought_after(cut), KINDS[name])
        has_bought = np.diff(parts.own.indptr) > 0
        right = ~has_bought if name == "newcomer" else has_bought
        teaches = self.situation.interactions.teaches
        return np.flatnonzero((np.diff(want.indptr) > 0) & right & teaches), want

    def choice(self, name: ListName, data: Data) -> ListChoice:
        tested = [self.people_at(name, cut) for cut in self.cuts]
        everybody = np.unique(np.concatenate([np.zeros(0, np.intp), *(who for who, _ in tested)]))
        if everybody.size < FEWEST_PEOPLE or data.purchases < FEWEST_PURCHASES:
            sentence = _too_few(name, data, everybody.size)
            return ListChoice(name, POPULARITY, {}, everybody.size, 0, sentence)
        people = [
            who[np.unique(np.linspace(0, who.size - 1, MOST_TESTED).astype(np.intp))]
            if who.size
            else who
            for who, _ in tested
        ]
        each: dict[str, NDArray[np.float64]] = {}
        for candidate in self._candidates(name):
            found = []
            for cut, who, (_, want) in zip(self.cuts, people, tested, strict=True):
                method = self.method(candidate, name, cut)
                if method is None:
                    break
                parts = self.parts(cut)
                shown = method.best(who, LENGTH, parts.sold, parts.own, KINDS[name])
                found.append(ndcg(shown.products, want[who]))
            else:
                each[candidate] = np.concatenate(found)
        person = np.concatenate(people).astype(np.int64)
        chosen = simplest_of_the_best(each, person)
        figures = {candidate: mean_error(one, person) for candidate, one in each.items()}
        sentence = _sentence(name, chosen, data, figures, self.situation.horizon, len(self.cuts))
        return ListChoice(name, chosen, figures, everybody.size, person.size, sentence)

    def _candidates(self, name: ListName) -> tuple[str, ...]:
        """For newcomers, what a person did tells nothing unless events are read."""
        if name == "newcomer" and len(self.situation.interactions.kinds) == 1:
            return CANDIDATES[name][:3]
        return CANDIDATES[name]


def simplest_of_the_best(each: Mapping[str, NDArray[np.float64]], person: NDArray[np.int64]) -> str:
    """The first candidate within one standard error of the best, on the same rows."""
    best = max(each, key=lambda name: float(each[name].mean()))
    for name, own in each.items():
        behind = paired_difference(each[best], own, person)
        if behind.mean <= behind.error:
            return name
    return best


def _described(data: Data, horizon: float) -> str:
    text = f"{counted(data.people, 'customer')} with {data.products_each:g} products each (median)"
    if data.new_buyers is None:
        return text
    return (
        f"{text}; in the last {horizon:g} days {percent(data.new_buyers, 0)} of the buyers were "
        f"new, {percent(data.new_products, 0)} of the products sold had not been sold before, "
        f"{percent(data.repeats, 0)} had been bought by the same person before"
    )


def _too_few(name: ListName, data: Data, tested: int) -> str:
    people = "1 person" if tested == 1 else f"{tested:,} people"
    return (
        f"{TITLES[name]}: {POPULARITY}. {counted(data.purchases, 'purchase')} and {people} who "
        f"could be tested are too few to tell methods apart; {FEWEST_PURCHASES:,} purchases and "
        f"{FEWEST_PEOPLE} people are needed."
    )


def _sentence(
    name: ListName,
    method: str,
    data: Data,
    figures: Mapping[str, Difference],
    horizon: float,
    horizons: int,
) -> str:
    own = figures[method]
    others = sorted(figures.items(), key=lambda item: -item[1].mean)
    beside = ", ".join(f"{one} {figure.mean:.3f}" for one, figure in others if one != method)
    measured = "the last horizon" if horizons == 1 else f"the last {horizons} horizons"
    text = (
        f"{TITLES[name]}: {method}. {_described(data, horizon)}. Over {measured} of {horizon:g} "
        f"days its NDCG@{LENGTH} was {own.mean:.3f} ± {own.error:.3f}; {beside}."
    )
    if method not in PERSONALISED:
        text += " Nothing personal could be learned: what sells to all was as good as any."
    elif method != others[0][0]:
        text += " It is the simplest within one standard error of the best."
    return text
