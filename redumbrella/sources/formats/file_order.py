"""The order that people mean by the names of files: 2 before 10, dates as dates, copies last.

Paths of one glob come in and go out sorted, the newest last, because of several versions of a
record the later file counts. Names alone are looked at: the time of a file's last change says when
it was copied, not when it was exported.
"""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

# Names of months and their short forms, in English, German, French, Spanish, Italian, Portuguese,
# Dutch and Polish.
_MONTHS = {
    1: "january januar jänner janvier enero gennaio janeiro januari styczeń jan gen ene janv sty",
    2: "february februar février febrero febbraio fevereiro februari luty feb fev fév févr lut",
    3: "march märz maerz mars marzo março maart marzec mar mär mrz mrt",
    4: "april avril abril aprile kwiecień apr avr abr kwi",
    5: "may mai mayo maggio maio mei maj mag",
    6: "june juni juin junio giugno junho czerwiec jun giu cze",
    7: "july juli juillet julio luglio julho lipiec jul juil lug lip",
    8: "august août agosto augustus sierpień aug aoû ago sie",
    9: "september septembre septiembre settembre setembro wrzesień sep sept set wrz",
    10: "october oktober octobre octubre ottobre outubro październik oct okt ott out paź",
    11: "november novembre noviembre novembro listopad nov lis",
    12: "december dezember décembre diciembre dicembre dezembro grudzień dec dez déc dic gru",
}
_MONTH_OF = {name: number for number, names in _MONTHS.items() for name in names.split()}
_WORD = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_MONTH = rf"(?<![^\W\d_])({_WORD})(?![^\W\d_])"
_YEAR = r"(?<!\d)((?:19|20)\d\d)(?!\d)"
_GAP = r"[\s._\-/]*"

_COPY = re.compile(
    r"^(?:copy of|kopie von|copie de|copia de|copia di)\s+(.*)$|"
    r"^(.*?)\s*-?\s*\b(?:copy|kopie|copie|copia|cópia)\b$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^(.*?)\s*\((\d+)\)$")
# Patterns of dates, each with the place of year, month and day among its groups (0: it has none).
_DATES: tuple[tuple[re.Pattern[str], tuple[int, int, int]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), places)
    for pattern, places in (
        (rf"{_YEAR}[-_. ](0?[1-9]|1[0-2])[-_. ](0?[1-9]|[12]\d|3[01])(?!\d)", (1, 2, 3)),
        (r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", (1, 2, 3)),
        (rf"(?<!\d)(0?[1-9]|[12]\d|3[01])[-_. ](0?[1-9]|1[0-2])[-_. ]{_YEAR}", (3, 2, 1)),
        (rf"(?<!\d)(0?[1-9]|1[0-2])[-_. ](0?[1-9]|[12]\d|3[01])[-_. ]{_YEAR}", (3, 1, 2)),
        (rf"(?<!\d)(0?[1-9]|[12]\d|3[01]){_GAP}{_MONTH}{_GAP}{_YEAR}", (3, 2, 1)),
        (rf"{_MONTH}{_GAP}(0?[1-9]|[12]\d|3[01]),?[\s._\-]+{_YEAR}", (3, 1, 2)),
        (rf"{_YEAR}{_GAP}{_MONTH}", (1, 2, 0)),
        (rf"{_MONTH}{_GAP}{_YEAR}", (2, 1, 0)),
        (rf"{_YEAR}[-_. ]?(0[1-9]|1[0-2])(?!\d)", (1, 2, 0)),
        (rf"(?<!\d)(0?[1-9]|1[0-2])[-_. ]{_YEAR}", (2, 1, 0)),
        (r"(?<!\d)((?:19|20)\d\d)(0[1-9]|1[0-2])(?!\d)", (1, 2, 0)),
        (_MONTH, (0, 1, 0)),
    )
)
_QUARTER = re.compile(rf"{_YEAR}{_GAP}[qt]([1-4])|[qt]([1-4]){_GAP}{_YEAR}", re.IGNORECASE)

Key = tuple[tuple[int, int, str], ...]


def sorted_as_meant(paths: Iterable[Path]) -> list[Path]:
    """Files in the order that their names say, the newest last; without a number or date by name.

    2 comes before 10; 2024-01, 01.02.2024, 20240301 and "Jan 2024" are dates (day before month
    where both are possible); "leads (1)" and "leads - Copy" come after "leads".
    """
    return sorted(paths, key=lambda path: (_key(path), str(path)))


def _key(path: Path) -> tuple[tuple[Key, int, int], ...]:
    return tuple(_part(part) for part in (*path.parts[:-1], path.stem))


def _part(name: str) -> tuple[Key, int, int]:
    """What a name sorts by: its words, numbers and dates; whether it is a copy, and which."""
    copy, number = 0, 0
    if numbered := _NUMBERED.match(name):
        name, number = numbered[1], int(numbered[2])
    if copied := _COPY.match(name):
        name, copy = copied[1] or copied[2], 1
    return _words(_with_dates(unicodedata.normalize("NFC", name.casefold()))), copy, number


def _with_dates(name: str) -> str:
    """The first date of a name written so that it sorts as a number between blanks."""
    if found := _QUARTER.search(name):
        year, quarter = found[1] or found[4], found[2] or found[3]
        return _written(name, found, int(year), 3 * int(quarter) - 2, 0)
    for pattern, places in _DATES:
        if found := pattern.search(name):
            year, month, day = (_number(found[place]) if place else 0 for place in places)
            return _written(name, found, year, month, day)
    return name


def _written(name: str, found: re.Match[str], year: int, month: int, day: int) -> str:
    return f"{name[: found.start()]} {year * 10_000 + month * 100 + day} {name[found.end() :]}"


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else _MONTH_OF[text]


def _words(name: str) -> Key:
    """Words and numbers, without what stands between them."""
    found = re.findall(r"\d+|[^\W\d_]+", name)
    return tuple((1, int(one), "") if one.isdecimal() else (0, 0, one) for one in found)
