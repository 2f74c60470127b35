"""Any products in the order in which one person would want them: a search result, a shelf.

The order is that of the best linear recommender of the mixed list, over what the lake knows of the
person now: a purchase counts as soon as it is ingested. Whoever has done nothing gets what sells.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from redumbrella.recommenders.interactions import interactions_of, read_of_people
from redumbrella.recommenders.saved import SavedRecommender, load_recommender, saved_at
from redumbrella.reports.recommenders import RankedProduct, RankedProducts
from redumbrella.views.recommendations import withheld_products
from redumbrella.workspace import Workspace


def rank_products(
    workspace: Workspace,
    people: Sequence[str],
    products: Sequence[Sequence[str]],
    instant: int,
    recommender: str | None = None,
) -> list[RankedProducts]:
    """The given products of each of some people, in order; each once.

    Raises EngineError (recommender_missing) before `umbrella recommend`.
    """
    asked = workspace.settings.recommender(recommender)
    path = saved_at(workspace.root, asked.name)
    saved = _loaded(path, path.stat().st_mtime_ns if path.exists() else 0)
    once = sorted(set(people))
    read = read_of_people(workspace.lake, instant, asked.views, once)
    purchases, events = (_of_products(table, saved) for table in read)
    known = interactions_of(
        purchases, events, instant, asked.views,
        people=once, products=saved.products.to_pylist(),
    )  # fmt: skip
    linear = saved.linear_for(known, instant)
    number = {one: place for place, one in enumerate(saved.products.to_pylist())}
    of_person = {one: place for place, one in enumerate(known.people.to_pylist())}
    withheld = withheld_products(workspace.lake, asked, instant)
    did = known.matrix(instant).getnnz(axis=1)
    found = []
    for person, given in zip(people, products, strict=True):
        shown = [one for one in dict.fromkeys(given) if one not in withheld]
        there = [number[one] for one in shown if one in number]
        row = of_person[person]
        ends = np.array([0, len(there)])
        scores = linear.scores(np.array([row]), ends, np.array(there, np.int32))
        score = dict(zip(there, scores.tolist(), strict=True))
        order = sorted(there, key=lambda one: -score[one])
        ids = [str(saved.products[one]) for one in order]
        listed: list[RankedProduct] = [
            {
                "rank": rank,
                "product_id": one,
                "score": round(float(score[number[one]]), 6),
                "is_known": True,
            }
            for rank, one in enumerate(ids, start=1)
        ]
        rest = [one for one in shown if one not in number]
        listed += [
            {"rank": rank, "product_id": one, "score": None, "is_known": False}
            for rank, one in enumerate(rest, start=len(listed) + 1)
        ]
        found.append(RankedProducts(
            person_id=person, is_known=bool(did[row]), method=saved.method, products=listed,
            withheld=[one for one in dict.fromkeys(given) if one in withheld],
        ))  # fmt: skip
    return found


@lru_cache(maxsize=8)
def _loaded(path: Path, changed: int) -> SavedRecommender:  # noqa: ARG001  a new file is read anew
    return load_recommender(path)


def _of_products(table: Any, saved: SavedRecommender) -> Any:
    """Rows of products that the recommender knows: others would shift its numbers."""
    import pyarrow.compute as pc

    if table is None:
        return None
    return table.filter(pc.is_in(table["product_id"], value_set=saved.products))
