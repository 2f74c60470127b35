"""Which column of a file is the outcome, and which of its values mean won and lost.

The columns of a file come in; one `Choice` for `won` goes out. Its origin is None where no column
says it surely: then the choice says what was seen, and proposes what a person may put in. Nothing
is decided by how often a value stands there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.decided import is_not_decided
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.looking import Seen
from redumbrella.sources.guessing.meanings import meaning, spoken, yes_or_no
from redumbrella.sources.guessing.outcome_values import ValuesRead, listed, read_values
from redumbrella.sources.guessing.outcome_words import (
    BOUGHT,
    CLOSED,
    ENDED,
    HAS,
    LOST,
    NEGATIONS,
    NO_ANSWER,
    NO_STAGE,
    OUTCOME_WORDS,
    PAST_WORDS,
    STAGE_NAMES,
    WON,
)

LOST_AFTER_DAYS = 180  # proposed where nobody is lost
_BEST_TIERS = 2  # of the words for won: those of a sale itself


@dataclass(frozen=True)
class _Candidate:
    """A column that says won and lost; decided: the column that says whether a row is closed."""

    column: Seen
    values: ValuesRead
    rank: int
    decided: Seen | None = None

    def source(self) -> ColumnSource:
        source = self.values.source()
        return replace(source, decided=self.decided.name) if self.decided else source


def guess_outcome(columns: Sequence[Seen]) -> Choice:
    """The column with the outcome.

    First come stages that say won and lost and leave others open, then yes and no with empty cells
    for open leads. Names only break ties.
    """
    found = sorted(
        _candidates(columns), key=lambda one: (one.rank, *_name_rank(one.column, columns))
    )
    if not found or _is_of_open_leads(found[0], columns):
        return _question(columns, found)
    best = found[0]
    others = tuple(one.column.name for one in found[1:])[:5]
    known = best.values.known if best.decided is None else _closed_count(best.decided)
    return Choice("won", best.source(), _why(best, columns), others, known)


def is_told_for_some(column: Seen) -> bool:
    """Won or lost for some rows, empty for others: so looks an outcome while leads are open."""
    if not _may_be(column) or _is_turned(column):
        return False
    values = read_values(column, is_named=False)
    is_sale = values.tier == 0 and not values.open and not values.doubtful
    return values.is_clear and is_sale and 0 < column.read.present < column.rows


def _candidates(columns: Sequence[Seen]) -> Iterator[_Candidate]:
    """Columns that say both won and lost, each with how good it is, 0 the best."""
    for column in columns:
        if not column.values or not _may_be(column) or _is_turned(column):
            continue
        is_named = _is_named(column)
        values = read_values(column, is_named=is_named)
        if not values.is_clear:
            continue
        if values.is_yes_no:
            # Yes and no are said of many things, so here the name decides.
            if is_named and not _is_of_closing(column):
                decided = None if values.empty else _decided_by(values, columns)
                rank = 1 if values.empty else 5 if decided is None else 2
                yield _Candidate(column, values, rank, decided)
        elif is_named or not values.is_agreement:
            is_sale = values.tier < _BEST_TIERS
            rank = (0 if values.leaves_open else 3) if is_sale else 4
            yield _Candidate(column, values, rank)


def _is_of_closing(column: Seen) -> bool:
    """Whether it says that a lead is closed, but not how: "IsClosed", or that it has something."""
    said = spoken(column.name)
    is_about_winning = set(said) & (WON | BOUGHT)
    return not is_about_winning and (not CLOSED.isdisjoint(said) or said[0] in HAS)


def _decided_by(values: ValuesRead, columns: Sequence[Seen]) -> Seen | None:
    """The column that says which rows are closed, for a flag that is no for open ones too."""
    won = sum(count for _, count in values.won)
    for column in columns:
        said = set(spoken(column.name))
        is_named = bool(said & CLOSED) and not said & (LOST | ENDED | WON)
        if column.is_time:
            if is_named and won < column.read.present < column.rows:
                return column
        elif (
            column.name != values.column
            and _may_be(column)
            and _says_closed(column, is_named)
            and won <= _closed_count(column) < column.rows
        ):
            return column
    return None


def _says_closed(column: Seen, is_named: bool) -> bool:
    """Yes and no in a column called closed, or the words open and closed."""
    said = {_is_closed(text) for text, _ in column.values}
    words = {meaning(text).says for text, _ in column.values}
    return said == {True, False} and (is_named or "closed" in words)


def _is_closed(text: str) -> bool | None:
    """Whether a value calls its row closed; None where it does not say it."""
    if is_not_decided(text):
        return False
    return True if yes_or_no(text) is True or meaning(text).says == "closed" else None


def _closed_count(column: Seen) -> int:
    """How many rows a column calls closed: those that are not empty, no or open."""
    if column.is_time:
        return column.read.present
    return sum(count for text, count in column.values if _is_closed(text))


def _is_of_open_leads(best: _Candidate, columns: Sequence[Seen]) -> bool:
    """Whether yes and no stand in every row, although a stage says that some are still open."""
    if not best.values.is_yes_no or best.values.empty or best.decided is not None:
        return False
    return any(
        any(meaning(text).says == "open" for text, _ in column.values)
        for column in columns
        if column is not best.column and _may_be(column) and _is_stage(column)
    )


def _may_be(column: Seen) -> bool:
    """Whether its name does not say that it is about something else, or about an earlier time."""
    said = set(spoken(column.name))
    has_answers = bool(column.values) and all(
        yes_or_no(text) is not None for text, _ in column.values
    )
    other = NO_ANSWER if has_answers else NO_STAGE
    if "status" in said and not said & LOST:  # "Status Reason" is a finer status
        other = other - {"reason"}
    return not column.is_time and not said & PAST_WORDS and not said & other


def _is_turned(column: Seen) -> bool:
    """Whether a yes in it means lost: "Lost", "not converted"."""
    said = set(spoken(column.name))
    has_both = any(meaning(text).says in {"won", "lost"} for text, _ in column.values)
    return bool(said & (LOST | ENDED | NEGATIONS)) and not has_both


def _is_named(column: Seen) -> bool:
    return not set(spoken(column.name)).isdisjoint({*OUTCOME_WORDS, *WON, *BOUGHT})


def _is_stage(column: Seen) -> bool:
    said = spoken(column.name)
    return not STAGE_NAMES.isdisjoint(said) or "".join(said) in STAGE_NAMES


def _name_rank(column: Seen, columns: Sequence[Seen]) -> tuple[int, int]:
    said = spoken(column.name)
    found = [OUTCOME_WORDS.index(word) for word in said if word in OUTCOME_WORDS]
    return min(found, default=len(OUTCOME_WORDS)), -columns.index(column)


def _why(best: _Candidate, columns: Sequence[Seen]) -> str:
    values = best.values
    why = values.listed()
    if best.decided is not None:
        open_yet = best.column.rows - _closed_count(best.decided)
        why = (
            f"counts as won: {listed(values.won)}; as lost: {listed(values.lost)}, but only "
            f'where "{best.decided.name}" says closed; still open: {open_yet:,} where it does not'
        )
    elif not values.leaves_open:
        why += ", as it is never empty: nobody is left to rank"
    for said, group in (("won", values.won), ("lost", values.lost)):
        total = sum(count for _, count in group)
        dated = [c.name for c in columns if c.is_time and c.read.present == total < c.rows]
        if dated:
            why += f'. "{dated[0]}" is filled for as many rows as are {said}'
    return why


def _question(columns: Sequence[Seen], found: Sequence[_Candidate]) -> Choice:
    """What to ask a person, with the column that is likeliest and what its values are."""
    if found:
        best = found[0]
        why = (
            f'"{best.column.name}" says yes or no in every row ({best.values.listed()}), also for '
            "leads that another column calls open. Which column says won, lost and still open?"
        )
        return Choice("won", None, why, proposal=best.source())
    asked = sorted(
        (c for c in columns if c.values and _may_be(c) and (_is_named(c) or _is_half(c))),
        key=lambda column: (
            not _is_named(column),
            not _is_half(column),
            not _is_stage(column),
            *_name_rank(column, columns),
        ),
    )
    two = tuple(column.name for column in columns if len(column.values) == 2)
    if not asked:
        why = (
            "no column says won or lost in words that are known. Without it nothing can be "
            "learned. Which column is the outcome, and which values mean won and lost?"
        )
        return Choice("won", None, why, two)
    column = asked[0]
    values = read_values(column, is_named=True)
    if _is_turned(column):
        values = replace(values, won=(), lost=(), open=column.values, doubtful=())
    elif all(yes_or_no(text) is True for text, _ in column.values) and _is_named(column):
        values = replace(values, won=column.values, open=())  # yes or nothing
    others = tuple(other.name for other in (*asked[1:], *columns) if other is not column)
    named = {*two, *(other.name for other in asked)}
    others = tuple(dict.fromkeys(name for name in others if name in named))[:5]
    by_age = _is_without_losses(values)
    why = _asked_of_age(column, values) if by_age else _asked(column, values)
    # Where no value is known, a cell that is filled for a part of the rows may be an outcome.
    known = values.known or (column.read.present if values.empty else 0)
    proposal = _proposed(values)
    return Choice("won", None, why, others, known, proposal=proposal, lost_by_age=by_age)


def _is_without_losses(values: ValuesRead) -> bool:
    """Whether some leads are won and all others surely open: nobody writes lost ones down."""
    is_open = all(meaning(text).says == "open" for text, _ in values.open)
    is_clear = not (values.lost or values.offered or values.doubtful) and values.leaves_open
    return bool(values.won) and is_open and is_clear


def _asked_of_age(column: Seen, values: ValuesRead) -> str:
    rest = listed((*values.open, *([("", values.empty)] if values.empty else []))).replace(
        '""', "empty"
    )
    return (
        f'"{column.name}" calls {listed(values.won)} won and nobody lost ({rest}). Are lost leads '
        "written down? If so, add the values that mean lost; if not, only age can tell them: "
        f"lost_after_days = {LOST_AFTER_DAYS} under [tables.leads] counts leads that are open "
        "longer as lost"
    )


def _is_half(column: Seen) -> bool:
    values = read_values(column, is_named=True)
    return bool(values.won or values.lost or values.offered)


def _asked(column: Seen, values: ValuesRead) -> str:
    empty = f", empty {values.empty:,}" if values.empty else ""
    seen = f'"{column.name}" has {listed(column.values, 12)}{empty}'
    if _is_turned(column):
        return f'{seen}. Is a yes in "{column.name}" a lost lead? Which leads are still open?'
    if values.is_clear:
        return f"{seen}. Is {listed(values.won)} a won lead, and {listed(values.lost)} a lost one?"
    if values.won and values.offered:
        offered = listed(values.offered)
        return (
            f"{seen}. Won is {listed(values.won)}, and no value is named lost; {offered} may be "
            "meant. Which values mean lost?"
        )
    if values.won:
        return f"{seen}. Won is {listed(values.won)}. Which values mean lost? The rest is open"
    if values.lost:
        return f"{seen}. Lost is {listed(values.lost)}. Which values mean won? The rest is open"
    return f"{seen}. Which values mean won, and which lost? The rest is open"


def _proposed(values: ValuesRead) -> ColumnSource:
    lost = values.lost or values.offered
    closed = [text for text, _ in values.doubtful if meaning(text).says == "closed"]
    won = [text for text, _ in values.won] or (closed if lost else [])
    won = [text for text in won if text not in {one for one, _ in lost}]
    return ColumnSource(values.column, won=tuple(won), lost=tuple(text for text, _ in lost))
