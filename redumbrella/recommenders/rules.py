"""Which products may be shown now, and which are to be put forward: rules by fields of products.

In: the table of products as it is now. Out: per product whether it may be shown, and a factor. The
same function decides when lists are made and when they are read, so that a product which was
withdrawn or excluded since then is not shown.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.errors import SettingsError, nearest
from redumbrella.settings.recommenders import ProductRules

TIMES = ("listed_at", "withdrawn_at")


def forbidden_products(table: pa.Table | None, rules: ProductRules, instant: int) -> frozenset[str]:
    """Ids of the products that must not be shown at an instant (UTC microseconds): withdrawn, not
    listed yet, not available, or against a rule. Of products outside the table nothing is known:
    they may be shown unless `only` asks for a field.
    """
    if table is None or not table.num_rows:
        return frozenset()
    columns = table.column_names
    wrong = np.zeros(table.num_rows, np.bool_)
    if "listed_at" in columns:
        wrong |= _instants(table["listed_at"]) > instant
    if "withdrawn_at" in columns:
        wrong |= _instants(table["withdrawn_at"]) <= instant
    if "available" in columns:
        wrong |= np.array([one is False for one in table["available"].to_pylist()], np.bool_)
    for name, values in rules.only.items():
        wrong |= ~_is_one_of(table, name, values)
    for name, values in rules.exclude.items():
        wrong |= _is_one_of(table, name, values)
    ids = zip(table["product_id"].to_pylist(), wrong.tolist(), strict=True)
    return frozenset(one for one, is_wrong in ids if is_wrong and one is not None)


def may_be_shown(
    ids: pa.Array, table: pa.Table | None, rules: ProductRules, instant: int
) -> NDArray[np.bool_]:
    """Whether each product of `ids` may be shown at an instant, (products,)."""
    wrong = forbidden_products(table, rules, instant)
    known = set() if table is None else set(table["product_id"].to_pylist())
    return np.array(
        [one not in wrong and (one in known or not rules.only) for one in ids.to_pylist()],
        np.bool_,
    )


def boosts(
    ids: pa.Array, table: pa.Table | None, rules: ProductRules
) -> NDArray[np.float64] | None:
    """Factor of each product, (products,); None where no rule puts any forward."""
    if table is None or not rules.boost:
        return None
    factor = np.ones(table.num_rows)
    for name, factors in rules.boost.items():
        for value, by in factors.items():
            factor[_is_one_of(table, name, (value,))] *= by
    of: Mapping[str, float] = dict(zip(table["product_id"].to_pylist(), factor, strict=True))
    return np.array([of.get(one, 1.0) for one in ids.to_pylist()])


def unmatched_values(table: pa.Table | None, rules: ProductRules) -> list[str]:
    """What the rules name that no product has, in words with the nearest value that some have."""
    if table is None:
        return []
    asked = [(name, v) for rule in (rules.only, rules.exclude) for name in rule for v in rule[name]]
    asked += [(name, value) for name in rules.boost for value in rules.boost[name]]
    notes = []
    for name, value in asked:
        if not _is_one_of(table, name, (value,)).any():
            known = [str(one) for one in pc.unique(table[name]).to_pylist() if one is not None]
            hint = nearest(value, known)
            notes.append(f'No product has {name} "{value}", so that rule does nothing.{hint}')
    return notes


def check_rules(table: pa.Table | None, rules: ProductRules, name: str) -> None:
    """Raises SettingsError (unknown_field) where a rule names a field that products do not have."""
    columns = [] if table is None else [one for one in table.column_names if one[0] != "_"]
    for field in rules.fields:
        if field not in columns:
            has = (
                f"Fields of products: {', '.join(columns)}."
                if columns
                else ("There is no table of products: name its file under [tables.products].")
            )
            raise SettingsError(
                f'The recommender "{name}" has a rule about "{field}", which products do not have. '
                f"{has}{nearest(field, columns)}",
                reason="unknown_field",
            )


def _is_one_of(table: pa.Table, name: str, values: tuple[str, ...]) -> NDArray[np.bool_]:
    """Whether the field has one of the values, written as texts: 3 for 3.0, yes for true."""
    column = table[name]
    if pa.types.is_boolean(column.type):
        texts = pc.if_else(column, "yes", "no")
        wanted = ["yes" if v.lower() in ("yes", "true") else "no" for v in values]
    elif pa.types.is_floating(column.type):
        texts = pa.array([None if v is None else f"{v:g}" for v in column.to_pylist()], pa.string())
        wanted = list(values)
    else:
        texts, wanted = column.cast(pa.string()), list(values)
    return _held(pc.is_in(texts, value_set=pa.array(wanted, pa.string())))


def _instants(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Times as UTC microseconds, NaN where there is none.

    By a list: Arrow imports pandas to compare with a number, for which no page should wait.
    """
    micros = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return np.array([np.nan if one is None else one for one in micros.to_pylist()], np.float64)


def _held(condition: pa.ChunkedArray) -> NDArray[np.bool_]:
    """A condition, False where it is not known."""
    return np.array([one is True for one in condition.to_pylist()], np.bool_)
