"""Facts that are exported again: known by their own id, each counts once, the newest version."""

from pathlib import Path

import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_folders import FAR, read

from redumbrella.errors import DataError
from redumbrella.features.facts import read_facts
from redumbrella.sources.links import lake_links
from redumbrella.workspace import open_workspace

ORDERS = """[tables.purchases]
path = "*.csv"
[tables.purchases.columns]
person_id = "customer"
at = "ordered"
purchase_id = "order"
"""


def money(folder: Path) -> float:
    """What all orders that count bring, less those cancelled."""
    workspace = open_workspace(folder)
    try:
        bought = read_facts(workspace.lake, FAR).tables["purchases"]
    finally:
        workspace.state.close()
    undone = pc.equal(bought["code"], "cancellation")
    signed = pc.if_else(undone, pc.negate(bought["amount"]), bought["amount"])
    return round(float(pc.sum(signed).as_py()), 2)


def orders(*rows: str) -> str:
    return "\n".join(["order,customer,ordered,amount,status,cancelled_at", *rows]) + "\n"


FIRST = orders("1,a,2024-01-01 10:00,10,paid,", "2,b,2024-01-02 10:00,20,paid,")
LATER = orders(
    "1,a,2024-01-01 10:00,10,sent,",
    "2,b,2024-01-02 10:00,20,paid,2024-01-04 09:00",
    "3,a,2024-01-05 10:00,5,paid,",
)


def test_an_order_that_moved_on_counts_once(tmp_path: Path) -> None:
    read(tmp_path, ORDERS, shop=FIRST)
    assert money(tmp_path) == 30.0
    result = read(tmp_path, ORDERS, shop=LATER)
    assert (result.added, result.changed) == (1, 2)
    assert money(tmp_path) == 15.0  # 10 + 20 - 20 + 5


def test_an_older_export_read_later_changes_nothing(tmp_path: Path) -> None:
    read(tmp_path, ORDERS, shop=LATER)
    result = read(tmp_path, ORDERS, zz_old=FIRST)
    assert (result.added, result.changed) == (0, 0)
    assert money(tmp_path) == 15.0
    assert any("newest counts" in note for note in result.notes)


def test_what_was_told_once_is_not_told_anew_by_a_copy_of_it(tmp_path: Path) -> None:
    same_day = orders("1,a,2024-01-01 10:00,10,paid,", "3,a,2024-01-05 10:00,5,new,")
    moved = orders("1,a,2024-01-01 10:00,10,sent,", "3,a,2024-01-05 10:00,5,paid,")
    read(tmp_path, ORDERS, shop=same_day)
    read(tmp_path, ORDERS, shop=moved)
    assert read(tmp_path, ORDERS, copy=same_day).changed == 0
    assert read(tmp_path, ORDERS, shop=same_day).changed == 2  # the same file says so now


def test_the_version_of_its_time_counts(tmp_path: Path) -> None:
    read(tmp_path, ORDERS, shop=FIRST)
    workspace = open_workspace(tmp_path)
    before = int(pc.max(workspace.lake.read("purchases")["_ingested_at"]).cast("int64").as_py()) + 1
    workspace.state.close()
    read(
        tmp_path,
        ORDERS,
        shop=orders("1,a,2024-01-01 10:00,99,paid,", "2,b,2024-01-02 10:00,20,paid,"),
    )
    workspace = open_workspace(tmp_path)
    then = read_facts(workspace.lake, before).tables["purchases"]["amount"]
    now = read_facts(workspace.lake, FAR).tables["purchases"]["amount"]
    workspace.state.close()
    assert (then.to_pylist(), now.to_pylist()) == ([10.0, 20.0], [99.0, 20.0])


def test_items_of_an_order_are_replaced_together(tmp_path: Path) -> None:
    settings = ORDERS + 'product_id = "sku"\n'
    head = "order,customer,ordered,sku,amount\n"
    many = "".join(f"{n},c{n},2024-01-01 10:00,A,{n}\n{n},c{n},2024-01-01 10:00,B,1\n"
                   for n in range(10, 40))  # fmt: skip
    total = float(sum(range(10, 40)) + 30)
    # Two of the same item in one order are two; the order's last item is taken out later.
    one = "1,a,2024-02-01 10:00,A,10\n1,a,2024-02-01 10:00,A,10\n1,a,2024-02-01 10:00,B,5\n"
    read(tmp_path, settings, shop=head + many + one)
    assert money(tmp_path) == total + 25.0
    less = "1,a,2024-02-01 10:00,A,10\n1,a,2024-02-01 10:00,A,10\n"
    read(tmp_path, settings, shop=head + many + less)
    assert money(tmp_path) == total + 20.0
    # A file with everything twice, one after the other, is the same order book.
    read(tmp_path, settings, shop=head + many + less + many + less)
    assert money(tmp_path) == total + 20.0


EVENTS = """[tables.events]
path = "*.csv"
[tables.events.columns]
person_id = "user"
at = "at"
kind = "what"
event_id = "id"
"""


def test_an_event_delivered_twice_is_one(tmp_path: Path) -> None:
    head = "id,user,at,what,_fivetran_synced\n"
    day = [f"e{n},u{n % 3},2024-01-01 10:{n:02},view,2024-01-02 03:00" for n in range(20)]
    later = [row.replace("2024-01-02 03:00", "2024-01-03 03:00") for row in day]
    result = read(tmp_path, EVENTS, monday=head + "\n".join([*day, day[4]]) + "\n")
    assert result.added == 20
    result = read(tmp_path, EVENTS, tuesday=head + "\n".join(later) + "\n")
    assert (result.added, result.changed) == (0, 0)
    assert any("copied" in note for note in result.notes)


def test_facts_without_an_id_do_not_double_when_they_are_synchronised(tmp_path: Path) -> None:
    settings = EVENTS.replace('event_id = "id"\n', "")
    head = "user,at,what,synced_at\n"
    day = [f"u{n % 3},2024-01-01 10:{n:02},view,2024-01-02" for n in range(20)]
    later = [row.replace("2024-01-02", "2024-01-03") for row in day]
    assert read(tmp_path, settings, a=head + "\n".join(day) + "\n").added == 20
    assert read(tmp_path, settings, a=head + "\n".join(later) + "\n").added == 0


def test_the_id_of_a_kind_of_event_is_refused(tmp_path: Path) -> None:
    rows = [f"{n % 2},u{n % 3},2024-01-01 10:{n:02},view" for n in range(60)]
    with pytest.raises(DataError, match=r"not the id of a single row.*ignore"):
        read(tmp_path, EVENTS, a="id,user,at,what\n" + "\n".join(rows) + "\n")


def test_a_meeting_of_three_is_three_activities(tmp_path: Path) -> None:
    settings = EVENTS.replace("events", "activities").replace("event_id", "activity_id")
    rows = ["m1,a,2024-01-01 10:00,meeting", "m1,b,2024-01-01 10:00,meeting",
            "m1,c,2024-01-01 10:00,meeting", "m2,a,2024-01-02 10:00,call"]  # fmt: skip
    assert read(tmp_path, settings, a="id,user,at,what\n" + "\n".join(rows) + "\n").added == 4


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    exports=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    together=st.booleans(),
)
def test_the_newest_export_counts_in_whatever_order(
    exports: list[int], together: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Export k has orders 0 to k, each with the amount k: the newest that was read counts."""
    folder = tmp_path_factory.mktemp("shop")
    texts = {
        k: orders(*(f"{n},a,2024-01-0{n + 1} 10:00,{k + 1},paid," for n in range(k + 1)))
        for k in range(4)
    }
    files = {f"f{place}": texts[k] for place, k in enumerate(exports)}
    if together:
        read(folder, ORDERS, **files)
    else:
        for name, text in files.items():
            read(folder, ORDERS, **{name: text})
    newest = max(exports)
    assert money(folder) == float((newest + 1) ** 2)


def test_on_one_day_the_same_may_happen_several_times(tmp_path: Path) -> None:
    settings = EVENTS.replace('event_id = "id"\n', "")
    head = "user,at,what\n"
    day = ["a,2024-01-01,view"] * 3 + ["b,2024-01-01,view"]
    assert read(tmp_path, settings, a=head + "\n".join(day) + "\n").added == 4
    more = [*day, "a,2024-01-01,view", "b,2024-01-02,view"]
    result = read(tmp_path, settings, b=head + "\n".join(more) + "\n")
    assert (result.added, result.unchanged) == (2, 8)  # four of them in the file before
    timed = head + "a,2024-02-01 10:00,view\na,2024-02-01 10:00,view\n"
    assert read(tmp_path, settings, c=timed).identical == 1


def test_a_fact_that_was_told_anew_belongs_to_its_lead_once(tmp_path: Path) -> None:
    settings = ORDERS.replace("*.csv", "shop.csv") + (
        '[tables.leads]\npath = "leads.csv"\n[tables.leads.columns]\nlead_id = "customer"\n'
    )
    leads = "customer,created_at,won\na,2024-01-01,1\nb,2024-01-01,0\n"
    read(tmp_path, settings, shop=FIRST, leads=leads)
    read(tmp_path, settings, shop=LATER)
    workspace = open_workspace(tmp_path)
    try:
        links = lake_links(workspace.lake)
    finally:
        workspace.state.close()
    assert [(one.table, one.matched, one.total) for one in links] == [("purchases", 3, 3)]
