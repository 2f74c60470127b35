"""Texts that stand where a value is missing.

Texts of a column and how the others are read come in; which of them say that there is no value
goes out. Promise: in a column of texts a word such as NA or None counts as missing only where the
file itself shows that it means so.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

# In a column of numbers, times or yes and no these stand for nothing; in texts they may be names.
_WORDS = ("na", "nan", "null", "none", "nat")
# These are nobody's name.
_SURE = ("n/a", "#n/a", "<na>", "(null)", "[null]", "<null>")
# As programs write a missing value; "Null" and "Nan" are how people write names.
_PROGRAMS = {"NA", "NaN", "nan", "NULL", "null", "None", "NaT"}
MISSING_WORDS = frozenset(
    spelled for word in (*_WORDS, *_SURE) for spelled in (word, word.upper(), word.title())
) | {"NaN", "NaT"}
ALWAYS_MISSING = ("", "\\N")

_KNOWN = frozenset(
    (
        *(
            *_WORDS,
            *_SURE,
            "\\n",
            "n.a.",
            "n. a.",
            "nil",
            "undefined",
            "missing",
            "tbd",
            "tba",
            "tbc",
        ),
        *("inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"),
        *(
            "#div/0!",
            "#ref!",
            "#value!",
            "#name?",
            "#num!",
            "#null!",
            "#error!",
            "#calc!",
            "#spill!",
        ),
        *("unknown", "unbekannt", "inconnu", "desconocido", "desconhecido", "sconosciuto"),
        *("onbekend", "(no value)", "(not set)", "(none)", "(blank)", "(empty)", "(unknown)"),
        *("no value", "no data", "not available", "not applicable", "not set"),
        *("k.a.", "k. a.", "keine angabe", "n/v", "nd", "n.d.", "s/o", "s.o.", "s/d", "o.a."),
    )
)
_MARKS_ONLY = re.compile(r"[^\w\s]{1,5}")
MOST_ODD, _MOST_ODD_SHARE = 5, 0.2
# Days that databases and programs write where there is none, at any time of day.
_NO_DAY = re.compile(
    r"(?:0{1,4}[-/.]0{1,2}[-/.]0{1,4}|(?:0001|1900|1970)-0?1-0?1|0?1[-/.]0?1[-/.]0001|0{8}|"
    r"9{4}-?12-?31|31[-/.]12[-/.]9{4}|12[-/.]31[-/.]9{4}|0|0\.0|-1)(?:[T ,].*)?"
)
_CODE_LIKE = re.compile("[A-Z]{2}")
_MOSTLY = 0.8


def is_known_placeholder(text: str) -> bool:
    """Whether a text stands for nothing in a column whose other values are no words."""
    return text.lower() in _KNOWN or _MARKS_ONLY.fullmatch(text) is not None


def is_no_day(text: str) -> bool:
    """Whether a text is a day that never was and never will be: 0000-00-00, 9999-12-31."""
    return _NO_DAY.fullmatch(text) is not None


def odd_texts(counts: Mapping[str, int], reads: Callable[[str], bool]) -> set[str]:
    """The texts that mean no value in a column whose other texts can be read.

    counts: how often each text occurs. Besides known ones these are up to five repeated words that
    make up at most a fifth of the column. A text with a digit may be a value that is spelled badly.
    """
    failing = [text for text in counts if not reads(text)]
    known = {text for text in failing if is_known_placeholder(text) or is_no_day(text)}
    words = [
        text
        for text in failing
        if text not in known and counts[text] > 1 and not re.search(r"\d", text)
    ]
    many = sum(counts[text] for text in words)
    few = len({text.lower() for text in words}) <= MOST_ODD
    total = sum(counts.values()) - sum(counts[text] for text in known)
    return known | set(words) if few and many <= _MOST_ODD_SHARE * total else known


@dataclass
class MissingWords:
    """What a table shows about how it says that a value is missing.

    has_empty: whether any column has cells without anything. words: the words, in small letters,
    that stand for nothing in its columns of numbers, times and flags. own: the words that the
    settings list, which then are the only ones in columns of text; None: not said.
    """

    has_empty: bool
    own: Sequence[str] | None = None
    words: set[str] = field(default_factory=set)

    def of_text(self, words: Counter[str], texts: Sequence[str], *, empty: int) -> Counter[str]:
        """Which words are missing in a column of texts.

        words: how often each of MISSING_WORDS occurs; texts: a sample of the values; empty: number
        of cells without anything.
        """
        if self.own is not None:
            return Counter()
        others = {text for text in texts if text not in MISSING_WORDS}
        codes = sum(_CODE_LIKE.fullmatch(text) is not None for text in others)
        has_codes = bool(others) and codes >= _MOSTLY * len(others)
        return Counter(
            {
                word: count
                for word, count in words.items()
                if word.lower() in _SURE
                or (not empty and self._is_missing(word) and not (has_codes and word == "NA"))
            }
        )

    def _is_missing(self, word: str) -> bool:
        if word.lower() in self.words:
            return True
        return word in _PROGRAMS and not self.has_empty
