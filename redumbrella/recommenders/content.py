"""What products are: their words, type and price, and which are alike.

In: the table of products. Out: `Catalogue` (`catalogue_of`), in the order of the products' numbers,
and W, the cosines of each product with the ones most like it.

TF-IDF (Salton and Buckley 1988) of the words of name and description, a column for each type and
for each band of price (eighths of the known prices), every product scaled to length 1:

    w_ij = cosine of i and j for the NEAREST of i, w_ii = 0

so a product that nobody has bought yet stands beside what it is like.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

NEAREST = 100
BANDS = 8
TYPE_WEIGHT, PRICE_WEIGHT = 1.0, 0.5  # of a type and of a band beside all words together, 1
MOST_COMMON = 0.5  # a word of more products tells little and makes every pair a neighbour
_ROWS = 512
_WORD = r"(?u)\b\w+\b"


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Per product, (products,): text and kind ("" where unknown), price (NaN where unknown), and
    from when until when it is sold, UTC microseconds: listed_at (0 where unknown), withdrawn_at
    (the largest number where it is not withdrawn). is_dated: whether listed_at is known.
    """

    text: tuple[str, ...]
    kind: tuple[str, ...]
    price: NDArray[np.float64]
    listed_at: NDArray[np.int64]
    withdrawn_at: NDArray[np.int64]
    is_dated: NDArray[np.bool_]

    @classmethod
    def empty(cls, products: int) -> Self:
        """Of products about which nothing is known."""
        nothing = ("",) * products
        never = np.full(products, np.iinfo(np.int64).max)
        zero = np.zeros(products, np.int64)
        nan, undated = np.full(products, np.nan), np.zeros(products, np.bool_)
        return cls(nothing, nothing, nan, zero, never, undated)

    @property
    def tells(self) -> bool:
        """Whether anything is known by which products are alike."""
        return any(self.text) or any(self.kind)

    def sold_at(self, instant: int) -> NDArray[np.bool_]:
        """Whether each product is known to be listed and not withdrawn at an instant; one without
        dates is not: only sales before the instant say that there was one.
        """
        return self.is_dated & (self.listed_at <= instant) & (self.withdrawn_at > instant)


def catalogue_of(table: pa.Table | None, ids: pa.Array) -> Catalogue:
    """The catalogue of the products `ids` from a table with product_id and any of name,
    description, product_type, price, listed_at, withdrawn_at; one row a product.
    """
    size = len(ids)
    if table is None or not table.num_rows:
        return Catalogue.empty(size)
    place = pc.index_in(ids, value_set=table["product_id"].combine_chunks().cast(pa.string()))

    def column(name: str) -> Any:
        if name not in table.column_names:
            return pa.nulls(size)
        return table[name].combine_chunks().take(place)

    def texts(name: str) -> list[str]:
        return [str(one) if one is not None else "" for one in column(name).to_pylist()]

    def instants(name: str, missing: int) -> NDArray[np.int64]:
        found = column(name).cast(pa.timestamp("us", "UTC")).cast(pa.int64()).fill_null(missing)
        return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)

    words = zip(texts("name"), texts("description"), strict=True)
    text = tuple(f"{name} {more}".strip() for name, more in words)
    price = column("price").cast(pa.float64()).to_numpy(zero_copy_only=False)
    dated = column("listed_at").is_valid().to_numpy(zero_copy_only=False)
    return Catalogue(
        text, tuple(texts("product_type")), np.asarray(price, np.float64),
        instants("listed_at", 0), instants("withdrawn_at", np.iinfo(np.int64).max),
        np.asarray(dated, np.bool_),
    )  # fmt: skip


def content_features(catalogue: Catalogue) -> Any:
    """Rows of length 1 (0 for a product of which nothing is known), float32 CSR (products, f)."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    size = len(catalogue.text)
    blocks = []
    if sum(bool(one) for one in catalogue.text) > 1:
        most = MOST_COMMON if size > 20 else 1.0
        words = TfidfVectorizer(max_df=most, token_pattern=_WORD, dtype=np.float32)
        try:
            blocks.append(words.fit_transform(catalogue.text))
        except ValueError:  # no word is left: all products are described by the same ones
            blocks.clear()
    kinds = sorted(set(catalogue.kind) - {""})
    number = {kind: place for place, kind in enumerate(kinds)}
    blocks.append(_one_hot([number.get(kind, -1) for kind in catalogue.kind], TYPE_WEIGHT))
    blocks.append(_one_hot(price_bands(catalogue.price), PRICE_WEIGHT))
    features = sp.hstack(blocks, format="csr", dtype=np.float32)
    length = np.sqrt(np.asarray(features.multiply(features).sum(axis=1))).ravel()
    scale = np.divide(1.0, length, out=np.zeros(size), where=length > 0)
    features.data = (features.data * np.repeat(scale, np.diff(features.indptr))).astype(np.float32)
    return features


def price_bands(price: NDArray[np.float64]) -> list[int]:
    """Which eighth of the known prices each is in, -1 where it is not known."""
    known = np.isfinite(price)
    if not known.any():
        return [-1] * price.size
    cuts = np.unique(np.quantile(price[known], np.arange(1, BANDS) / BANDS))
    return [int(band) for band in np.where(known, np.searchsorted(cuts, price, "right"), -1)]


def content_weights(features: Any, kinds: int, nearest: int = NEAREST) -> Any:
    """W: float32 CSR (products x kinds, products): the cosines, the same for each kind."""
    size = features.shape[0]
    transposed = features.T.tocsr()
    rows, columns, values = [], [], []
    for first in range(0, size, _ROWS):
        part = (features[first : first + _ROWS] @ transposed).tocsr()
        for row in range(part.shape[0]):
            cells = slice(part.indptr[row], part.indptr[row + 1])
            ids, cosine = part.indices[cells], part.data[cells]
            told = (ids != first + row) & (cosine > 0)
            ids, cosine = ids[told], cosine[told]
            order = np.lexsort((ids, -cosine))[:nearest]
            rows.append(np.full(order.size, first + row, np.int32))
            columns.append(ids[order])
            values.append(cosine[order])
    places = (np.concatenate(rows), np.concatenate(columns))
    cosines = sp.csr_matrix((np.concatenate(values), places), shape=(size, size), dtype=np.float32)
    cosines.sort_indices()
    return sp.vstack([cosines] * kinds, format="csr") if kinds > 1 else cosines


def _one_hot(number: list[int], value: float) -> Any:
    """One column for each number; a row of -1 is empty."""
    found = np.array(number, np.int64)
    there = np.flatnonzero(found >= 0)
    shape = (found.size, int(found.max(initial=-1)) + 1)
    ones = np.full(there.size, value, np.float32)
    return sp.csr_matrix((ones, (there, found[there])), shape=shape)
