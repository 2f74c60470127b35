"""Words of the record: what a text says, as columns of words, pairs of words and pieces of words.

In: a column of texts. Out: a `Vocabulary` that is learned without looking at outcomes, and for any
texts one row of numbers each. Promise: nothing becomes a column that fewer than LEAST_PEOPLE people
have in their records, so that no single person can be read out of a model.

Texts are compared without case, accents and punctuation (features.spelling). Rare words, and
scripts that write no spaces, are read by pieces of 2 to 5 characters (character n-grams, as in
fastText: Bojanowski et al. 2017). Each row has length 1, so that a long note does not weigh more
than a short one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.features.spelling import OWN_DOMAIN, Reading, pieces_of, tokens_of, written_of

LEAST_PEOPLE = 5
MOST_SHARE = 0.98  # what nearly every text has tells none from another
MOST_WORDS, MOST_PAIRS, MOST_PIECES = 20_000, 10_000, 20_000
MOST_CHARACTERS = 20_000_000  # that a vocabulary is learned from: long texts of fewer people
SHORT_TEXT = 10.0  # words; in longer ones a rare word is a small part of what is said
FREQUENT = 100  # words of which the strongest are named: a rare one weighs much for few leads
CHUNK = 10_000

Numbers = NDArray[np.intp]
Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Vocabulary:
    """The columns of a text: words, pairs of neighbouring words ("no budget"), pieces of words.

    written: how each word is mostly written, with its accents; empty = as it is compared.
    weights: log-odds of each column, words first, then pairs, then pieces; empty until outcomes
    have taught them (`learning.word_lessons`).
    """

    reading: Reading
    words: tuple[str, ...]
    pairs: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    written: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no word is shared by enough people."""
        return not (self.words or self.pieces)

    @property
    def group(self) -> Numbers:
        """Which block each column belongs to: 0 words, 1 pairs, 2 pieces."""
        return np.repeat(np.arange(3), [len(self.words), len(self.pairs), len(self.pieces)])

    def matrix(self, texts: pa.Array) -> sp.csr_matrix:
        """Columns of each text, float32 CSR (n, columns); the rows of a block have length 1."""
        rows = [self._of_chunk(read) for read in _read(texts, self.reading)]
        if not rows:
            return sp.csr_matrix((0, self.group.size))
        return rows[0] if len(rows) == 1 else sp.vstack(rows, format="csr")

    def score(self, column: pa.ChunkedArray) -> Vector:
        """Log-odds that the words of each value speak for, (n,); NaN where there is no value."""
        texts, place = distinct_texts(column)
        found = np.zeros(len(texts))
        if any(self.weights):
            parts = [self._of_chunk(read) @ self._weights for read in _read(texts, self.reading)]
            found = np.concatenate([found[:0], *parts])
        return values_at(found, place)

    def telling(self, column: pa.ChunkedArray) -> tuple[list[str], list[str]]:
        """Of each value the word that raises its score most, and the one that lowers it most.

        "" where none does. A rare word is known by its pieces, and named whole.
        """
        texts, place = distinct_texts(column)
        raises: list[str] = []
        lowers: list[str] = []
        for read in _read(texts, self.reading):
            effect = self._of_chunk(read) @ sp.diags(self._weights)
            rare = read.first_unknown(read.known(self.words)) if self.pieces else [""] * read.rows
            raises += self._strongest(effect, rare)
            lowers += self._strongest(-effect, rare)
        at = place.tolist()
        return [raises[k] if k >= 0 else "" for k in at], [lowers[k] if k >= 0 else "" for k in at]

    @property
    def _weights(self) -> Vector:
        return np.array(self.weights if self.weights else np.zeros(self.group.size))

    def strongest(self, most: int) -> tuple[list[str], list[str]]:
        """Of the frequent words and pairs those that raise the score most, and that lower it."""
        names, pairs = self._names, np.arange(len(self.pairs))[:FREQUENT] + len(self.words)
        known = np.concatenate([np.arange(len(self.words))[:FREQUENT], pairs])
        order = known[np.argsort(self._weights[known], kind="stable")].tolist()
        raises = [names[k] for k in order[::-1][:most] if self._weights[k] > 0]
        return raises, [names[k] for k in order[:most] if self._weights[k] < 0]

    @property
    def _names(self) -> tuple[str, ...]:
        """Words and pairs as people write them."""
        words = self.written or self.words
        shown = dict(zip(self.words, words, strict=True))
        both = (pair.split(" ") for pair in self.pairs)
        return (*words, *(f"{shown[a]} {shown[b]}" for a, b in both))

    def _strongest(self, effect: sp.csr_matrix, rare: Sequence[str]) -> list[str]:
        """Of each row the name of its largest effect above zero, "" = it has none."""
        names = self._names
        largest, column = _largest(effect[:, : len(names)])
        # All pieces of a text's rare words together are one reason.
        pieces = np.asarray(effect[:, len(names) :].sum(axis=1)).ravel()
        found = zip(largest.tolist(), column.tolist(), pieces.tolist(), rare, strict=True)
        return [
            unknown if unknown and of_rare > max(value, 0.0) else names[k] if value > 0 else ""
            for value, k, of_rare, unknown in found
        ]

    def _of_chunk(self, read: "_Read") -> sp.csr_matrix:
        known = read.known(self.words)
        words = read.incidence(known, len(self.words))
        if self.reading == "email" and OWN_DOMAIN in self.words:
            words = words + read.own_domain(known, self.words.index(OWN_DOMAIN), len(self.words))
        blocks = [words]
        if self.pairs:
            blocks.append(read.pairs(known, len(self.words), self._pair_keys))
        if self.pieces:
            blocks.append(read.pieces(known, self.pieces))
        return sp.hstack([_unit(block) for block in blocks], format="csr", dtype=np.float32)

    @property
    def _pair_keys(self) -> NDArray[np.int64]:
        place = {word: number for number, word in enumerate(self.words)}
        both = [pair.split(" ") for pair in self.pairs]
        return np.array([place[a] * len(self.words) + place[b] for a, b in both], np.int64)


def vocabulary_from(document: Mapping[str, Any] | None) -> Vocabulary | None:
    """The vocabulary that a JSON form describes, None for none."""
    if document is None:
        return None
    names = ("words", "pairs", "pieces", "weights", "written")
    lists = {name: tuple(document[name]) for name in names}
    return Vocabulary(document["reading"], **lists)


def learn_vocabulary(
    column: pa.ChunkedArray, people: pa.ChunkedArray | None, reading: Reading
) -> Vocabulary:
    """The columns that the texts of enough people have; outcomes are not looked at.

    column: (n,) texts. people: (n,) who each belongs to, None where every row is somebody else. Of
    each person one text counts.
    """
    texts = _one_each(column, people)
    most = MOST_SHARE * len(texts)
    words = _frequent((r.counted_words() for r in _read(texts, reading)), most, MOST_WORDS)
    found = Vocabulary(reading, words)
    if reading == "email":
        own = sum(int(r.own_domain(r.known(words), 0, 1).sum()) for r in _read(texts, reading))
        return Vocabulary(reading, (*words, OWN_DOMAIN) if own >= LEAST_PEOPLE else words)
    if reading != "words":
        return found
    keys = _frequent((r.counted_pairs(words) for r in _read(texts, reading)), most, MOST_PAIRS)
    pairs = tuple(f"{words[key // len(words)]} {words[key % len(words)]}" for key in keys)
    long = np.mean([r.row.size / max(r.rows, 1) for r in _read(texts[:CHUNK], reading)] or [0.0])
    pieces: tuple[str, ...] = ()
    if long <= SHORT_TEXT:
        counts = (r.counted_pieces(words) for r in _read(texts, reading))
        pieces = _frequent(counts, most, MOST_PIECES)
    return Vocabulary(reading, words, pairs, pieces, written=_written(texts, words))


def _written(texts: pa.Array, words: tuple[str, ...]) -> tuple[str, ...]:
    """How each word is mostly written in the texts."""
    if pc.all(pc.string_is_ascii(texts)).as_py():
        return ()
    plain, written = tokens_of(texts, "words"), written_of(texts)
    alike = pc.equal(pc.list_value_length(plain), pc.list_value_length(written))
    both = {"word": plain.filter(alike).flatten(), "written": written.filter(alike).flatten()}
    counts = pa.table(both).group_by(["word", "written"]).aggregate([([], "count_all")])
    counts = counts.filter(pc.is_in(counts["word"], value_set=pa.array(words, pa.string())))
    rows = counts.sort_by([("count_all", "ascending"), ("written", "ascending")])
    found = dict(zip(rows["word"].to_pylist(), rows["written"].to_pylist(), strict=True))
    return tuple(found.get(word, word) for word in words)


def distinct_texts(column: pa.ChunkedArray) -> tuple[pa.Array, Numbers]:
    """The different texts of a column, and for each value the number of its own, -1 = no value."""
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    place = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
    return encoded.dictionary, np.asarray(place, np.intp)


def values_at(values: Vector, place: Numbers) -> Vector:
    """The value at each place, NaN where the place is -1."""
    return np.where(place >= 0, np.append(values, np.nan)[place], np.nan)


def _one_each(column: pa.ChunkedArray, people: pa.ChunkedArray | None) -> pa.Array:
    """One text of each person, of people spread over all where the texts are long."""
    rows = np.flatnonzero(pc.is_valid(column).to_numpy(zero_copy_only=False))
    if people is not None:
        codes = people.cast(pa.string()).combine_chunks().dictionary_encode().indices
        whose = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False)[rows]
        first = np.unique(whose, return_index=True)[1]
        rows = rows[np.sort(first)]
    characters = pc.sum(pc.utf8_length(column.cast(pa.string()))).as_py() or 0
    rows = rows[:: max(1, -(-characters // MOST_CHARACTERS))]
    return column.take(pa.array(rows)).cast(pa.string()).combine_chunks()


@dataclass(frozen=True, eq=False)
class _Read:
    """Some texts as tokens: token `tokens[code[i]]` stands in text `row[i]`, in order."""

    rows: int
    row: Numbers
    code: Numbers
    tokens: pa.Array

    def known(self, words: Sequence[str]) -> Numbers:
        """Of each token its number among the words, -1 = none."""
        return _positions(self.tokens, words)[self.code]

    def incidence(self, number: Numbers, width: int) -> sp.csr_matrix:
        """1 where a text has the column of a number; -1 is none."""
        has = number >= 0
        return _ones(self.row[has], number[has], (self.rows, width))

    def own_domain(self, known: Numbers, place: int, width: int) -> sp.csr_matrix:
        """1 for the texts with a domain that is none of the words."""
        is_domain = ~np.asarray(pc.starts_with(self.tokens, "."), np.bool_)[self.code]
        row = self.row[is_domain & (known < 0)]
        return _ones(row, np.full(row.size, place), (self.rows, width))

    def neighbours(self, known: Numbers, words: int) -> tuple[Numbers, NDArray[np.int64]]:
        """Text and key of each two words that stand beside each other."""
        both = (self.row[1:] == self.row[:-1]) & (known[1:] >= 0) & (known[:-1] >= 0)
        return self.row[:-1][both], (known[:-1].astype(np.int64) * words + known[1:])[both]

    def pairs(self, known: Numbers, words: int, keys: NDArray[np.int64]) -> sp.csr_matrix:
        """1 where a text has the pair of a key."""
        row, key = self.neighbours(known, words)
        order = np.argsort(keys)
        place = np.minimum(np.searchsorted(keys[order], key), keys.size - 1)
        has = keys[order][place] == key
        return _ones(row[has], order[place[has]], (self.rows, keys.size))

    def pieces(self, known: Numbers, names: Sequence[str]) -> sp.csr_matrix:
        """1 where a text has the piece in a word that is none of the words."""
        has, owner, piece = self._cut(known)
        number = _positions(piece, names)
        found = number >= 0
        shape = (len(self.tokens), len(names))
        cut = _ones(owner[found], number[found], shape)
        both = has @ cut
        both.data[:] = 1.0
        return both

    def first_unknown(self, known: Numbers) -> list[str]:
        """Of each text its first word that is none of the words, "" = it has none."""
        outside = np.flatnonzero(known < 0)
        row, first = np.unique(self.row[outside], return_index=True)
        found = [""] * self.rows
        for n, code in zip(row.tolist(), self.code[outside[first]].tolist(), strict=True):
            found[n] = self.tokens[code].as_py()
        return found

    def counted_words(self) -> tuple[pa.Array, NDArray[np.int64]]:
        """Each token, and how many texts have it."""
        return self.tokens, _texts_with(self.incidence(self.code, len(self.tokens)))

    def counted_pairs(self, words: Sequence[str]) -> tuple[pa.Array, NDArray[np.int64]]:
        """Key of each pair of words, and how many texts have it."""
        row, key = self.neighbours(self.known(words), len(words))
        keys, number = np.unique(key, return_inverse=True)
        return pa.array(keys), _texts_with(_ones(row, number, (self.rows, keys.size)))

    def counted_pieces(self, words: Sequence[str]) -> tuple[pa.Array, NDArray[np.int64]]:
        """Each piece of a word that is none of the words, and how many texts have it."""
        has, owner, piece = self._cut(self.known(words))
        named = piece.dictionary_encode()
        number = named.indices.to_numpy(zero_copy_only=False)
        both = has @ _ones(owner, number, (len(self.tokens), len(named.dictionary)))
        both.data[:] = 1.0
        return named.dictionary, _texts_with(both)

    def _cut(self, known: Numbers) -> tuple[sp.csr_matrix, Numbers, pa.Array]:
        """Which texts have which unknown tokens, and the pieces of these tokens."""
        outside = known < 0
        has = _ones(self.row[outside], self.code[outside], (self.rows, len(self.tokens)))
        unknown = np.unique(self.code[outside])
        owner, piece = pieces_of(self.tokens.take(pa.array(unknown)))
        return has, unknown[owner], piece


def _read(texts: pa.Array, reading: Reading) -> Iterator[_Read]:
    for start in range(0, len(texts), CHUNK):
        lists = tokens_of(texts.slice(start, CHUNK), reading)
        length = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
        named = lists.flatten().dictionary_encode()
        code = np.asarray(named.indices.to_numpy(zero_copy_only=False), np.intp)
        yield _Read(len(lists), np.repeat(np.arange(len(lists)), length), code, named.dictionary)


def _positions(names: pa.Array, among: Sequence[str]) -> Numbers:
    found = pc.index_in(names, value_set=pa.array(among, pa.string()))
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.intp)


def _ones(row: Numbers, column: Numbers, shape: tuple[int, int]) -> sp.csr_matrix:
    """1 in these cells, however often they are named."""
    found = sp.csr_matrix((np.ones(row.size), (row, column)), shape=shape)
    found.data[:] = 1.0
    return found


def _unit(block: sp.csr_matrix) -> sp.csr_matrix:
    """The block of zeros and ones with rows of length 1."""
    many = np.maximum(np.diff(block.indptr), 1)
    return sp.diags(1.0 / np.sqrt(many)) @ block


def _largest(cells: sp.csr_matrix) -> tuple[Vector, Numbers]:
    """The largest stored cell of each row and its column; 0 and column 0 in an empty row."""
    many = np.diff(cells.indptr)
    rows = np.flatnonzero(many)
    value, column = np.zeros(many.size), np.zeros(many.size, np.intp)
    if rows.size:
        value[rows] = np.maximum.reduceat(cells.data, cells.indptr[rows])
        is_largest = np.flatnonzero(cells.data == np.repeat(value, many))
        row, first = np.unique(np.repeat(np.arange(many.size), many)[is_largest], return_index=True)
        column[row] = cells.indices[is_largest[first]]
    return value, column


def _texts_with(incidence: sp.csr_matrix) -> NDArray[np.int64]:
    return np.bincount(incidence.indices, minlength=incidence.shape[1]).astype(np.int64)


def _frequent(
    counted: Iterable[tuple[pa.Array, NDArray[np.int64]]], most: float, limit: int
) -> tuple[Any, ...]:
    """What enough texts have and not nearly all, the most frequent first; at most `limit`."""
    parts = [pa.table({"name": name, "texts": texts}) for name, texts in counted]
    if not parts:
        return ()
    total = pa.concat_tables(parts).group_by("name").aggregate([("texts", "sum")])
    texts = total["texts_sum"]
    kept = total.filter(pc.and_(pc.greater_equal(texts, LEAST_PEOPLE), pc.less_equal(texts, most)))
    kept = kept.sort_by([("texts_sum", "descending"), ("name", "ascending")])
    return tuple(kept["name"][:limit].to_pylist())
