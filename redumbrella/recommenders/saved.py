"""The best linear recommender of the mixed list on disk, to order any products for one person now.

Holds what is known of products, never what a person did: that is read from the lake when it is
asked for, so a purchase counts at once and an erased person is nowhere here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.errors import EngineError
from redumbrella.recommenders.chooser import BLENDS
from redumbrella.recommenders.interactions import Interactions
from redumbrella.recommenders.lists import Linear, SourceColumns, blend
from redumbrella.recommenders.parts import SimpleParts, has_own_columns, what_was_done

FORMAT = 1


@dataclass(frozen=True, eq=False)
class SavedRecommender:
    """method: a simple recommender or a blend of two. W, b: of its parts by name; W None where it
    is the identity. sold: (products,), what was sold when it was made.
    """

    method: str
    products: pa.Array
    kinds: tuple[str, ...]
    horizon: float
    sold: NDArray[np.bool_]
    W: Mapping[str, Any]
    b: Mapping[str, NDArray[np.float32]]

    def linear_for(self, known: Interactions, instant: int) -> Linear:
        """The recommender for the people of `known`, whose products are numbered as here."""
        own = known.bought()
        made = {part: self._part(part, known, instant) for part in self.b}
        if self.method not in BLENDS:
            return made[self.method]
        first, second, share = BLENDS[self.method]
        return blend(made[first], made[second], share, self.sold, own, "all")

    def _part(self, part: str, known: Interactions, instant: int) -> Linear:
        x = what_was_done(part, known, instant, self.horizon)
        kinds = self.kinds if has_own_columns(part) else self.kinds[: min(x.shape[1], 1)]
        columns = SourceColumns.of_kinds(kinds, len(self.products))
        W = self.W.get(part)
        if W is None:
            size = len(self.products)
            W = (
                sp.identity(size, np.float32, format="csr")
                if x.shape[1]
                else sp.csr_matrix((0, size), dtype=np.float32)
            )
        return Linear(x, W, self.b[part], columns)


def saved_at(root: Path, recommender: str) -> Path:
    """The file of what orders any products for one person."""
    safe = "".join(c if c.isalnum() else f"-{ord(c):x}-" for c in recommender)
    return root / "recommenders" / f"{safe}.npz"


def save_recommender(path: Path, method: str, parts: SimpleParts, horizon: float) -> None:
    """Writes a simple recommender or a blend; the file appears whole or not at all."""
    known = parts.known
    head = {
        "format": FORMAT, "method": method, "products": known.products.to_pylist(),
        "kinds": known.kinds, "horizon": horizon, "parts": _parts_of(method),
    }  # fmt: skip
    arrays: dict[str, Any] = {
        "head": np.frombuffer(orjson.dumps(head), np.uint8),
        "sold": parts.sold,
    }
    for part in _parts_of(method):
        linear = parts.linear[part]
        arrays[f"{part}.b"] = linear.b
        if has_own_columns(part):
            arrays |= {
                f"{part}.start": linear.W.indptr,
                f"{part}.column": linear.W.indices,
                f"{part}.value": linear.W.data,
            }
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        np.savez(file, **arrays)
    new.replace(path)


def load_recommender(path: Path) -> SavedRecommender:
    """What `save_recommender` wrote. Raises EngineError (recommender_missing)."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            head = orjson.loads(arrays["head"].tobytes())
            size = len(head["products"])
            W, b = {}, {}
            for part in head["parts"]:
                b[part] = arrays[f"{part}.b"]
                if has_own_columns(part):
                    cells = tuple(arrays[f"{part}.{name}"] for name in ("value", "column", "start"))
                    W[part] = sp.csr_matrix(cells, shape=(size * len(head["kinds"]), size))
            sold = arrays["sold"]
    except (OSError, KeyError, ValueError) as problem:
        message = (
            f"What orders products cannot be read from {path}. Run `umbrella recommend`: it is "
            "written again."
        )
        raise EngineError(message, reason="recommender_missing") from problem
    products = pa.array(head["products"], pa.string())
    return SavedRecommender(
        head["method"], products, tuple(head["kinds"]), head["horizon"], sold, W, b
    )


def _parts_of(method: str) -> tuple[str, ...]:
    return BLENDS[method][:2] if method in BLENDS else (method,)
