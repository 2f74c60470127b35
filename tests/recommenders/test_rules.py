"""Which products may be shown, by dates, flags and rules about fields."""

import pyarrow as pa
import pytest

from redumbrella.errors import SettingsError
from redumbrella.recommenders.rules import boosts, check_rules, forbidden_products, may_be_shown
from redumbrella.settings.recommenders import ProductRules

UTC = pa.timestamp("us", "UTC")
NOW = 1_000


def table() -> pa.Table:
    return pa.table({
        "product_id": ["a", "b", "c", "d", "e"],
        "listed_at": pa.array([None, 2_000, 1_000, None, None], UTC),
        "withdrawn_at": pa.array([None, None, None, 1_000, 1_001], UTC),
        "available": pa.array([True, True, None, True, False]),
        "kind": ["x", "x", "y", None, "y"],
        "size": pa.array([1.0, 2.5, None, 1.0, 3.0]),
    })  # fmt: skip


def test_what_is_withdrawn_unlisted_or_not_available_is_forbidden() -> None:
    assert forbidden_products(table(), ProductRules(), NOW) == {"b", "d", "e"}
    assert forbidden_products(table(), ProductRules(), 3_000) == {"d", "e"}
    assert forbidden_products(None, ProductRules(), NOW) == frozenset()


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (ProductRules(only={"kind": ("x",)}), {"a"}),
        (ProductRules(only={"kind": ("x", "y")}), {"a", "c"}),
        (ProductRules(exclude={"kind": ("x",)}), {"c", "z"}),
        (ProductRules(only={"size": ("1",)}), {"a"}),
        (ProductRules(exclude={"available": ("true",)}), {"c", "z"}),
        (ProductRules(only={"kind": ("x",), "size": ("2.5",)}), set()),
    ],
)
def test_rules_by_fields(rules: ProductRules, left: set[str]) -> None:
    ids = pa.array(["a", "b", "c", "d", "e", "z"])
    may = may_be_shown(ids, table(), rules, NOW)
    assert {one for one, shown in zip(ids.to_pylist(), may, strict=True) if shown} == left


def test_boosts_multiply() -> None:
    rules = ProductRules(boost={"kind": {"x": 2.0}, "size": {"1": 3.0}})
    factor = boosts(pa.array(["a", "b", "c", "z"]), table(), rules)
    assert factor is not None
    assert factor.tolist() == [6.0, 2.0, 1.0, 1.0]
    assert boosts(pa.array(["a"]), table(), ProductRules()) is None


def test_a_rule_about_an_unknown_field_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="kind"):
        check_rules(table(), ProductRules(only={"kinds": ("x",)}), "next")
    with pytest.raises(SettingsError, match="no table of products"):
        check_rules(None, ProductRules(only={"kind": ("x",)}), "next")
    check_rules(table(), ProductRules(only={"kind": ("x",)}), "next")
