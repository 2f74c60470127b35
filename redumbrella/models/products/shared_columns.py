"""One set of columns for many products: features of any scale as numbers of about unit spread.

In: a design. Out: float32 CSR (n, m) and, for each of its columns, the feature that it came from.
Promise: zero stays zero, so a sparse history stays sparse; no value exceeds 8 in training.

Profile features are encoded as for the linear families (`encoding`). A history value x becomes
x / (|x| + usual), where `usual` is the median of the column's values that are not zero: once or
twice says most, and the hundredth time hardly more than the fiftieth. Then every column is divided
by its standard deviation, because one prior is to suit the coefficients of all.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.matrix import Design, Feature
from redumbrella.models.base import Parts
from redumbrella.models.linear.encoding import Encoding, encoding_from, fit_encoding

LARGEST = 8.0


@dataclass(frozen=True)
class SharedColumns:
    """What was learned about the features of a design with p + q of them.

    usual: (q,) median size of each history column where it is not zero. scale: (m,) factor of each
    encoded column, 0 for one that never varied. means: (m,) of the encoded columns in training.
    """

    encoding: Encoding
    usual: NDArray[np.float32]
    scale: NDArray[np.float64]
    means: NDArray[np.float64]

    @property
    def owner(self) -> NDArray[np.intp]:
        """For each encoded column, (m,), the index of its feature in the design."""
        p = len(self.encoding.center)
        return np.concatenate([self.encoding.owner, np.arange(p, p + len(self.usual))])

    def transform(self, design: Design) -> sp.csr_matrix:
        """A design of n rows as encoded float32 CSR (n, m)."""
        return _scaled(_encoded(design, self.encoding, self.usual), self.scale)

    def to_parts(self) -> Parts:
        """Arrays only: the features are those of the model."""
        own: dict[str, Any] = {"usual": self.usual, "column_scale": self.scale, "means": self.means}
        return Parts({}, self.encoding.to_parts().arrays | own)

    @classmethod
    def from_parts(cls, parts: Parts, features: tuple[Feature, ...]) -> Self:
        """The columns that `to_parts` described."""
        a = parts.arrays
        return cls(encoding_from(features, parts), a["usual"], a["column_scale"], a["means"])


def fit_columns(design: Design) -> tuple[SharedColumns, sp.csr_matrix]:
    """Learns the columns of n training rows, and gives these rows encoded, (n, m)."""
    profile = Design(design.profile_features, design.profile)
    encoding = fit_encoding(profile)
    usual = _usual(design.history)
    encoded = _encoded(design, encoding, usual)
    n = max(1, design.rows)
    means = np.asarray(encoded.mean(axis=0), np.float64).ravel()
    squares = np.bincount(
        encoded.indices, encoded.data.astype(np.float64) ** 2, minlength=encoded.shape[1]
    )
    spread = np.sqrt(np.maximum(squares / n - means**2, 0.0))
    largest = np.asarray(abs(encoded).max(axis=0).todense(), np.float64).ravel() if n > 1 else means
    varies = (spread > 1e-6) & (largest > 0)
    scale = np.zeros(len(means))
    scale[varies] = np.minimum(1.0 / spread[varies], LARGEST / largest[varies])
    return SharedColumns(encoding, usual, scale, means * scale), _scaled(encoded, scale)


def _encoded(design: Design, encoding: Encoding, usual: NDArray[np.float32]) -> sp.csr_matrix:
    profile = Design(design.profile_features, design.profile)
    left = encoding.transform(profile).astype(np.float32)
    if design.history is None:
        return left
    x = design.history.astype(np.float32)
    data = x.data / (np.abs(x.data) + usual[x.indices])
    right = sp.csr_matrix((data, x.indices, x.indptr), shape=x.shape)
    return right if not left.shape[1] else sp.hstack([left, right], format="csr")


def _scaled(encoded: sp.csr_matrix, scale: NDArray[np.float64]) -> sp.csr_matrix:
    data = encoded.data * scale.astype(np.float32)[encoded.indices]
    return sp.csr_matrix((data, encoded.indices, encoded.indptr), shape=encoded.shape)


def _usual(history: sp.csr_matrix | None) -> NDArray[np.float32]:
    """Median size of what is stored and not zero, per column; 1 where nothing is."""
    if history is None:
        return np.empty(0, np.float32)
    by_column = history.tocsc()
    usual = np.ones(history.shape[1], np.float32)
    for j in range(history.shape[1]):
        sizes = np.abs(by_column.data[by_column.indptr[j] : by_column.indptr[j + 1]])
        sizes = sizes[sizes > 0]
        if sizes.size:
            usual[j] = np.median(sizes)
    return usual
