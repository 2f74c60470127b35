"""What counts as taste: never what was given back, nothing after the instant, no robot."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from recommender_worlds import DAY, END, START, UTC, lasting_taste, table_of
from small_folders import read

from redumbrella.features.facts import MANY_FACTS
from redumbrella.recommenders import interactions as module
from redumbrella.recommenders.interactions import Interactions, interactions_of, read_interactions
from redumbrella.workspace import open_workspace

Row = tuple[str, str, float, float, float | None]  # person, product, day, amount, day of cancelling


def bought(*rows: Row) -> pa.Table:
    def instants(days: Sequence[float | None]) -> pa.Array:
        return pa.array([None if d is None else round(START + d * DAY) for d in days], UTC)

    person, product, day, amount, cancelled = zip(*rows, strict=True)
    return pa.table(
        {
            "person_id": pa.array(person, pa.string()),
            "product_id": pa.array(product, pa.string()),
            "at": instants(day),
            "amount": pa.array(amount, pa.float64()),
            "cancelled_at": instants(cancelled),
        }
    )


def cells(found: Interactions) -> dict[tuple[str, str], int]:
    own = found.bought().tocoo()
    people, products = found.people.to_pylist(), found.products.to_pylist()
    each = zip(own.row, own.col, own.data, strict=True)
    return {(people[row], products[column]): int(many) for row, column, many in each}


def same(one: Interactions, other: Interactions) -> None:
    assert one.people == other.people
    assert one.products == other.products
    for name in ("person", "product", "kind", "at", "gone", "teaches"):
        a, b = getattr(one, name), getattr(other, name)
        assert a.tobytes() == b.tobytes()
        assert a.dtype == b.dtype


def test_what_was_given_back_or_cancelled_is_no_taste_from_then_on() -> None:
    table = bought(
        ("ann", "a", 1, 20, None),
        ("ann", "a", 2, 10, None),
        ("ann", "a", 5, -20, None),  # gives back the first, for its amount
        ("ann", "b", 1, 20, 4),
        ("bob", "a", 1, 30, None),
        ("bob", "a", 3, -5, None),  # a part: still a purchase
        ("bob", "c", 1, 10, None),
        ("bob", "c", 2, 10, None),
        ("bob", "c", 6, -20, None),  # both at once
        ("cid", "a", 2, -9, None),  # of what was bought before the record begins
        ("cid", "b", 3, 0, None),
    )
    found = interactions_of(table, None, END)
    later = {("ann", "a"): 1, ("bob", "a"): 1, ("cid", "b"): 1}
    assert cells(found.before(END)) == later
    day_4 = found.before(START + 4 * DAY)
    assert cells(day_4) == later | {("ann", "b"): 1, ("ann", "a"): 2, ("bob", "c"): 2}
    wanted = found.bought_between(START, START + 3 * DAY)
    assert wanted.nnz == 4  # and what was given back later still stood then
    assert found.bought_between(START, END).nnz == 2 + 1


def test_a_refund_of_the_same_instant_counts() -> None:
    found = interactions_of(
        bought(("ann", "a", 1, 20, None), ("ann", "a", 1, -20, None)), None, END
    )
    assert found.purchases == 0


def test_shuffled_rows_and_rows_after_the_instant_give_the_same_bytes() -> None:
    table = lasting_taste(1).purchases
    rng = np.random.default_rng(0)
    plain = interactions_of(table, None, START + 60 * DAY)
    shuffled = table.take(pa.array(rng.permutation(table.num_rows)))
    same(plain, interactions_of(shuffled, None, START + 60 * DAY))
    early = np.flatnonzero(table["at"].cast(pa.int64()).to_numpy() < START + 60 * DAY)
    assert 0 < early.size < table.num_rows
    same(plain, interactions_of(table.take(pa.array(early)), None, START + 60 * DAY))


def test_a_cancellation_after_the_instant_is_not_known() -> None:
    table = bought(("ann", "a", 1, 20, 4), ("ann", "a", 5, -20, None))
    found = interactions_of(table, None, START + 3 * DAY)
    assert cells(found.before(START + 3 * DAY)) == {("ann", "a"): 1}
    same(found, interactions_of(bought(("ann", "a", 1, 20, None)), None, START + 3 * DAY))


def test_x_is_halved_and_capped() -> None:
    table = bought(("ann", "a", 0, 1, None), ("ann", "a", 10, 1, None), ("ann", "b", 20, 1, None))
    found = interactions_of(table, None, END)
    x = found.matrix(START + 20 * DAY, 10.0, np.inf).toarray()
    np.testing.assert_allclose(x, [[0.75, 1.0]])
    np.testing.assert_allclose(found.matrix(START + 10 * DAY, 10.0).toarray(), [[1.0, 1.0]])


def test_kinds_of_events_have_columns_of_their_own() -> None:
    events = pa.table(
        {
            "person_id": ["ann", "ann", "bob"],
            "product_id": ["b", "c", "a"],
            "at": pa.array([START, START, START], UTC),
            "kind": ["product_view", "visit", "product_view"],
        }
    )
    found = interactions_of(bought(("ann", "a", 1, 5, None)), events, END, ["product_view"])
    assert found.products.to_pylist() == ["a", "b"]
    np.testing.assert_array_equal(found.matrix(END).toarray(), [[1, 0, 0, 1], [0, 0, 1, 0]])
    assert cells(found) == {("ann", "a"): 1}


def test_a_robot_teaches_nothing_and_nobody_teaches_without_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    many = MANY_FACTS + 1
    robot = table_of(np.zeros(many, np.int64), rng.integers(50, size=many), rng.random(many))
    other = table_of(np.ones(30, np.int64), np.arange(30), np.arange(30) / 2.0)
    found = interactions_of(pa.concat_tables([robot, other]), None, END)
    assert found.teaches.tolist() == [False, True]
    assert np.diff(found.teaching().indptr).tolist() == [0, 30]
    monkeypatch.setattr(module, "MOST_PRODUCTS", 10)
    assert found.teaching()[1].indices.tolist() == list(range(20, 30))  # the newest


def test_the_lake_is_read_before_an_instant_with_visitors_and_products(tmp_path: Path) -> None:
    settings = '[workspace]\ntimezone = "UTC"\n'
    columns = {
        "purchases": "person_id at amount product_id cancelled_at",
        "events": "person_id anonymous_id at kind product_id",
        "identities": "anonymous_id person_id at",
        "products": "product_id name",
        "people": "person_id country",
    }
    for name, listed in columns.items():
        settings += f'[tables.{name}]\npath = "{name}.csv"\n[tables.{name}.columns]\n'
        settings += "".join(f'{one} = "{one}"\n' for one in listed.split())
    read(
        tmp_path,
        settings,
        purchases="person_id,at,amount,product_id,cancelled_at\n"
        "ann,2024-03-01T10:00:00Z,10,a,\nann,2024-03-02T10:00:00Z,10,b,2024-03-05T10:00:00Z\n"
        "ann,2024-03-02T11:00:00Z,10,,\nbob,2024-04-01T00:00:00Z,10,a,\n",
        events="person_id,anonymous_id,at,kind,product_id\n"
        "ann,,2024-03-02T10:00:00Z,view,c\n,v1,2024-03-02T10:00:00Z,view,a\n"
        "ann,,2024-03-02T10:00:00Z,other,d\n",
        identities="anonymous_id,person_id,at\nv1,cid,2024-03-09T10:00:00Z\n",
        products="product_id,name\nz,Zebra\na,Apple\n",
        people="person_id,country\ndan,PT\n",
    )
    workspace = open_workspace(tmp_path)
    try:
        as_of = 1_711_929_600_000_000  # 2024-04-01
        found = read_interactions(workspace.lake, as_of, ["view"])
        assert found.people.to_pylist() == ["ann", "cid", "dan"]
        assert found.products.to_pylist() == ["a", "b", "c", "z"]
        assert cells(found.before(as_of)) == {("ann", "a"): 1}
        visitor = found.kind == 1
        known = 1_709_978_400_000_000  # when it was known who the visitor was
        assert found.at[visitor & (found.person == 1)].tolist() == [known]
        assert read_interactions(workspace.lake, as_of).kinds == ("purchase",)
    finally:
        workspace.state.close()
