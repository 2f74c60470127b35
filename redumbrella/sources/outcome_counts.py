# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Which values of an outcome column count as won, as lost and as still open, with counts.

The typed rows of leads and their staged texts come in; an `OutcomeCounts` and notes go out. Only
rows that can be used are counted.
"""

import json
from dataclasses import dataclass

from redumbrella.lake.quoting import quoted
from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.meanings import ValueCounts, meaning, yes_or_no
from redumbrella.sources.staging import BAD, FILE, ROW
from redumbrella.sources.validation import TypedRows

_MOST = 10_000  # values; nobody reads more
_BEGINNING = 100  # characters
_SHOWN = 6
_LATER_DAYS = 1


@dataclass(frozen=True)
class OutcomeCounts:
    """The values of the outcome column, by what they count as, most frequent first.

    An empty text stands for rows without a value. unreadable: values that are neither, whose rows
    are set aside.
    """

    column: str
    won: ValueCounts
    lost: ValueCounts
    open: ValueCounts
    unreadable: ValueCounts = ()

    @property
    def totals(self) -> tuple[int, int, int]:
        """How many rows are won, lost and open."""
        won, lost, opened = (sum(n for _, n in g) for g in (self.won, self.lost, self.open))
        return won, lost, opened


def count_outcomes(rows: TypedRows) -> OutcomeCounts | None:
    """Counts the values of the outcome; None where the table has none.

    To be asked before the staged texts are dropped.
    """
    read = next((one for one in rows.read if one.name == "won" and one.kind is not None), None)
    if read is None or read.here not in rows.staging.columns.values():
        return None
    text = f"coalesce(left(s.{read.here}::VARCHAR, {_BEGINNING}), '')"
    group = "CASE WHEN t.won THEN 'won' WHEN NOT t.won THEN 'lost' ELSE 'open' END"
    found = rows.staging.connection.execute(
        f"SELECT CASE WHEN t.{BAD} IS NULL THEN {group} ELSE 'unreadable' END AS said, "
        f"{text} AS value, count(*) AS number "
        f"FROM {rows.name} t JOIN {quoted(rows.staging.name)} s "
        f"ON t.{FILE} = s.{FILE} AND t.{ROW} = s.{ROW} "
        f"WHERE t.{BAD} IS NULL OR t.{BAD} = 'unreadable_value:won' "
        f"GROUP BY ALL ORDER BY number DESC, value LIMIT {_MOST}"
    ).fetchall()
    groups: dict[str, list[tuple[str, int]]] = {"won": [], "lost": [], "open": [], "unreadable": []}
    for said, value, number in found:
        groups[said].append((value, number))
    return OutcomeCounts(read.column, *(tuple(group) for group in groups.values()))


def outcome_text(counts: OutcomeCounts, most: int = _SHOWN) -> str:
    """One line: won: Closed Won 165; lost: Closed Lost 343; open: New 120, empty 3 and 4 more."""
    groups = (("won", counts.won), ("lost", counts.lost), ("open", counts.open))
    return "; ".join(f"{name}: {_listed(group, most)}" for name, group in groups)


def outcome_notes(
    counts: OutcomeCounts, origin: ColumnSource, lost_after_days: float | None = None
) -> list[str]:
    """What is strange about the outcomes of a source, and what to write in umbrella.toml.

    lost_after_days: the age at which a lead without an outcome counts as lost, where it is given.
    """
    notes = []
    won, lost, opened = counts.totals
    if counts.unreadable:
        notes.append(_unreadable_note(counts, origin))
    said = f'"{counts.column}"'
    if won and opened and not lost and lost_after_days is not None:
        notes.append(
            f"By {said} nobody is lost (won {won:,}, open {opened:,}): leads open longer than "
            f"{lost_after_days:g} days count as lost."
        )
    elif won and not lost:
        which = "every lead is won" if not opened else "nobody is lost"
        notes.append(
            f"By {said} {which} (won {won:,}, open {opened:,}), so nothing can be learned. Which "
            f"values mean lost? {settings_line(counts, origin)} If lost leads are not written "
            "down, say lost_after_days = 180 under [tables.leads]: leads open longer than that "
            "count as lost."
        )
    elif lost and not won:
        notes.append(
            f"By {said} nobody is won (lost {lost:,}, open {opened:,}), so nothing can be learned. "
            f"Which values mean won? {settings_line(counts, origin)}"
        )
    elif won and lost and not opened:
        notes.append(
            f"By {said} no lead is open (won {won:,}, lost {lost:,}), so there is nobody to rank. "
            "If some of the lost ones are still open, say which column tells it, such as "
            f'won = {{ column = "{counts.column}", decided = "IsClosed" }}'
        )
    present = {text.strip().lower() for group in (counts.won, counts.lost) for text, _ in group}
    missing = [text for text in (*origin.won, *origin.lost) if text.strip().lower() not in present]
    if missing and (won or lost or opened):
        listed = ", ".join(f'"{text}"' for text in missing)
        notes.append(
            f"Of the values named in umbrella.toml, {listed} never stands in {said}. Is it "
            "spelled as in the file?"
        )
    return notes


def closing_note(rows: TypedRows) -> list[str]:
    """How many leads with an outcome were closed before the day they came in."""
    named = {column.name for column in rows.read if column.kind == "time" and column.present}
    if not {"created_at", "closed_at"} <= named or rows.table.column("won") is None:
        return []
    # Days may be stored at their end, so that only what is a day earlier is surely wrong.
    (count,) = rows.staging.one(
        f"SELECT count(*) FROM {rows.name} WHERE {BAD} IS NULL AND won IS NOT NULL "
        f"AND closed_at < created_at - INTERVAL {_LATER_DAYS} DAY"
    )
    if not count:
        return []
    column = next(one.column for one in rows.read if one.name == "closed_at")
    return [
        f'Leads that are won or lost and whose "{column}" lies before they came in: {count:,}. '
        "They count as decided; when they closed counts as unknown. If the dates are wrong, "
        "correct them in the source."
    ]


def _unreadable_note(counts: OutcomeCounts, origin: ColumnSource) -> str:
    return (
        f'Values of "{counts.column}" that are neither won nor lost: '
        f"{_listed(counts.unreadable, _SHOWN)}. Their rows are set aside. Say which values mean "
        "won and which lost; every other one then means still open: "
        f"{settings_line(counts, origin)}"
    )


def settings_line(counts: OutcomeCounts, origin: ColumnSource) -> str:
    """A line for umbrella.toml: values that are known to mean won or lost, dots where none is."""
    known = [text for text, _ in counts.unreadable]
    won = origin.won or tuple(text for text, _ in counts.won)
    lost = origin.lost or tuple(text for text, _ in counts.lost)
    won += tuple(text for text in known if _is_won(text) is True)
    lost += tuple(text for text in known if _is_won(text) is False)
    values = f"won = [{_quoted(won or ('...',))}], lost = [{_quoted(lost or ('...',))}]"
    if origin.decided is not None:
        values += f", decided = {json.dumps(origin.decided, ensure_ascii=False)}"
    return f"won = {{ column = {json.dumps(counts.column, ensure_ascii=False)}, {values} }}"


def _is_won(text: str) -> bool | None:
    says = meaning(text).says
    return says == "won" if says in {"won", "lost"} else yes_or_no(text)


def _quoted(texts: tuple[str, ...]) -> str:
    return ", ".join(json.dumps(text, ensure_ascii=False) for text in texts)


def _listed(group: ValueCounts, most: int) -> str:
    shown = ", ".join(f"{text or 'empty'} {number:,}" for text, number in group[:most])
    more = len(group) - most
    return (f"{shown} and {more} more" if more > 0 else shown) or "none"
