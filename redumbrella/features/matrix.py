"""The numeric form in which models see leads: one row a lead, one column a feature.

A `Design` has two blocks side by side: the profile (dense: what the record says) and, where a
history is known, the history (sparse: what the person did; zero means never).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

FeatureKind = Literal["number", "flag", "category", "words", "history"]

OTHER = "(other)"  # category code 0: a rare level, or one that training never saw


@dataclass(frozen=True)
class Feature:
    """One column of a design.

    `source` is the field of the record it comes from; reasons are grouped by it. A category has
    `levels`: code k stands for levels[k], code 0 for every rare or unseen level. The words of a
    text are one number: the log-odds that they speak for (features.words).
    """

    name: str
    source: str
    kind: FeatureKind
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Design:
    """Features of n leads; equal only to itself.

    profile: float64 (n, p); NaN = missing; categories as codes. history: float32 CSR (n, q) or
    None. `features` describes the p + q columns in order.
    """

    features: tuple[Feature, ...]
    profile: NDArray[np.float64]
    history: sp.csr_matrix | None = None

    @property
    def rows(self) -> int:
        """Number of leads."""
        return int(self.profile.shape[0])

    @property
    def profile_features(self) -> tuple[Feature, ...]:
        """The features of the dense block."""
        return self.features[: self.profile.shape[1]]

    def take(
        self,
        rows: NDArray[np.intp] | NDArray[np.bool_] | slice,
        history: NDArray[np.intp] | None = None,
    ) -> "Design":
        """Some of the rows; `history` names the columns of that block to keep, ascending."""
        if self.history is None:
            return Design(self.features, self.profile[rows])
        if history is None:
            return Design(self.features, self.profile[rows], self.history[rows])
        from redumbrella.features.kernel.narrow import narrowed

        p = self.profile.shape[1]
        kept = self.features[:p] + tuple(self.features[p + int(column)] for column in history)
        numbers = np.arange(self.rows)[rows]
        return Design(kept, self.profile[rows], narrowed(self.history, numbers, history))

    def above(self, other: "Design") -> "Design":
        """These rows and then the rows of another design with the same columns."""
        history = None
        if self.history is not None:
            history = sp.vstack([self.history, other.history], format="csr")
        return Design(self.features, np.vstack([self.profile, other.profile]), history)

    def with_words(self, values: NDArray[np.float64]) -> "Design":
        """The same rows with other log-odds of their texts, (n, texts), in order."""
        profile = self.profile.copy()
        profile[:, self.word_columns] = values
        return Design(self.features, profile, self.history)

    @property
    def word_columns(self) -> list[int]:
        """Numbers of the columns that hold the words of a text."""
        return [j for j, feature in enumerate(self.profile_features) if feature.kind == "words"]

    def only(self, columns: NDArray[np.intp]) -> "Design":
        """The same rows with some of the profile columns; the history stays whole."""
        p = self.profile.shape[1]
        features = tuple(self.features[int(column)] for column in columns) + self.features[p:]
        return Design(features, self.profile[:, columns], self.history)


def beside(
    design: Design,
    dense: tuple[Feature, ...],
    profile: NDArray[np.float64],
    sparse: tuple[Feature, ...],
    history: sp.csr_matrix,
) -> Design:
    """A design of records with further dense columns and a history, for the same n rows."""
    return Design(
        (*design.features, *dense, *sparse), np.column_stack([design.profile, profile]), history
    )
