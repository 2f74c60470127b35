"""What a row brings: prices times quantities, returns, refunds, further items, currencies."""

from pathlib import Path

import pytest
from small_folders import FAR, read

from redumbrella.errors import SettingsError
from redumbrella.features.facts import read_facts
from redumbrella.progress import silent
from redumbrella.python_api import OpenedWorkspace
from redumbrella.sources.result import SourceResult
from redumbrella.workflows.value_customers import value_customers
from redumbrella.workspace import open_workspace

SHOP = """[tables.purchases]
path = "shop.csv"
[tables.purchases.columns]
person_id = "customer"
at = "at"
"""


def amounts(folder: Path) -> list[float | None]:
    workspace = open_workspace(folder)
    try:
        found = read_facts(workspace.lake, FAR).tables["purchases"]["amount"].to_pylist()
    finally:
        workspace.state.close()
    return [value if value is None else round(value, 2) for value in found]


def shop(folder: Path, columns: str, rows: str, more: str = "") -> SourceResult:
    return read(folder, more + SHOP + columns, shop=rows)


def test_a_price_is_multiplied_by_its_quantity(tmp_path: Path) -> None:
    columns = 'amount = { column = "price", times = "qty" }\n'
    rows = "customer,at,price,qty\na,2024-01-01,2.5,4\na,2024-01-02,2.5,-1\nb,2024-01-03,3,1\n"
    result = shop(tmp_path, columns, rows)
    assert amounts(tmp_path) == [10.0, -2.5, 3.0]
    assert 'amount is "price" times "qty".' in result.notes


def test_what_was_given_back_is_taken_off(tmp_path: Path) -> None:
    columns = 'amount = { column = "total", less = "refunded" }\n'
    rows = "customer,at,total,refunded\na,2024-01-01,20,\na,2024-01-02,20,5\nb,2024-01-03,20,-20\n"
    shop(tmp_path, columns, rows)
    assert amounts(tmp_path) == [20.0, 15.0, 0.0]


def test_a_negative_quantity_beside_a_total_is_a_return(tmp_path: Path) -> None:
    rows = (
        "customer,at,amount,quantity\na,2024-01-01,20,2\na,2024-01-02,20,-2\nb,2024-01-03,-5,-1\n"
    )
    result = shop(tmp_path, "", rows)
    assert amounts(tmp_path) == [20.0, -20.0, -5.0]
    assert any("1 row has" in note and "returns" in note for note in result.notes)


def test_further_items_belong_to_the_order_above(tmp_path: Path) -> None:
    columns = 'amount = "total"\npurchase_id = "order"\nproduct_id = "sku"\n'
    rows = (
        "order,customer,at,total,sku\n"
        "#1,a,2024-01-01 10:00,30,A\n#1,a,,,B\n,,,,C\n"  # the number repeated, or nothing at all
        "#2,b,2024-01-02 10:00,7,A\n"
    )
    result = shop(tmp_path, columns, rows)
    assert amounts(tmp_path) == [30.0, None, None, 7.0]
    assert result.rejected == {}
    assert any("2 rows have no amount" in note for note in result.notes)
    workspace = open_workspace(tmp_path)
    facts = workspace.lake.current("purchases")
    workspace.state.close()
    assert facts["person_id"].to_pylist() == ["a", "a", "a", "b"]
    assert facts["product_id"].to_pylist() == ["A", "B", "C", "A"]


def test_a_row_without_amount_and_without_order_above_is_set_aside(tmp_path: Path) -> None:
    columns = 'amount = "total"\npurchase_id = "order"\n'
    rows = "order,customer,at,total\n#1,a,2024-01-01,\n#2,b,2024-01-02,7\n#3,b,2024-01-02,8\n"
    assert shop(tmp_path, columns, rows).rejected == {"missing_required": 1}


def test_a_total_that_stands_on_each_item_counts_once(tmp_path: Path) -> None:
    columns = 'amount = "total"\npurchase_id = "order"\nproduct_id = "sku"\n'
    rows = "".join(
        f"{n},c{n},2024-01-01 10:00,{20 + n},A\n{n},c{n},2024-01-01 10:00,{20 + n},B\n"
        for n in range(25)
    )
    result = shop(tmp_path, columns, "order,customer,at,total,sku\n" + rows)
    kept = [value for value in amounts(tmp_path) if value is not None]
    assert sum(kept) == sum(20 + n for n in range(25))
    assert any("order's total" in note for note in result.notes)


def test_prices_of_items_are_no_totals(tmp_path: Path) -> None:
    columns = 'amount = "price"\npurchase_id = "order"\nproduct_id = "sku"\n'
    rows = "".join(
        f"{n},c{n},2024-01-01 10:00,{20 + n},A\n{n},c{n},2024-01-01 10:00,{5 + n},B\n"
        for n in range(25)
    )
    shop(tmp_path, columns, "order,customer,at,price,sku\n" + rows)
    assert sum(value or 0 for value in amounts(tmp_path)) == sum(25 + 2 * n for n in range(25))


MIXED = (
    "customer,at,amount,currency\na,2024-01-01,10,EUR\na,2024-01-02,1000,JPY\nb,2024-01-03,10,usd\n"
)


def test_several_currencies_without_rates_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        shop(tmp_path, "", MIXED)
    assert "[currencies]" in caught.value.message
    assert "JPY = " in caught.value.message
    assert "USD = " in caught.value.message


def test_several_currencies_are_converted_by_their_rates(tmp_path: Path) -> None:
    rates = "[currencies]\nJPY = 0.006\nUSD = 0.9\n"
    result = shop(tmp_path, "", MIXED, rates)
    assert amounts(tmp_path) == [10.0, 6.0, 9.0]
    assert any("converted to EUR" in note for note in result.notes)


def test_another_rate_reads_the_source_again(tmp_path: Path) -> None:
    shop(tmp_path, "", MIXED, "[currencies]\nJPY = 0.006\nUSD = 0.9\n")
    shop(tmp_path, "", MIXED, "[currencies]\nJPY = 0.007\nUSD = 0.9\n")
    assert amounts(tmp_path) == [10.0, 7.0, 9.0]


def test_one_foreign_currency_is_said(tmp_path: Path) -> None:
    rows = MIXED.replace("EUR", "USD").replace("JPY", "USD")
    result = shop(tmp_path, "", rows)
    assert any('currency = "USD"' in note for note in result.notes)


def test_words_of_three_letters_are_no_currencies(tmp_path: Path) -> None:
    rows = (
        "customer,at,amount,area\na,2024-01-01,10,EUR\na,2024-01-02,1000,ASI\nb,2024-01-03,1,USA\n"
    )
    shop(tmp_path, "", rows)
    assert amounts(tmp_path) == [10.0, 1000.0, 1.0]


def test_a_customer_has_spent_what_the_orders_say(tmp_path: Path) -> None:
    columns = 'amount = "total"\npurchase_id = "order"\nproduct_id = "sku"\n'
    rows = "".join(
        f"{n},c{n % 40},2024-0{1 + n % 6}-{1 + n % 27:02} 10:00,{20 + n % 7},A\n"
        f"{n},,,,B\n{n},,,,C\n"
        for n in range(240)
    )
    shop(tmp_path, columns, "order,customer,at,total,sku\n" + rows)
    workspace = open_workspace(tmp_path)
    try:
        value_customers(workspace, silent)
    finally:
        workspace.state.close()
    with OpenedWorkspace(tmp_path) as opened:
        spent = sum(row["spent"] for row in opened.customers())
    assert round(spent, 2) == sum(20 + n % 7 for n in range(240))


def test_signs_written_with_the_amounts_are_currencies_too(tmp_path: Path) -> None:
    rows = "customer,at,amount\n" + "".join(
        f"a,2024-01-{1 + n:02},{'€' if n % 2 else '£'} {n + 1}.50\n" for n in range(20)
    )
    with pytest.raises(SettingsError, match="GBP = "):
        shop(tmp_path, "", rows)
    shop(tmp_path, "", rows, "[currencies]\nGBP = 2\n")
    assert sum(value or 0 for value in amounts(tmp_path)) == sum(
        (n + 1.5) * (1 if n % 2 else 2) for n in range(20)
    )


STATUS = (
    "order,customer,at,total,state\n"
    "1,a,2024-01-01 10:00,10,Completed\n2,a,2024-01-02 10:00,20,Failed\n"
    "3,b,2024-01-03 10:00,30,completed\n4,b,2024-01-04 10:00,5,CANCELLED\n"
)


def earned(folder: Path) -> float:
    workspace = open_workspace(folder)
    try:
        bought = read_facts(workspace.lake, FAR).tables["purchases"].to_pylist()
    finally:
        workspace.state.close()
    signed = [(-1 if row["code"] == "cancellation" else 1) * (row["amount"] or 0) for row in bought]
    return round(sum(signed), 2)


def test_orders_for_which_no_money_came_are_no_purchases(tmp_path: Path) -> None:
    void = 'amount = { column = "total", status = "state", void = ["Failed", "Cancelled"] }\n'
    result = shop(tmp_path, void + 'purchase_id = "order"\n', STATUS)
    assert earned(tmp_path) == 40.0
    assert any("in 2 rows: no money came" in note for note in result.notes)
    # Paid in the end: the newer version counts.
    later = STATUS.replace("Failed", "Completed")
    shop(tmp_path, void + 'purchase_id = "order"\n', later)
    assert earned(tmp_path) == 60.0


def test_a_status_that_nothing_speaks_of_is_said(tmp_path: Path) -> None:
    result = shop(tmp_path, 'amount = "total"\n', STATUS)
    said = next(note for note in result.notes if "state" in note)
    assert "CANCELLED or Failed in 2 rows" in said
    assert 'void = ["CANCELLED", "Failed"]' in said


def test_a_kind_of_row_may_be_a_refund(tmp_path: Path) -> None:
    columns = 'amount = { column = "sum", status = "kind", returned = ["Refund"], cents = true }\n'
    rows = "customer,at,sum,kind\na,2024-01-01,1000,Sale\na,2024-01-02,400,Refund\n"
    rows += "b,2024-01-03,50,Sale\n"
    shop(tmp_path, columns, rows)
    assert earned(tmp_path) == 6.5


def test_a_return_above_the_items_of_its_order_is_taken_off(tmp_path: Path) -> None:
    columns = 'amount = "sum"\n'
    rows = "customer,at,sum\na,2024-01-01 10:00,-20\na,2024-01-01 10:00,50\nb,2024-01-02 10:00,-7\n"
    rows += "".join(
        f"c{n},2024-01-03 10:00,10\nc{n},2024-02-{1 + n:02} 10:00,10\n" for n in range(9)
    )
    shop(tmp_path, columns, rows)
    workspace = open_workspace(tmp_path)
    try:
        notes = value_customers(workspace, silent).lifetime["notes"]
    finally:
        workspace.state.close()
    with OpenedWorkspace(tmp_path) as opened:
        spent = {row["person_id"]: row["spent"] for row in opened.customers()}
    assert spent["a"] == 30.0
    assert any(
        "Returns of 7.00 EUR have no purchase" in note.replace("\u00a0", " ") for note in notes
    )
