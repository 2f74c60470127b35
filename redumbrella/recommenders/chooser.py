"""Which recommender for which list, measured on the last horizons, and why in a sentence.

Three lists, because they are three problems: `again` (what a person has bought before), `new` (what
he has not), and `newcomer` (for people who have bought nothing yet); and `all`, the first two
together, by which a search result is put in order. At the instants one, two …
horizons ago every candidate is made from what was known then and asked for its 10 best; what the
people bought in the horizon after it says how good they were (NDCG@10). The cut is one in time: on
a random split of the same purchases methods that know the future win.

Candidates stand in order of simplicity. Chosen is the simplest whose mean is within one standard
error of the best's, the error being that of the paired difference (the one-standard-error rule of
Breiman et al. 1984). With fewer than FEWEST_PEOPLE to test, or FEWEST_PURCHASES in all, methods
cannot be told apart: then it is popularity, and the sentence says so.

The same candidates make lists for a sample of everybody who could have been given one, whether he
then bought or not: from what came of the chosen one's, `probability` learns how likely a purchase
is.

`choose_recommenders` is what a verb calls with a `situation_of` its lake; `Choices.lists_of` makes
the lists, `best_linear` puts given products in order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from redumbrella.evaluation.ranking import Difference, hits, mean_error, ndcg, paired_difference
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
from redumbrella.recommenders.probability import (
    ListCalibration,
    ListProbability,
    Outcomes,
    fit_probability,
)
from redumbrella.recommenders.ranker import Ranker, fit_ranker, wanted_of_kind
from redumbrella.reports.recommenders import LISTS

ListName = Literal["again", "new", "newcomer", "all"]
LIST_NAMES: tuple[ListName, ...] = ("again", "new", "newcomer", "all")
TITLES: dict[ListName, str] = {name: LISTS[name] for name in LIST_NAMES}
KINDS: dict[ListName, Kind] = {"again": "again", "new": "new", "newcomer": "all", "all": "all"}
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
    "all": (
        POPULARITY, RECENT, PERSONAL, CONTENT, COLLABORATIVE,
        f"{PERSONAL} + {RECENT}", f"{PERSONAL} + {COLLABORATIVE}",
        f"{COLLABORATIVE} + {RECENT}", f"{COLLABORATIVE} + {CONTENT}", RANKER,
    ),
}  # fmt: skip
PERSONALISED = frozenset({PERSONAL, PROFILE, CONTENT, COLLABORATIVE, RANKER, *BLENDS})
FEWEST_PEOPLE = 100
FEWEST_PURCHASES = 1_000
MOST_TESTED = 4_000  # people on each horizon
MOST_ASKED = 4_000  # people on each horizon whose lists tell how likely a purchase is
HORIZONS = 2
LENGTH = 10
KEPT = 30  # places of which it is said how likely a purchase is


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
    """The choice for each list, and the recommenders that were chosen, made now.

    probability: how likely a purchase is, by list. no_probability: why it is None, "" where not.
    """

    data: Data
    by_list: Mapping[ListName, ListChoice]
    methods: Mapping[ListName, Linear | Ranker]
    parts: SimpleParts
    probability: Mapping[ListName, ListProbability | None]
    no_probability: Mapping[ListName, str]

    def lists_of(
        self, name: ListName, people: NDArray[np.intp], n: int, allowed: NDArray[np.bool_]
    ) -> Lists:
        """The n best for each of `people`; allowed: (products,)."""
        return self.methods[name].best(people, n, allowed, self.parts.own, KINDS[name])

    def probabilities_of(
        self, name: ListName, people: NDArray[np.intp], lists: Lists
    ) -> NDArray[np.float32]:
        """How likely each of `people` buys what stands on his list within the horizon, as
        `ListProbability.of`; NaN where it cannot be said.
        """
        probability = self.probability[name]
        if probability is None:
            return np.full(lists.products.shape, np.nan, np.float32)
        return probability.of(lists, people, self.parts)

    def calibration(self, name: ListName) -> ListCalibration | None:
        """How true a list's probabilities were of people from whom nothing was learned."""
        probability = self.probability[name]
        return None if probability is None else probability.calibration


def choose_recommenders(situation: Situation, as_of: int, horizons: int = HORIZONS) -> Choices:
    """Measures every candidate on the last horizons before `as_of` and makes the chosen ones."""
    data = data_of(situation.interactions, as_of, situation.step)
    measured = {name: _Measured() for name in LIST_NAMES}
    then = None
    for cut in _cuts(situation, as_of, horizons):
        # What was made at one cut is what the next one's ranker learns from.
        instant = _Instant(situation, cut, then)
        for name, found in measured.items():
            _measure(instant, name, found)
        then = instant.now
    last = _Instant(situation, as_of, then)
    by_list: dict[ListName, ListChoice] = {}
    methods: dict[ListName, Linear | Ranker] = {}
    probability: dict[ListName, ListProbability | None] = {}
    no_probability: dict[ListName, str] = {}
    for name, found in measured.items():
        choice = _chosen(name, found, data, situation.horizon)
        method = last.method(choice.method, name)
        if method is None:  # what could be made at the cuts before could not be made now
            choice, method = _unmade(choice), last.now.linear[POPULARITY]
        by_list[name], methods[name] = choice, method
        fitted = fit_probability(found.outcomes.get(choice.method, ()))
        probability[name] = None if isinstance(fitted, str) else fitted
        no_probability[name] = fitted if isinstance(fitted, str) else ""
    return Choices(data, by_list, methods, last.now, probability, no_probability)


def best_linear(choices: Choices, name: ListName) -> tuple[str, Linear, Difference | None]:
    """The recommender by which given products are put in order and reasons are told: its name, the
    recommender made now, and its figure, None where too few people could be tested.

    The chosen one where it is `Linear`, so that orders agree with the list; else the best measured
    of those that are.
    """
    choice = choices.by_list[name]
    chosen = choices.methods[name]
    if isinstance(chosen, Linear):
        return choice.method, chosen, choice.figures.get(choice.method)
    falling = sorted(choice.figures, key=lambda one: -choice.figures[one].mean)
    for candidate in falling:
        linear = _linear(candidate, name, choices.parts)
        if linear is not None:
            return candidate, linear, choice.figures[candidate]
    return POPULARITY, choices.parts.linear[POPULARITY], choice.figures.get(POPULARITY)


def _linear(candidate: str, name: ListName, parts: SimpleParts) -> Linear | None:
    """A simple recommender or a blend of two for one list; None where it cannot be made."""
    if candidate not in BLENDS:
        return parts.linear.get(candidate)
    first, second, share = BLENDS[candidate]
    if first not in parts.linear or second not in parts.linear:
        return None
    pair = parts.linear[first], parts.linear[second]
    return blend(*pair, share, parts.sold, parts.own, KINDS[name])


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


@dataclass
class _Measured:
    """What one list was measured on: a row for each person and cut. outcomes: of each candidate's
    lists for a sample of everybody, one for each cut.
    """

    cuts: int
    person: list[NDArray[np.int64]]
    each: dict[str, list[NDArray[np.float64]]]
    tested: set[int]
    outcomes: dict[str, list[Outcomes]]

    def __init__(self) -> None:
        self.cuts, self.person, self.each, self.tested = 0, [], {}, set()
        self.outcomes = {}


class _Instant:
    """The candidates at one instant."""

    def __init__(self, situation: Situation, instant: int, then: SimpleParts | None) -> None:
        self.situation, self.instant, self.step = situation, instant, situation.step
        self.then = then or fit_parts(situation, instant - self.step)
        self.now = fit_parts(situation, instant)

    def bought_after(self, parts: SimpleParts) -> Any:
        """What was bought in the horizon after an instant."""
        start = parts.instant
        return self.situation.interactions.bought_between(start, start + self.step)

    def method(self, candidate: str, name: ListName) -> Linear | Ranker | None:
        """A candidate; None where it cannot be made."""
        if candidate == RANKER:
            after = self.bought_after(self.then)
            return fit_ranker(self.then, after, self.now, KINDS[name])
        return _linear(candidate, name, self.now)

    def people(self, name: ListName) -> tuple[NDArray[np.intp], Any]:
        """Who can be tested in the horizon that follows, and what all people wanted."""
        want = wanted_of_kind(self.now, self.bought_after(self.now), KINDS[name])
        has_bought = np.diff(self.now.own.indptr) > 0
        right = ~has_bought if name == "newcomer" else has_bought
        teaches = self.situation.interactions.teaches
        return np.flatnonzero((np.diff(want.indptr) > 0) & right & teaches), want

    def everybody(self, name: ListName) -> NDArray[np.intp]:
        """Who could have been given this list at the instant, whether he bought afterwards or not:
        of those who had bought nothing, people who were known.
        """
        has_bought = np.diff(self.now.own.indptr) > 0
        teaches = self.situation.interactions.teaches
        if name != "newcomer":
            return np.flatnonzero(has_bought & teaches)
        return np.flatnonzero(_is_known(self.situation, self.now) & ~has_bought & teaches)


def _cuts(situation: Situation, as_of: int, horizons: int) -> list[int]:
    """Instants before which there is a horizon to learn from, the earliest first."""
    begin = int(situation.interactions.first_bought().min(initial=NEVER))
    cuts = [as_of - k * situation.step for k in range(horizons, 0, -1)]
    return [cut for cut in cuts if begin < cut - situation.step]


def _is_known(situation: Situation, parts: SimpleParts) -> NDArray[np.bool_]:
    """Of whom anything was known before the instant of the parts: a fact, or a dated profile."""
    known = np.zeros(len(parts.known.people), np.bool_)
    known[parts.known.person] = True
    profiles = situation.profiles
    if profiles is not None and profiles.person.size:
        # Versions stand in order of person and time: a person's first one is the oldest.
        place = np.searchsorted(profiles.person, np.arange(profiles.person[-1] + 1))
        since = profiles.known_at[np.minimum(place, profiles.known_at.size - 1)]
        index = profiles.people.index_of(pa.chunked_array([parts.known.people]))
        dated = since != np.iinfo(np.int64).min
        known |= (index >= 0) & dated[index] & (since[index] < parts.instant)
    return known


def _measure(instant: _Instant, name: ListName, found: _Measured) -> None:
    """Adds the NDCG@10 of each candidate in the horizon after an instant, and what came of its
    lists.
    """
    able, want = instant.people(name)
    found.cuts += 1
    found.tested.update(able.tolist())
    tested = _sample(able, MOST_TESTED)
    asked = _sample(instant.everybody(name), MOST_ASKED)
    people = np.union1d(tested, asked)
    if not people.size:
        return
    is_tested, is_asked = np.isin(people, tested), np.isin(people, asked)
    if tested.size:
        found.person.append(tested.astype(np.int64))
    now, wanted = instant.now, want[people]
    for candidate in _candidates(name, instant.situation):
        method = instant.method(candidate, name)
        if method is None:
            continue
        shown = method.best(people, KEPT, now.sold, now.own, KINDS[name])
        if tested.size:
            gained = ndcg(shown.products[is_tested, :LENGTH], wanted[is_tested])
            found.each.setdefault(candidate, []).append(gained)
        lists = Lists(shown.products[is_asked], shown.score[is_asked])
        is_hit = hits(lists.products, wanted[is_asked])
        outcomes = Outcomes.of(lists, people[is_asked], now, is_hit)
        found.outcomes.setdefault(candidate, []).append(outcomes)


def _sample(people: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """At most so many, at equal distances in the order of their ids."""
    if not people.size:
        return people
    return people[np.unique(np.linspace(0, people.size - 1, most).astype(np.intp))]


def _candidates(name: ListName, situation: Situation) -> tuple[str, ...]:
    """For newcomers, what a person did tells nothing unless events are read."""
    if name == "newcomer" and len(situation.interactions.kinds) == 1:
        return CANDIDATES[name][:3]
    return CANDIDATES[name]


def _chosen(name: ListName, found: _Measured, data: Data, horizon: float) -> ListChoice:
    tested = len(found.tested)
    if tested < FEWEST_PEOPLE or data.purchases < FEWEST_PURCHASES:
        return ListChoice(name, POPULARITY, {}, tested, 0, _too_few(name, data, tested))
    person = np.concatenate(found.person)
    # One that could not be made everywhere has no figure for the same rows.
    each = {
        candidate: np.concatenate(parts)
        for candidate, parts in found.each.items()
        if len(parts) == len(found.person)
    }
    chosen = simplest_of_the_best(each, person)
    figures = {candidate: mean_error(one, person) for candidate, one in each.items()}
    sentence = _sentence(name, chosen, figures, horizon, found.cuts)
    return ListChoice(name, chosen, figures, tested, person.size, sentence)


def _unmade(choice: ListChoice) -> ListChoice:
    sentence = f"{choice.sentence} It cannot be made now, so the list is by {POPULARITY}."
    return replace(choice, method=POPULARITY, sentence=sentence)


def simplest_of_the_best(each: Mapping[str, NDArray[np.float64]], person: NDArray[np.int64]) -> str:
    """The first candidate within one standard error of the best, on the same rows."""
    best = max(each, key=lambda name: float(each[name].mean()))
    for name, own in each.items():
        behind = paired_difference(each[best], own, person)
        if behind.mean <= behind.error:
            return name
    return best


def purchases_in_words(data: Data, horizon: float) -> str:
    """What the purchases are like over which methods were compared, in words."""
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
    figures: Mapping[str, Difference],
    horizon: float,
    horizons: int,
) -> str:
    own = figures[method]
    others = sorted(figures.items(), key=lambda item: -item[1].mean)
    beside = ", ".join(f"{one} {figure.mean:.3f}" for one, figure in others if one != method)
    measured = "the last horizon" if horizons == 1 else f"the last {horizons} horizons"
    text = (
        f"{TITLES[name]}: {method}. Over {measured} of {horizon:g} "
        f"days its NDCG@{LENGTH} was {own.mean:.3f} ± {own.error:.3f}; {beside}."
    )
    if method not in PERSONALISED:
        text += " Nothing personal could be learned: what sells to all was as good as any."
    elif method != others[0][0]:
        text += " It is the simplest within one standard error of the best."
    return text
