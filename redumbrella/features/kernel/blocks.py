"""Window variables of many people at many instants, as one sparse matrix.

In: logs (grouped histories) and rows (a person and an instant each). Out: a sparse matrix, one row
per row asked for. Promises: a row depends only on facts that happened, and were known, strictly
before its instant; and not on threads, on chunks, or on the order in which facts were given.

A stored cell says that the person has at least one such fact in that window; the cell may be zero
(a call of unknown length). Every cell that is not stored is zero: never.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from redumbrella.errors import DataError
from redumbrella.features.kernel.streams import Log
from redumbrella.features.kernel.threads import in_chunks, read_only
from redumbrella.features.kernel.variables import count_variables, write_variables
from redumbrella.features.kernel.windows import FeatureSet, Layout, layout

Scope = Literal["", "this_product", "this_product_type", "everything"]
SCOPES: tuple[Scope, ...] = ("this_product", "this_product_type", "everything")

_ROWS_PER_CHUNK = 2_048
_INT32_MAX = np.iinfo(np.int32).max
_NO_SCOPE = np.empty(0, np.int32)


@dataclass(frozen=True, eq=False)
class Block:
    """The columns made of one log: all of its facts, or those within a scope of products.

    Scope "" and "everything" take every fact, "this_product" the facts about the row's product,
    "this_product_type" the facts about any product of the same type.
    """

    log: Log
    feature_set: FeatureSet
    scope: Scope = ""

    @property
    def layout(self) -> Layout:
        """Where each variable stands within the block's columns."""
        stream = self.log.stream
        return layout(
            self.feature_set,
            len(stream.codes),
            has_duration=stream.has_duration,
            has_value=stream.has_value,
        )


@dataclass(frozen=True, eq=False)
class Rows:
    """What is asked for: person (n, int32, -1 = nobody known), as_of (n, int64 UTC microseconds).

    product (n, int32, -1 = none) and product_type (type of each product, int32, -1 = none) are
    needed by blocks with a scope of products.
    """

    person: NDArray[np.int32]
    as_of: NDArray[np.int64]
    product: NDArray[np.int32] | None = None
    product_type: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.person)

    def take(self, chosen: NDArray[np.int64]) -> "Rows":
        """Some of the rows."""
        product = None if self.product is None else self.product[chosen]
        return rows(self.person[chosen], self.as_of[chosen], product, self.product_type)


@dataclass(eq=False)
class MatrixBuffer:
    """Memory for cells that one matrix after another may use: new memory costs more than the work.

    A matrix made with a buffer is valid until the next one is made with it.
    """

    indices: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    data: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    def cells(self, n: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Column numbers and values of n cells, not initialised."""
        if len(self.data) < n:
            self.indices, self.data = np.empty(n, np.int32), np.empty(n, np.float32)
        return self.indices[:n], self.data[:n]


def rows(
    person_index: NDArray[np.int32],
    as_of: NDArray[np.int64] | int,
    product: NDArray[np.int32] | None = None,
    product_type: NDArray[np.int32] | None = None,
) -> Rows:
    """Rows of the right types; one instant serves all people.

    Raises:
        DataError: people, instants or products of different lengths.
    """
    person = read_only(np.asarray(person_index, np.int32))
    instants = np.asarray(as_of, np.int64)
    if instants.ndim == 0:
        instants = np.full(len(person), instants, np.int64)
    if len(instants) != len(person) or (product is not None and len(product) != len(person)):
        raise DataError(
            f"{len(person)} people, {len(instants)} instants and "
            f"{'no' if product is None else len(product)} products do not make rows: "
            "give one instant (and one product) per person.",
            reason="row_lengths",
        )
    return Rows(person, read_only(instants), product, product_type)


def features(
    blocks: Sequence[Block],
    asked: Rows,
    *,
    threads: int | None = None,
    buffer: MatrixBuffer | None = None,
) -> sp.csr_matrix:
    """The columns of several blocks side by side, written once: float32 CSR (n, all columns).

    Raises:
        DataError: a person that a log does not have, or a scope without products.
    """
    work = Work(blocks, asked, threads)
    indptr = np.zeros(len(asked) + 1, np.int64)
    np.cumsum(work.count(), out=indptr[1:])
    indices, data = (buffer or MatrixBuffer()).cells(int(indptr[-1]))
    work.write(indptr[:-1], indices, data)
    return csr(indptr, indices, data, work.n_columns)


class Work:
    """Several blocks for some rows: first `count`, then `write`, their cells."""

    def __init__(self, blocks: Sequence[Block], asked: Rows, threads: int | None = None) -> None:
        self._works = [BlockWork(block, asked, threads) for block in blocks]
        self._cells = np.zeros((len(blocks), len(asked)), np.int64)
        self.n_columns = sum(work.layout.n_columns for work in self._works)

    def count(self) -> NDArray[np.int64]:
        """Number of cells of each row (n)."""
        for work, cells in zip(self._works, self._cells, strict=True):
            work.count(cells)
        total: NDArray[np.int64] = self._cells.sum(axis=0)
        return total

    def write(
        self,
        position: NDArray[np.int64],
        indices: NDArray[np.int32],
        data: NDArray[np.float32],
    ) -> None:
        """Write row r's cells to position[r] and on; only after `count`."""
        first_column, position = 0, position.copy()
        for work, cells in zip(self._works, self._cells, strict=True):
            work.write(position, first_column, indices, data)
            position += cells
            first_column += work.layout.n_columns


class BlockWork:
    """One block for some rows, as compiled code takes them."""

    def __init__(self, block: Block, asked: Rows, threads: int | None) -> None:
        log = block.log
        if len(asked) and int(asked.person.max()) >= log.people:
            raise DataError(
                f"Person {int(asked.person.max())} was asked for, but the log "
                f'"{log.stream.name}" has {log.people} people, numbered from 0. '
                "Use the index that the log was made with.",
                reason="unknown_person",
            )
        scope, wanted = _scope(block, asked)
        self.layout = block.layout
        # Plain tuples: compiled code in a cache must not depend on a class of ours.
        histories = log.histories
        self.histories = (log.offsets, histories.records, tuple(histories.words), scope)
        self.wanted = wanted
        self._rows = (asked.person, asked.as_of, wanted)
        self._n_rows = len(asked)
        self._longest = int(np.diff(log.offsets).max(initial=0))
        self._threads = threads

    def count(self, cells: NDArray[np.int64]) -> None:
        """Write the number of cells of each row to `cells` (n)."""
        plan = self.layout
        block_cells = np.diff(np.stack([plan.code_cells.start, plan.stream_cells.start]))
        self._in_chunks(
            lambda first, end: count_variables(
                first,
                end,
                *self._rows,
                self.histories,
                plan.window_of_day,
                plan.n_codes,
                block_cells,
                cells,
            )
        )

    def write(
        self,
        position: NDArray[np.int64],
        first_column: int,
        indices: NDArray[np.int32],
        data: NDArray[np.float32],
    ) -> None:
        """Write row r's cells to position[r] and on; columns count from first_column."""
        plan = self.layout
        self._in_chunks(
            lambda first, end: write_variables(
                first,
                end,
                *self._rows,
                self.histories,
                plan.window_of_day,
                tuple(plan.code_cells),
                tuple(plan.stream_cells),
                plan.n_codes,
                plan.code_width,
                plan.long_seconds,
                self._longest,
                position,
                first_column,
                indices,
                data,
            )
        )

    def _in_chunks(self, task: Callable[[int, int], object]) -> None:
        in_chunks(task, self._n_rows, chunk=_ROWS_PER_CHUNK, threads=self._threads)


def _scope(block: Block, asked: Rows) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """What facts are about and what each row wants; -1 never equals -2, so nothing fits nothing."""
    about, wanted = block.log.facts.product, asked.product
    if block.scope in {"", "everything"}:
        return _NO_SCOPE, read_only(np.zeros(len(asked), np.int32))
    if wanted is None or asked.product_type is None or len(about) != len(block.log):
        raise DataError(
            f'The scope "{block.scope}" of "{block.log.stream.name}" needs the product of every '
            "fact and of every row, and the type of every product. Give them (-1 = none), or "
            'use the scope "everything".',
            reason="no_products",
        )
    if block.scope == "this_product_type":
        type_of = np.append(asked.product_type, -1).astype(np.int32)  # product -1 has type -1
        about, wanted = type_of[about], type_of[wanted]
    scope = np.where(about < 0, np.int32(-2), about)
    return scope.astype(np.int32), read_only(np.asarray(wanted, np.int32))


def csr(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int32],
    data: NDArray[np.float32],
    n_columns: int,
) -> sp.csr_matrix:
    """A CSR matrix around arrays that are known to be right, without copy or check."""
    matrix = sp.csr_matrix((len(indptr) - 1, n_columns), dtype=np.float32)
    matrix.indptr = indptr if indptr[-1] > _INT32_MAX else indptr.astype(np.int32)
    matrix.indices = indices
    matrix.data = data
    matrix.has_sorted_indices = True
    matrix.has_canonical_format = True
    return matrix
