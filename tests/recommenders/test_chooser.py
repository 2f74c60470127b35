"""The chooser finds the right recommender in five worlds, and says when nothing can be told."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pytest
from recommender_worlds import (
    DAY,
    END,
    HORIZON,
    LAST,
    START,
    WORLDS,
    World,
    habit,
    lasting_taste,
    newcomers,
    short_lived,
    table_of,
)

from redumbrella.features.kernel import threads
from redumbrella.recommenders.chooser import (
    KINDS,
    LIST_NAMES,
    RANKER,
    Choices,
    ListName,
    best_linear,
    choose_recommenders,
    simplest_of_the_best,
)
from redumbrella.recommenders.lists import Linear
from redumbrella.recommenders.parts import COLLABORATIVE, POPULARITY, situation_of
from redumbrella.recommenders.ranker import Ranker, fit_ranker
from redumbrella.recommenders.reasons import because_of


@pytest.fixture(scope="module")
def chosen() -> Mapping[str, tuple[World, Choices]]:
    made = {name: make(0) for name, make in WORLDS.items()}
    return {
        name: (world, choose_recommenders(world.situation(), END)) for name, world in made.items()
    }


@pytest.mark.parametrize("name", WORLDS)
def test_the_right_recommender_is_found(
    chosen: Mapping[str, tuple[World, Choices]], name: str
) -> None:
    world, choices = chosen[name]
    choice = choices.by_list[world.told_by]  # type: ignore[index]
    assert choice.method in world.right, choice.sentence
    assert choice.sentence.split(". ")[0].endswith(choice.method)
    assert f"{choice.figures[choice.method].mean:.3f}" in choice.sentence


def test_lists_are_full_without_doubles_and_of_their_kind(
    chosen: Mapping[str, tuple[World, Choices]],
) -> None:
    for _, choices in chosen.values():
        everybody = np.arange(0, len(choices.parts.known.people), 5)
        own = choices.parts.own[everybody].toarray() > 0
        allowed = choices.parts.sold.copy()
        allowed[np.flatnonzero(allowed)[:5]] = False  # withdrawn since the list was made
        for name in LIST_NAMES:
            found = choices.lists_of(name, everybody, 10, allowed).products
            may = allowed & {"again": own, "new": ~own, "all": own | True}[KINDS[name]]
            for row, shown in enumerate(found):
                real = shown[shown >= 0]
                assert len(set(real.tolist())) == real.size == min(10, may[row].sum())
                assert may[row][real].all()


def test_the_ranker_makes_full_lists_too(chosen: Mapping[str, tuple[World, Choices]]) -> None:
    world, choices = chosen["lasting taste"]
    situation = world.situation()
    wanted = situation.interactions.bought_between(END - situation.step, END)
    from redumbrella.recommenders.parts import fit_parts

    then = fit_parts(situation, END - situation.step)
    ranker = fit_ranker(then, wanted, choices.parts, "new")
    assert isinstance(ranker, Ranker)
    everybody = np.arange(0, len(choices.parts.known.people), 3)
    found = ranker.best(everybody, 10, choices.parts.sold, choices.parts.own, "new")
    assert (found.products >= 0).all()
    assert all(len(set(row)) == 10 for row in found.products.tolist())
    assert (np.diff(found.score, axis=1) <= 0).all()
    assert choices.by_list["new"].figures[RANKER].mean > 0.2
    few = fit_ranker(then, wanted.multiply(0).tocsr(), choices.parts, "new")
    assert few is None


@pytest.mark.parametrize(
    ("world", "name"),
    [("habit", "again"), ("habit", "all"), ("lasting taste", "new"), ("newcomers", "newcomer")],
)
def test_probabilities_come_true_in_the_horizon_that_nobody_has_seen(
    chosen: Mapping[str, tuple[World, Choices]], world: str, name: ListName
) -> None:
    made, choices = chosen[world]
    table = made.purchases
    late = [END <= at < LAST for at in table["at"].cast(pa.int64()).to_pylist()]
    ids = (table[column].to_pylist() for column in ("person_id", "product_id"))
    bought = {pair for pair, is_late in zip(zip(*ids, strict=True), late, strict=True) if is_late}
    known, parts = choices.parts.known, choices.parts
    has_bought = np.diff(parts.own.indptr) > 0
    if name == "newcomer":  # known from the start, by their profiles
        assert made.people is not None
        people = made.people["person_id"].to_pylist()
        assert set(known.people.to_pylist()) <= set(people)
    asked = np.flatnonzero(has_bought if name != "newcomer" else ~has_bought)
    lists = choices.lists_of(name, asked, 20, parts.sold)
    said = choices.probabilities_of(name, asked, lists)
    there = lists.products >= 0
    np.testing.assert_array_equal(np.isfinite(said), there)
    person_ids, product_ids = known.people.to_pylist(), known.products.to_pylist()
    row, place = np.nonzero(there)
    came = np.array(
        [
            (person_ids[asked[r]], product_ids[lists.products[r, p]]) in bought
            for r, p in zip(row, place, strict=True)
        ]
    )
    p = said[there].astype(np.float64)
    assert came.sum() > 100
    assert 0.75 < p.sum() / came.sum() < 1.33
    share = came.mean()
    loss = -np.log(np.where(came, p, 1 - p)).mean()
    assert loss < -(share * np.log(share) + (1 - share) * np.log(1 - share))
    assert (np.diff(said, axis=1)[there[:, 1:]] <= 1e-6).all()
    calibration = choices.calibration(name)
    assert calibration is not None
    assert calibration.log_loss < calibration.log_loss_of_share


def test_of_a_list_that_nobody_could_have_been_given_no_probability_is_told(
    chosen: Mapping[str, tuple[World, Choices]],
) -> None:
    _, choices = chosen["habit"]
    assert choices.probability["newcomer"] is None
    assert "cannot be said" in choices.no_probability["newcomer"]
    assert choices.no_probability["again"] == ""
    people = np.arange(5)
    lists = choices.lists_of("newcomer", people, 10, choices.parts.sold)
    assert np.isnan(choices.probabilities_of("newcomer", people, lists)).all()
    assert choices.calibration("newcomer") is None


def test_the_best_linear_one_is_the_chosen_else_the_best_measured(
    chosen: Mapping[str, tuple[World, Choices]],
) -> None:
    for _, choices in chosen.values():
        for name in LIST_NAMES:
            method, linear, figure = best_linear(choices, name)
            choice = choices.by_list[name]
            assert isinstance(linear, Linear)
            if choice.method != RANKER:
                assert method == choice.method
                assert linear is choices.methods[name]
            else:
                best = max(m.mean for one, m in choice.figures.items() if one != RANKER)
                assert figure is not None
                assert figure.mean == best == choice.figures[method].mean
            assert figure == choice.figures.get(method)
    _, choices = chosen["lasting taste"]
    method, linear, _ = best_linear(choices, "all")
    assert method == COLLABORATIVE
    assert linear is choices.parts.linear[COLLABORATIVE]


def test_reasons_name_what_the_person_did(chosen: Mapping[str, tuple[World, Choices]]) -> None:
    for _, choices in chosen.values():
        for person in range(0, 300, 50):
            who, parts = np.array([person]), choices.parts
            mine = set(parts.own[person].indices.tolist())
            for name in LIST_NAMES:
                shown = choices.lists_of(name, who, 3, parts.sold)
                for product, score in zip(shown.products[0], shown.score[0], strict=True):
                    if product < 0:
                        continue
                    method = choices.methods[name]
                    if isinstance(method, Linear):
                        told = method.reasons(person, int(product))
                        assert told.score == pytest.approx(float(score), abs=1e-5)
                because = because_of(choices, name, who, shown.products)
                terms = [t for place in range(3) for t in because.terms(0, place)]
                assert {product for _, product in terms} <= mine | {-1}
                if choices.by_list[name].method != RANKER:
                    assert because.parts == (choices.by_list[name].method,)


def shown_by(choices: Choices) -> bytes:
    everybody = np.arange(len(choices.parts.known.people))
    parts = []
    for name in LIST_NAMES:
        found = choices.lists_of(name, everybody, 10, choices.parts.sold)
        parts += [found.products.tobytes(), found.score.tobytes()]
        parts.append(choices.by_list[name].sentence.encode())
        parts.append(choices.probabilities_of(name, everybody, found).tobytes())
    return b"".join(parts)


@pytest.mark.parametrize("make", [short_lived, newcomers])
def test_shuffled_rows_threads_and_later_facts_change_no_byte(
    make: Callable[[int], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make(1)
    plain = shown_by(choose_recommenders(world.situation(), END))
    at = world.purchases["at"].cast(pa.int64()).to_numpy()
    early = np.flatnonzero(at < END)
    assert 0 < early.size < at.size
    shuffled = world.purchases.take(pa.array(np.random.default_rng(0).permutation(early)))
    monkeypatch.setattr(threads, "available_threads", lambda: 5)
    assert shown_by(choose_recommenders(world.situation(shuffled), END)) == plain


def test_a_robot_moves_nobody_elses_list() -> None:
    world = habit(2)
    rng = np.random.default_rng(0)
    many = 200_000
    # The last id, so that the others keep their numbers.
    robot = table_of(
        np.full(many, 99_999), rng.integers(150, size=many), rng.random(many) * (END - START) / DAY
    )
    both = pa.concat_tables([world.purchases, robot])
    plain = choose_recommenders(world.situation(), END, horizons=1)
    crowded = choose_recommenders(world.situation(both), END, horizons=1)
    assert len(crowded.parts.known.people) == len(plain.parts.known.people) + 1
    everybody = np.arange(len(plain.parts.known.people))
    for name in LIST_NAMES:
        assert crowded.by_list[name].method == plain.by_list[name].method
        assert crowded.by_list[name].figures == plain.by_list[name].figures
        sides = [one.lists_of(name, everybody, 10, one.parts.sold) for one in (plain, crowded)]
        assert sides[0].products.tobytes() == sides[1].products.tobytes()
        assert sides[0].score.tobytes() == sides[1].score.tobytes()
    # It gets lists of its own all the same.
    mine = crowded.lists_of("again", np.array([everybody.size]), 10, crowded.parts.sold)
    assert (mine.products >= 0).all()


def test_too_few_people_get_popularity_and_a_sentence_that_says_so() -> None:
    table = lasting_taste(0).purchases
    few = np.flatnonzero([one < "p00060" for one in table["person_id"].to_pylist()])
    situation = World(table.take(pa.array(few)), None, None, "new", ()).situation()
    choices = choose_recommenders(situation, END)
    for choice in choices.by_list.values():
        assert choice.method == POPULARITY
        assert "too few to tell methods apart" in choice.sentence
        assert choice.figures == {}
    assert f"{choices.data.purchases} purchases and" in choices.by_list["new"].sentence
    assert 600 < choices.data.purchases < 1_000


def test_without_any_purchase_there_are_no_lists_and_no_error() -> None:
    empty = table_of(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    choices = choose_recommenders(World(empty, None, None, "new", ()).situation(), END)
    assert choices.data.people == 0
    assert {choice.method for choice in choices.by_list.values()} == {POPULARITY}


def test_the_simplest_within_one_error_of_the_best_is_used() -> None:
    rng = np.random.default_rng(0)
    base, person = rng.random(400), np.arange(400)
    noise = rng.normal(0, 0.3, 400)
    noise -= noise.mean()
    each = {"a": base, "b": base + noise + 0.01, "c": base + noise + 0.012}
    assert simplest_of_the_best(each, person) == "a"
    assert simplest_of_the_best(each | {"c": base + noise + 0.1}, person) == "c"


def test_a_horizon_without_a_history_before_it_is_not_measured() -> None:
    table = lasting_taste(0).purchases
    at = table["at"].cast(pa.int64()).to_numpy()
    short = table.take(pa.array(np.flatnonzero(at >= END - 20 * DAY)))
    situation = World(short, None, None, "new", ()).situation()
    assert situation.horizon == HORIZON
    choice = choose_recommenders(situation, END).by_list["new"]
    assert choice.method == POPULARITY  # one horizon fits, its ranker has nothing to learn from
    assert situation_of(situation.interactions, 1.0).step == DAY
