"""Which column of a file of leads is the id of a lead.

Columns come in; the choice of lead_id and its column go out. Names come first, then values that
look like codes and differ in every row. Promise: the number of the row is taken only where no
column looks like an id, and the reason that is given is true.
"""

import re
from collections.abc import Sequence

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.columns import LEAST_PRESENT
from redumbrella.sources.guessing.looking import Seen
from redumbrella.sources.guessing.names import WITHOUT_OWNER, means, rank_of
from redumbrella.sources.guessing.synonyms import BUT
from redumbrella.sources.guessing.vocabulary import bag, words

# So many ids of all must be different, so that a column without a sure name is an id.
_MOSTLY_DIFFERENT = 0.9
# At least such a share where the name says lead id, and each row is a version of a lead.
_VERSIONS = 0.02
# At least such a share where the name only says id, and no column has more different values.
_COPIES = 0.3
_FIRST_BARE = rank_of("id", "lead_id", "leads") or WITHOUT_OWNER
# "Dossiernummer", "Offerte-Nr.", "Numéro de dossier"; "Number of employees" is none by its BUT.
_NUMBERS = bag("nummer number numero numer nr no num ref")
_WRITTEN_TOGETHER = ("nummer", "number", "numer", "nr")
_COUNTED = bag("of anzahl count")
_NO_CODES = bag(
    "page session days visits times activities employees mitarbeiter phone telefon postal zip plz "
    "postcode postleitzahl cap age alter score rating house hausnummer seconds minutes hours "
    "revenue umsatz budget cost kosten year jahr sqm qm kwh km size ip area "
    "flache wohnflache surface superficie oppervlakte powierzchnia verbrauch consumption"
)
# A dot stands before a digit only: "2024.017", but no "example.org".
_CODE = re.compile(r"(?!www\.)[#{]?[^\W_](?:[\w/#{}+=-]|\.(?=\d)){0,39}")
# Whole numbers that are ids leave few gaps, or are long.
_GAPS = 5
_LONG = 8  # digits


def lead_id_of(columns: Sequence[Seen]) -> tuple[Choice, Seen | None]:
    """The choice of lead_id, and its column unless it is the number of the row.

    A few blank or repeated ids do not make another column the id: they are counted and said.
    """
    return _chosen(_sure_ids(columns) or _people(columns))


def any_lead_id_of(columns: Sequence[Seen]) -> tuple[Choice, Seen | None]:
    """The same in a file that is known to hold leads: any code of its own in every row will do."""
    sure = _sure_ids(columns) or _copied_ids(columns)
    if sure:
        return _chosen(sure)
    codes = [column for place, column in enumerate(columns) if _is_any_code(column, place == 0)]
    if not codes:
        return _chosen(_people(columns))
    others = tuple(column.name for column in codes[1:5])
    why = f"{_why_id(codes[0])}; nothing better is named so"
    return Choice("lead_id", ColumnSource(codes[0].name), why, others), codes[0]


def ids_of_leads(columns: Sequence[Seen]) -> list[Seen]:
    """Columns that only leads have: "Lead Number", but not a bare "Number"."""
    return [
        column
        for column in columns
        if _may_be_id(column)
        and (rank := _id_rank(column)) is not None
        and rank < _FIRST_BARE
        and len(words(column.name)) > 1
    ]


def _chosen(found: Sequence[Seen]) -> tuple[Choice, Seen | None]:
    if not found:
        why = (
            "no column looks like an id, a code of its own in every row: the number of the row "
            "serves as id"
        )
        return Choice("lead_id", ColumnSource(row=True), why), None
    others = tuple(column.name for column in found[1:5])
    return Choice("lead_id", ColumnSource(found[0].name), _why_id(found[0]), others), found[0]


def _sure_ids(columns: Sequence[Seen]) -> list[Seen]:
    """Columns that are ids by their name, or codes with letters and digits in every row."""
    plain = [column for column in columns if _may_be_id(column)]
    return (
        _named_ids(plain)
        or [column for column in plain if _is_named_number(column)]
        or [column for column in plain if _looks_like_an_id(column)]
    )


def _people(columns: Sequence[Seen]) -> list[Seen]:
    """E-mails or names that are different in every row."""
    unique = [column for column in columns if column.is_unique and column.read.type == "text"]
    return [column for column in unique if means(column.name, "email")] or [
        column for column in unique if words(column.name)[-1:] == ("name",)
    ]


def _named_ids(columns: Sequence[Seen]) -> list[Seen]:
    """Columns named as the id of a lead, the surest first."""
    ranked = [(_id_rank(column), place, column) for place, column in enumerate(columns)]
    found = [(rank, place, column) for rank, place, column in ranked if rank is not None]
    return [column for *_, column in sorted(found, key=lambda one: one[:2])]


def _copied_ids(columns: Sequence[Seen]) -> list[Seen]:
    """Bare ids that come again in a file whose rows stand there more than once."""
    most = max((column.distinct for column in columns), default=0)
    return [
        column
        for column in columns
        if _may_be_id(column)
        and (means(column.name, "lead_id", "leads") or _has_number_name(column))
        and column.distinct == most >= _COPIES * column.read.present
    ]


def _why_id(column: Seen) -> str:
    if column.is_unique:
        return "different in every row"
    said = []
    if missing := column.rows - column.read.present:
        said.append(f"empty in {missing:,} of {column.rows:,} rows")
    if again := column.read.present - column.distinct:
        rows = f"{column.distinct:,} different ones in {column.read.present:,} rows"
        said.append(f"{again:,} come again" if column.is_key else f"{rows}: versions of a lead")
    return "by its name; " + ", ".join(said)


def _may_be_id(column: Seen) -> bool:
    is_plain = column.read.type in {"text", "number"} and not column.is_time
    is_there = column.read.present >= LEAST_PRESENT * column.rows
    return is_plain and is_there and column.distinct > 1 and not _has_fractions(column)


def _has_fractions(column: Seen) -> bool:
    if column.read.type != "number":
        return False
    return any(not text.rstrip("0").rstrip(".,").lstrip("+").isdigit() and "." in text
               and not text.endswith(".0") for text in column.sample)  # fmt: skip


def _id_rank(column: Seen) -> int | None:
    """How surely a column is the id of a lead: by its name, if enough of its values differ."""
    rank = rank_of(column.name, "lead_id", "leads")
    if rank is None:
        return None
    different = column.distinct / max(column.read.present, 1)
    says_lead = rank < _FIRST_BARE and len(words(column.name)) > 1
    if different >= _MOSTLY_DIFFERENT:
        return rank
    # Named as that of a lead and coming again, beside a bare id of its own: rows of a history.
    return _FIRST_BARE - 1 if says_lead and different >= _VERSIONS else None


def _is_named_number(column: Seen) -> bool:
    """Named as the number of something that is no person and no count, mostly different codes."""
    is_other = bool(set(words(column.name)) & set(BUT["leads.lead_id"].split()))
    is_different = column.distinct >= _MOSTLY_DIFFERENT * column.read.present
    return is_different and not is_other and _has_number_name(column) and _has_codes(column)


def _has_number_name(column: Seen) -> bool:
    said = words(column.name)
    if not said or set(said) & (_COUNTED | _NO_CODES) or means(column.name, "phone"):
        return False
    return said[0] in _NUMBERS or said[-1] in _NUMBERS or said[-1].endswith(_WRITTEN_TOGETHER)


def _has_codes(column: Seen) -> bool:
    """Whether the values are codes: digits, or letters with digits; no blanks, no fractions."""
    return bool(column.sample) and all(
        _CODE.fullmatch(text) and any(letter.isdigit() for letter in text) for text in column.sample
    )


def _is_any_code(column: Seen, is_first: bool) -> bool:
    """Codes in every row, nearly all different, that are not said to be something else."""
    if _is_named_otherwise(column) or not _may_be_id(column) or not column.is_key:
        return False
    if column.read.present < column.rows or not _has_codes(column):
        return False
    if column.read.type == "text" and not all(text.isdigit() for text in column.sample):
        return True
    # Numbers that happen to differ may be a measure: ids stand first, or leave few gaps.
    return column.is_unique and (is_first or _are_counted(column) or _has_number_name(column))


def _are_counted(column: Seen) -> bool:
    numbers = [int(text) for text in column.sample if text.isdecimal()]
    if len(numbers) < len(column.sample):
        return False
    is_long = len({len(text) for text in column.sample}) == 1 and min(numbers) >= 10 ** (_LONG - 1)
    return is_long or max(numbers) - min(numbers) <= _GAPS * column.rows


def _looks_like_an_id(column: Seen) -> bool:
    """Codes, different in every row, that are not said to be something else."""
    is_text = column.is_unique and column.read.type == "text"
    return is_text and _has_codes(column) and not _is_named_otherwise(column)


def _is_named_otherwise(column: Seen) -> bool:
    """Whether the name says a measure, or a way to reach a person."""
    roles = ("phone", "email", "amount", "employees", "domain")
    is_role = any(means(column.name, role, "leads") for role in roles)
    return is_role or bool(set(words(column.name)) & (_NO_CODES | _COUNTED))
