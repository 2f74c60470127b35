"""Words that give the outcome away: "closed won" in a note that was written when the lead closed.

In: a text of the closed leads with their outcomes, and of the open ones. Out: the evidence, in a
sentence that names the words, and how strong it is. Words that nearly all had one outcome are a
leak where no open lead has them, or where they tell the end of every second lead. A word that only
tells of losing and stands in open leads too, as "spam" does, could be known before.
"""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.spelling import reading_of
from redumbrella.features.words import Vocabulary, learn_vocabulary
from redumbrella.figures import percent

LEAST_LEADS = 20
ONE_SIDED = 0.98  # share of a word's leads with one outcome
ERRORS = 7.0  # standard errors that its share of won leads is off: thousands of words are tried
NEVER_BY_CHANCE = 1e-6
LEAST_TOLD = 0.5  # share of the leads whose end such words tell
MOST_CHARACTERS = 10_000_000
NAMED = 3

Vector = NDArray[np.float64]


def words_at_close(
    name: str, closed: pa.ChunkedArray, won: Vector, opened: pa.ChunkedArray | None
) -> tuple[str, Literal["leak", "suspect"]] | None:
    """The evidence of a text against itself, or None.

    closed, won: (n,) texts and outcomes of the closed leads. opened: the texts of the open ones.
    """
    if not pa.types.is_string(closed.type) or reading_of(name, closed) != "words":
        return None
    rows = np.arange(0, len(closed), _every(closed))
    texts, outcome = closed.take(pa.array(rows)).combine_chunks(), won[rows]
    vocabulary = learn_vocabulary(pa.chunked_array([texts]), None, "words")
    if vocabulary.is_empty or not 0 < outcome.sum() < outcome.size:
        return None
    has, has_open = _has(vocabulary, texts), None
    if opened is not None and opened.null_count < len(opened):
        known = opened.drop_null()
        has_open = _has(vocabulary, known.take(pa.array(np.arange(0, len(known), _every(known)))))
    one_sided, of_lost = _one_sided(has, outcome)
    unseen = np.zeros(one_sided.size, np.bool_)
    if has_open is not None:
        share = np.asarray(has.mean(axis=0)).ravel()
        never = (1.0 - share) ** has_open.shape[0] < NEVER_BY_CHANCE
        unseen = never & (np.diff(has_open.tocsc().indptr) == 0)
        one_sided &= unseen | ~of_lost
    found = np.flatnonzero(one_sided)
    if not found.size:
        return None
    told = float((np.asarray(has[:, found].sum(axis=1)).ravel() > 0).mean())
    proof = bool(unseen[found].any()) or told >= LEAST_TOLD
    return _said(vocabulary, has[:, found], outcome, found, unseen), "leak" if proof else "suspect"


def _one_sided(has: sp.csr_matrix, won: Vector) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which words nearly all had one outcome, beyond chance, and which of them were lost."""
    count, wins = np.asarray(has.sum(axis=0)).ravel(), won @ has
    base = won.mean()
    rate = wins / np.maximum(count, 1.0)
    error = np.sqrt(base * (1.0 - base) / np.maximum(count, 1.0))
    clear = (count >= LEAST_LEADS) & (np.abs(rate - base) > ERRORS * error)
    lost = rate <= 1.0 - ONE_SIDED
    return clear & (lost | (rate >= ONE_SIDED)), lost


def _said(
    vocabulary: Vocabulary,
    has: sp.csr_matrix,
    won: Vector,
    found: NDArray[np.intp],
    unseen: NDArray[np.bool_],
) -> str:
    """The most telling words with their shares of won leads: winning first, pairs first."""
    count, wins = np.asarray(has.sum(axis=0)).ravel(), won @ has
    rate = wins / count
    names = [(*vocabulary.words, *vocabulary.pairs)[k] for k in found]
    order = sorted(range(count.size), key=lambda k: (rate[k] < ONE_SIDED, " " not in names[k]))
    named: list[int] = []
    for k in order:
        heard = {word for other in named for word in names[other].split(" ")}
        if len(named) < NAMED and not heard & set(names[k].split(" ")):
            named.append(k)
    said = [f"of the leads with “{names[k]}” {percent(float(rate[k]), 0)} were won" for k in named]
    nowhere = ", and no open lead has such words" if unseen[found].any() else ""
    return f"{'; '.join(said)}{nowhere}: it is written when a lead closes"


def _has(vocabulary: Vocabulary, texts: pa.Array | pa.ChunkedArray) -> sp.csr_matrix:
    """1 where a text has a word or a pair of words."""
    column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    has = vocabulary.matrix(column)[:, : len(vocabulary.words) + len(vocabulary.pairs)]
    has.data[:] = 1.0
    return has


def _every(texts: pa.ChunkedArray) -> int:
    """Every how-manieth text is enough."""
    characters = pc.sum(pc.utf8_length(texts)).as_py() or 0
    return max(1, -(-characters // MOST_CHARACTERS))
