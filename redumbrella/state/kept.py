"""Answers that are kept while what they were read from stays as it is.

To sum or to count a million rows takes a second, and every page of a list says how many there are
and what they bring. The rows of a list in use do not change until another is taken (see `lists`),
so that what was read of them once is right until then. In: a statement; out: its rows, which the
database is asked for once. Promise: an answer is given again only where each table that the
statement reads is a list with the same mark, or `score_changes` with the same days; everything else
is asked anew. They are kept in the memory of this process, at most `most` of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, Select, Table, func, select
from sqlalchemy.sql.visitors import iterate

from redumbrella.state.history import score_changes, score_days

MARK = "list"  # in the `info` of a table: which list it is, and how often it was changed
MOST_ROWS = 20_000  # of one answer; longer ones are not kept
T = TypeVar("T")


class KeptAnswers:
    """The answers that one opened state database has given, the oldest forgotten first."""

    def __init__(self, most: int = 2_000) -> None:
        self._most = most
        self._lock = Lock()
        self._found: OrderedDict[Hashable, Any] = OrderedDict()
        self._being_made: dict[Hashable, Lock] = {}

    def answer(self, key: Hashable, make: Callable[[], T], *, fits: Callable[[T], bool]) -> T:
        """The answer of this key; made once, even where several threads ask at the same time."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                known: T = self._found[key]
                return known
            making = self._being_made.setdefault(key, Lock())
        with making:
            with self._lock:
                if key in self._found:
                    meanwhile: T = self._found[key]
                    return meanwhile  # another thread made it
            try:
                made = make()
                with self._lock:
                    if fits(made):
                        self._found[key] = made
                    while len(self._found) > self._most:
                        self._found.popitem(last=False)
            finally:
                with self._lock:
                    self._being_made.pop(key, None)
        return made


def kept(connection: Connection, used: Table, what: Hashable, make: Callable[[], T]) -> T:
    """What was made of a list in use, made again only where the list is another one.

    what: tells this answer from all others about the list, with everything that it depends on.
    """
    answers: KeptAnswers | None = connection.get_execution_options().get("kept")
    mark = used.info.get(MARK)
    if answers is None or mark is None:
        return make()
    return answers.answer((mark, what), make, fits=lambda _: True)


def kept_rows(connection: Connection, statement: Select[Any]) -> Sequence[RowMapping]:
    """The rows of a statement, from what is kept where they cannot have changed."""
    options = connection.get_execution_options()
    answers: KeptAnswers | None = options.get("kept")
    marks = None if answers is None else _marks(connection, statement)
    if answers is None or marks is None:
        return connection.execute(statement).mappings().all()
    compiled = statement.compile(dialect=connection.dialect)
    values = tuple(sorted((name, _plain(value)) for name, value in compiled.params.items()))
    return answers.answer(
        (marks, str(compiled), values),
        lambda: connection.execute(statement).mappings().all(),
        fits=lambda rows: len(rows) <= MOST_ROWS,
    )


def _plain(value: Any) -> str:
    """A parameter as a part of a key: 1, 1.0 and "1" are not the same."""
    return f"{type(value).__name__} {value!r}"


def _marks(connection: Connection, statement: Select[Any]) -> Hashable | None:
    """What tells whether the tables of a statement are as they were; None where nothing does."""
    tables = {part for part in iterate(statement) if isinstance(part, Table)}
    marks = {table.info.get(MARK) for table in tables if table is not score_changes}
    if None in marks or not tables:
        return None
    if score_changes in tables:
        days = select(func.count(), func.max(score_days.c.number)).select_from(score_days)
        marks.add(("score_days", *connection.execute(days).one()))
    return frozenset(marks)
