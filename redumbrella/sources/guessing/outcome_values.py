"""Which values of one column mean won, which lost, and which leave a lead open.

A column comes in with its values and how often each stands there; a `ValuesRead` goes out. What
one value says is in `meanings`; here the list decides: "Qualified" is won only beside
"Unqualified" and where no better word is there, and "Other" is lost only in a marketing list.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.looking import Seen
from redumbrella.sources.guessing.meanings import Meaning, ValueCounts, meaning, spoken, yes_or_no
from redumbrella.sources.guessing.outcome_words import MARKETING, OTHER, WON_TIERS
from redumbrella.sources.spellings.values import FALSE, TRUE

_QUALIFIED_TIER = len(WON_TIERS) - 1
_AGREED_TIER = _QUALIFIED_TIER - 1
_LEAST_MARKETING = 2
_MARKETING_ONLY = frozenset(
    ("mql", "sql", "subscriber", "marketingqualifiedlead", "salesqualifiedlead")
)


@dataclass(frozen=True)
class ValuesRead:
    """The values of a column by what they say, each with its count.

    doubtful: values that may say something and count as open. tier: how surely won, 0 the surest;
    is_yes_no: whether they are a word for yes and one for no. empty: rows without a value.
    offered: values that may mean lost where none is named so.
    """

    column: str
    won: ValueCounts
    lost: ValueCounts
    open: ValueCounts
    doubtful: ValueCounts
    empty: int
    tier: int
    is_yes_no: bool
    offered: ValueCounts = ()

    @property
    def is_clear(self) -> bool:
        """Whether some value means won and another one lost."""
        return bool(self.won and self.lost)

    @property
    def leaves_open(self) -> bool:
        """Whether some leads are neither won nor lost."""
        return bool(self.open or self.doubtful or self.empty)

    @property
    def known(self) -> int:
        """How many rows are won or lost."""
        return _total(self.won) + _total(self.lost)

    @property
    def is_agreement(self) -> bool:
        """Whether it only says good or bad, accepted or not, which may be said of anything."""
        return self.tier == _AGREED_TIER

    def source(self) -> ColumnSource:
        """As it is written in umbrella.toml."""
        won, lost = _texts(self.won), _texts(self.lost or self.offered)
        is_plain = _lowered(won) <= set(TRUE) and _lowered(lost) <= set(FALSE)
        if is_plain and won and lost and not self.open and not self.doubtful:
            return ColumnSource(self.column)
        return ColumnSource(self.column, won=won, lost=lost)

    def listed(self) -> str:
        """The three groups with their counts, for a comment."""
        parts = [f"counts as won: {listed(self.won)}", f"as lost: {listed(self.lost)}"]
        rest = (*self.open, *self.doubtful)
        opened = [listed(rest)] if rest else []
        opened += [f"empty {self.empty:,}"] if self.empty else []
        text = "; ".join([*parts, f"still open: {', '.join(opened) or 'none'}"])
        if self.doubtful and self.is_clear:
            text += (
                f". Not sure: {listed(self.doubtful)}, counted as open; if that is wrong, add it "
                "to won or lost"
            )
        return text


def listed(values: ValueCounts, most: int = 8) -> str:
    """Values with their counts: "Closed Won" 165, "Signed" 3."""
    shown = ", ".join(f'"{text}" {count:,}' for text, count in values[:most])
    more = len(values) - most
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def read_values(column: Seen, *, is_named: bool) -> ValuesRead:
    """Sorts the values of a column. is_named: whether its name is that of an outcome, so that
    words for yes and no among other values count.
    """
    said = {text: meaning(text) for text, _ in column.values}
    answers = {text: yes_or_no(text) for text in said}
    is_yes_no = len(said) > 1 and set(answers.values()) == {True, False}
    has_answers = {True, False} <= set(answers.values()) and all(
        answers[text] is not None or one.says in {"open", "won", "lost", "unknown"}
        for text, one in said.items()
    )
    has_numbers = any(text.strip()[:1].isdigit() and answers[text] is not None for text in said)
    if is_yes_no or (is_named and has_answers and not has_numbers):
        for text, answer in answers.items():
            if answer is not None:
                said[text] = Meaning("won" if answer else "lost")
    return _sorted_out(column, said, is_yes_no)


def _sorted_out(column: Seen, said: dict[str, Meaning], is_yes_no: bool) -> ValuesRead:
    lost = [text for text, one in said.items() if one.says == "lost"]
    offered: list[str] = []
    if _is_marketing(said):
        if all(said[text].qualifies for text in lost):
            offered, lost = lost, []
        others = [text for text in said if "".join(spoken(text)) in OTHER]
        if not offered and not lost:
            lost = others
    won, doubtful = _won(said)
    doubtful += [text for text, one in said.items() if one.says in {"doubt", "closed"}]
    doubtful += offered
    counts = dict(column.values)
    rest = [text for text in counts if text not in {*won, *lost, *doubtful}]
    tier = min((said[text].tier for text in won), default=len(WON_TIERS))

    def counted(texts: Sequence[str]) -> ValueCounts:
        return tuple((text, count) for text, count in column.values if text in texts)

    return ValuesRead(
        column=column.name,
        won=counted(won),
        lost=counted(lost),
        open=counted(rest),
        doubtful=counted(doubtful),
        empty=column.rows - column.read.present,
        tier=tier,
        is_yes_no=is_yes_no,
        offered=counted(offered),
    )


def _won(said: dict[str, Meaning]) -> tuple[list[str], list[str]]:
    """The values that mean won, and those that would if there were no better ones."""
    won = {text: one.tier for text, one in said.items() if one.says == "won"}
    sure = {text: tier for text, tier in won.items() if tier < _QUALIFIED_TIER}
    if sure:
        best = min(sure.values())
        return (
            [text for text, tier in sure.items() if tier == best],
            [text for text, tier in sure.items() if tier > best],
        )
    if any(one.says == "lost" and one.qualifies for one in said.values()):
        return list(won), []
    return [], list(won)


def _is_marketing(said: dict[str, Meaning]) -> bool:
    names = {"".join(spoken(text)) for text in said}
    return len(names & MARKETING) >= _LEAST_MARKETING and (
        bool(names & _MARKETING_ONLY) or bool(names & OTHER)
    )


def _texts(values: ValueCounts) -> tuple[str, ...]:
    return tuple(text for text, _ in values)


def _lowered(texts: Sequence[str]) -> set[str]:
    return {text.strip().lower() for text in texts}


def _total(values: ValueCounts) -> int:
    return sum(count for _, count in values)
