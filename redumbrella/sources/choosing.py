"""Which of several readings of a column is meant, where more than one fits.

The counts of all columns of a table come in; the reading of each goes out, with what is to be said
about it. Decimal marks and the order of day and month are decided by all rows, then by the other
columns of the table, then by the order of the rows; what stays open is said or asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from redumbrella.sources.counting import Counted, Read, Wanted, is_in_order
from redumbrella.sources.spellings.instants import DAY_FIRST, MONTH_FIRST, ORDERS, day_mark
from redumbrella.sources.spellings.numbers import COMMA_CURRENCIES, doubtful, is_grouped_throughout
from redumbrella.sources.staging import Staging

# Columns of money, in which three decimals are hardly ever meant.
_MONEY = ("amount", "price", "margin", "cost")
_LEAST_GROUPED = 20
_GERMAN_OR_FRENCH = "äöüßéèêçàñãõåøæłżźńśćęą"


@dataclass(frozen=True)
class Choice:
    """How a column is read; what is to be said, what asked. is_guess: nothing decides."""

    read: Read | None
    notes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    is_guess: bool = False


class Chooser:
    """Chooses the readings of the columns of one table, which say something about each other."""

    def __init__(
        self,
        staging: Staging,
        wanted: Sequence[Wanted],
        counts: Sequence[Counted],
        timezone: str,
    ) -> None:
        self._staging, self._timezone = staging, timezone
        more = [(one.of("number", ","), one.of("number", ".")) for one in counts]
        self._has_commas = any(comma > point for comma, point in more)
        self._has_points = any(point > comma for comma, point in more)
        names = "".join(name.lower() for name in staging.columns)
        self._has_accents = any(letter in names for letter in _GERMAN_OR_FRENCH)
        self._orders = [
            (one.origin.column, found, day_mark(one.sample))
            for one, counted in zip(wanted, counts, strict=True)
            if (found := _sure_order(counted))
        ]

    def choose(self, one: Wanted, counted: Counted) -> Choice:
        """The reading of a column that reads most of its values."""
        if not counted.reads:
            return Choice(None)
        best = max(counted.reads, key=lambda read: read.count)
        ties = [read for read in counted.reads if read.count == best.count > 0]
        if best.reading.type == "number":
            return self._number(one, counted, ties or [best])
        if best.reading.type == "time" and len(ties) > 1:
            return self._order(one, ties)
        return Choice(best)

    def _number(self, one: Wanted, counted: Counted, ties: Sequence[Read]) -> Choice:
        by_mark = {read.reading.style: read for read in ties}
        text = doubtful(one.sample)
        if len(by_mark) < 2 or text is None:
            best = by_mark.get("," if self._has_commas else ".", ties[0])
            is_comma = counted.of("number", ",") > counted.of("number", ".")
            return Choice(best, ("numbers with a decimal comma",) if is_comma else ())
        mark = "." if "." in text else ","
        is_thousands, why = self._groups_thousands(one, mark)
        decimal = mark if not is_thousands else "," if mark == "." else "."
        read_as = text.replace(mark, "") if is_thousands else text.replace(mark, ".")
        said = f'"{text}" is read as {read_as} ({why})'
        return Choice(by_mark[decimal], (said,), is_guess=why.startswith("nothing"))

    def _groups_thousands(self, one: Wanted, mark: str) -> tuple[bool, str]:
        """Whether a mark before three digits groups thousands, and why."""
        is_point = mark == "."
        if len(one.sample) >= _LEAST_GROUPED and is_grouped_throughout(one.sample, mark):
            return True, f"smaller numbers have no {'point' if is_point else 'comma'}"
        if self._has_commas != self._has_points:
            said = "comma" if self._has_commas else "point"
            return is_point == self._has_commas, f"other columns have a decimal {said}"
        if any(COMMA_CURRENCIES.search(text) for text in one.sample):
            return is_point, "as is usual for this currency"
        if any(sign in text for text in one.sample for sign in "$£₹"):
            return not is_point, "as is usual for this currency"
        if not is_point:
            return True, "nothing in the file says otherwise"
        why = self._why_point_groups(one)
        return (True, why) if why else (False, "nothing in the file says otherwise")

    def _why_point_groups(self, one: Wanted) -> str | None:
        """Why a point before three digits groups thousands; None: nothing says so."""
        if self._staging.delimiters == {";"}:
            return "values are parted by semicolons, as where a comma marks decimals"
        if self._has_accents:
            return "as is usual where columns have such names"
        if one.kind is not None and one.name in _MONEY:
            return "nothing in the file says otherwise; money hardly has three decimals"
        return None

    def _order(self, one: Wanted, ties: Sequence[Read]) -> Choice:
        """Which of several orders of day and month that read every value equally well is meant."""
        unordered = [read for read in ties if read.reading.style not in ORDERS]
        if unordered:  # the year stands first, or the month is a name
            return Choice(unordered[0])
        styles = " or ".join(read.reading.style for read in ties)
        mark = day_mark(one.sample)  # 8/12 says nothing of 12.8.
        others = {n: o for n, o, m in self._orders if n != one.origin.column and m == mark}
        siblings = set(others.values())
        if len(siblings) == 1:
            order = siblings.pop()
            found = [read for read in ties if read.reading.style == order]
            if found:
                name = next(iter(others))
                return Choice(found[0], (f'read as {order}, like "{name}"',))
        ordered = [read for read in ties if is_in_order(self._staging, one.here, read.reading)]
        if len(ordered) == 1:
            style = ordered[0].reading.style
            said = f"read as {style}: only so do the rows stand in the order of time"
            return Choice(ordered[0], (said,))
        if one.kind is not None:
            asked = (
                f'the times in "{one.origin.column}" can be read as {styles}. Say which: '
                f'{one.name} = {{ column = "{one.origin.column}", '
                f'format = "{ties[0].reading.style}" }}'
            )
            return Choice(ties[0], (), (asked,), is_guess=True)
        wanted = MONTH_FIRST if self._timezone.startswith(("America/", "US/")) else DAY_FIRST
        chosen = next((read for read in ties if read.reading.style == wanted), ties[0])
        said = f"times that fit {styles}: read as {chosen.reading.style}"
        return Choice(chosen, (said,), is_guess=True)


def _sure_order(counted: Counted) -> str | None:
    """The order of day and month that the values of a column decide; None: they do not."""
    orders = [read for read in counted.reads if read.reading.style in ORDERS]
    if len(orders) < 2:
        return orders[0].reading.style if orders and orders[0].count else None
    best, second = sorted(orders, key=lambda read: -read.count)[:2]
    return best.reading.style if best.count > second.count else None
