"""What a recommender has to know of products besides who bought them: names, prices, margins, and
what their own models say.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray
from sqlalchemy import select

from redumbrella.lake.lake import Lake
from redumbrella.recommenders.interactions import Interactions
from redumbrella.settings.recommenders import Recommender
from redumbrella.settings.settings import Settings
from redumbrella.state.lists import list_in_use
from redumbrella.state.scores import scores
from redumbrella.workspace import Workspace

LARGEST_SHARE = 1.0  # margins that are all between 0 and 1 are shares of the price
_SALES = "SELECT product_id, avg(amount) AS price FROM {facts} e WHERE amount > 0 GROUP BY 1"


def product_names(workspace: Workspace, table: pa.Table | None, ids: pa.Array) -> dict[str, str]:
    """How products are called: [labels.values], the table of products, the id."""
    labels = workspace.settings.labels
    found = {}
    if table is not None and "name" in table.column_names:
        pairs = zip(table["product_id"].to_pylist(), table["name"].to_pylist(), strict=True)
        found = {product: name for product, name in pairs if name}
    return {
        one: labels.value("product_id", one) or found.get(one) or one for one in ids.to_pylist()
    }


def prices_of(lake: Lake, ids: pa.Array, listed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Price of each product, (products,): of the table of products, else the mean sale."""
    sold = lake.query(_SALES.format(facts=lake.facts("purchases")))
    pairs = zip(sold["product_id"].to_pylist(), sold["price"].to_pylist(), strict=True)
    mean = dict(pairs)
    found = np.array([mean.get(one) or np.nan for one in ids.to_pylist()], np.float64)
    return np.where(np.isfinite(listed) & (listed > 0), listed, found)


def margins_of(
    table: pa.Table | None, ids: pa.Array, prices: NDArray[np.float64], settings: Settings
) -> tuple[NDArray[np.float64], list[str]]:
    """Margin of a sale of each product, and how it was read."""
    share = settings.customers.margin
    found = prices * share
    if table is None or not table["margin"].null_count < table.num_rows:
        note = (
            "a margin of the whole price" if share == 1 else f"a margin of {share:.0%} of the price"
        )
        return found, [
            f"Values rest on {note} ([customers] margin): products have none of their own."
        ]
    pairs = zip(table["product_id"].to_pylist(), table["margin"].to_pylist(), strict=True)
    own_of = {product: margin for product, margin in pairs if margin is not None}
    own = np.array([own_of.get(one, np.nan) for one in ids.to_pylist()], np.float64)
    known = np.isfinite(own)
    if known.any() and (own[known] >= 0).all() and (own[known] <= LARGEST_SHARE).all():
        return np.where(known, own * prices, found), [
            "The margins of products lie between 0 and 1 and are read as shares of the price."
        ]
    return np.where(known, own, found), ["The margins of products are read as money a sale."]


def propensities_of(
    workspace: Workspace, interactions: Interactions, recommender: Recommender
) -> tuple[Any, list[str]]:
    """What the products' own models say, CSR (people, products), where they ask about the same
    horizon; and a word where they ask about another.
    """
    asked = [t for t in workspace.settings.targets if t.per == "product" and t.from_ is None]
    same = [t for t in asked if t.horizon_days == recommender.horizon_days]
    if not same:
        return None, [
            f'The models of "{t.name}" look {t.horizon_days:g} days ahead and the recommender '
            f'"{recommender.name}" {recommender.horizon_days:g}: their probabilities are not shown.'
            for t in asked[:1]
        ]
    with workspace.state.reading() as connection:
        used = list_in_use(connection, scores, same[0].name)
        own = [used.c.person_id, used.c.product_id, used.c.probability]
        query = select(*own).where(used.c.target == same[0].name, used.c.product_id != "")
        rows = connection.execute(query).all()
    if not rows:
        return None, []
    person, product, chance = zip(*rows, strict=True)
    row = pc.index_in(pa.array(person, pa.string()), value_set=interactions.people)
    column = pc.index_in(pa.array(product, pa.string()), value_set=interactions.products)
    known = pc.and_(row.is_valid(), column.is_valid())
    cells = (
        np.array(chance)[known.to_numpy(zero_copy_only=False)],
        (row.filter(known).to_numpy(), column.filter(known).to_numpy()),
    )
    shape = (len(interactions.people), len(interactions.products))
    found = sp.csr_matrix(cells, shape=shape)
    return found, [
        f'Where the models of "{same[0].name}" know a product, the probability is theirs.'
    ]
