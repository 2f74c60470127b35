"""How a text is read: as words, or of personal values only what many people share.

In: texts. Out: which way a column is read (`reading_of`), and the tokens of each text. Promise: of
an e-mail address only the domain is read, of a phone number only the country, of a postcode only
how it begins; names of people, ids and codes are not read at all. No word list of any language.
"""

import re
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.sources.guessing.names import means
from redumbrella.sources.guessing.vocabulary import words as words_of_name

Reading = Literal["words", "email", "phone", "postcode"]
READINGS: dict[Reading, str] = {
    "words": "as words",
    "email": "by its domain only",
    "phone": "by its country code only",
    "postcode": "by its first characters",
}
OWN_DOMAIN = (
    "a domain that hardly anybody else has"  # one that hardly anybody else has: mostly a company's
)
LONGEST = 4_000  # characters of a text that are read
LONGEST_WORD = 30  # characters of a word that are cut in pieces
PIECES = (2, 3, 4, 5)
MOST_LOOKED_AT = 5_000
LEAST_VALUES = 20
LEAST_WORDS = 5  # that texts share
LEAST_SHARE = 0.5  # of the texts that are made of words, and of the characters of such a text

_SCRIPTS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_ACCENTS = r"[\x{300}-\x{36F}]+"
_UNSPACED = rf"[{_SCRIPTS}]"
_EMAIL = re.compile(r"^[^@\s]+@([^@\s]+\.[^@\s.]+)$")
_PHONE = re.compile(r"^(?:tel:)?\s*(\+|00)?[\d\s()./-]{6,24}(?:\s*(?:x|ext\.?)\s*\d+)?$", re.I)
_POSTCODES = {
    *("zip", "zipcode", "postcode", "postalcode", "postal", "plz", "postleitzahl", "codepostal"),
    *("codigopostal", "cap", "cep", "postnummer", "postcodes", "kodpocztowy"),
}
# Country codes of one and of two digits (ITU-T E.164); all others have three.
_ONE_DIGIT = "17"
_TWO_DIGITS = {
    *(20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, *range(43, 50), *range(51, 59), *range(60, 67)),
    *(81, 82, 84, 86, *range(90, 96), 98),
}


def reading_of(name: str, column: pa.ChunkedArray) -> Reading | None:
    """How the texts of a column are read, or None: they are no words, or a person's name.

    name: of the field; column: (n,) texts.
    """
    known = column.drop_null().cast(pa.string())
    known = known.take(pa.array(np.arange(0, len(known), max(1, len(known) // MOST_LOOKED_AT))))
    texts = [text.strip() for text in known.to_pylist() if text.strip()]
    if not texts:
        return None
    if np.mean([_EMAIL.match(text) is not None for text in texts]) > LEAST_SHARE:
        return "email"
    are_phones = np.mean([_PHONE.match(text) is not None for text in texts]) > LEAST_SHARE
    if are_phones and (is_phone(name) or np.mean([t[:1] == "+" for t in texts]) > LEAST_SHARE):
        return "phone"
    if _is_postcode(name) and max(len(text) for text in texts) <= 12:
        return "postcode"
    if is_name_of_person(name):
        return None
    return "words" if len(texts) >= LEAST_VALUES and _made_of_words(pa.array(texts)) else None


def is_phone(field: str) -> bool:
    """Whether a field is called as phone numbers are."""
    return means(_own(field), "phone")


def is_name_of_person(field: str) -> bool:
    """Whether a field is called as the names of people are."""
    field = _own(field)
    said = words_of_name(field)
    parts = {"first", "last", "given", "family", "sur", "fore", "vor", "nach", "middle"}
    of_part = len(said) > 1 and said[-1] == "name" and bool(parts & set(said))
    joined = "".join(said)
    return (
        of_part
        or means(field, "people.name")
        or means(field, "name", "people")
        or joined
        in {"firstname", "lastname", "surname", "vorname", "nachname", "prenom", "apellido"}
    )


def tokens_of(texts: pa.Array, reading: Reading) -> pa.ListArray:
    """The tokens of each text (n,), in order."""
    if reading == "words":
        return _split(normalised(texts))
    of = {"email": _domain, "phone": _country, "postcode": _beginnings}[reading]
    lists = [of(text.strip()) if text else [] for text in texts.to_pylist()]
    return pa.array(lists, pa.list_(pa.string()))


def written_of(texts: pa.Array) -> pa.ListArray:
    """The words of each text (n,) as they are written, accents and all, in small letters."""
    return _split(normalised(texts, keep_accents=True))


def normalised(texts: pa.Array, *, keep_accents: bool = False) -> pa.Array:
    """Texts without case, accents and punctuation: words between spaces.

    Only the accents of Latin, Greek and Cyrillic go: elsewhere marks make the letter.
    """
    text = pc.utf8_slice_codeunits(pc.fill_null(texts, ""), 0, LONGEST)
    if not pc.all(pc.string_is_ascii(text)).as_py():
        text = pc.utf8_normalize(text, "NFKD")
        text = text if keep_accents else pc.replace_substring_regex(text, _ACCENTS, "")
        text = pc.utf8_normalize(text, "NFKC")
    return pc.replace_substring_regex(pc.utf8_lower(text), r"[^\p{L}\p{N}\p{M} ]+", " ")


def _split(plain: pa.Array) -> pa.ListArray:
    text = pc.utf8_trim_whitespace(plain)
    return pc.utf8_split_whitespace(pc.if_else(pc.equal(text, ""), None, text))


def pieces_of(tokens: pa.Array) -> tuple[NDArray[np.intp], pa.Array]:
    """All pieces of some words: the number of the word of each piece, and the piece.

    A word is written with < before and > behind, so that pieces at its ends are their own.
    """
    words = pc.utf8_slice_codeunits(tokens, 0, LONGEST_WORD)
    words = pc.binary_join_element_wise(pa.scalar("<"), words, pa.scalar(">"), "")
    length = pc.utf8_length(words).to_numpy(zero_copy_only=False)
    unspaced = pc.match_substring_regex(words, _UNSPACED).to_numpy(zero_copy_only=False)
    owners, pieces = [np.empty(0, np.intp)], [pa.array([], pa.string())]
    for size in PIECES:
        # Two letters of an alphabet say nothing, two signs of Chinese are a word.
        cut = np.flatnonzero((length >= size) & (unspaced | (size > 2)))
        for start in range(int(length[cut].max(initial=0)) - size + 1):
            of = cut[length[cut] >= start + size]
            owners.append(of)
            pieces.append(pc.utf8_slice_codeunits(words.take(pa.array(of)), start, start + size))
    return np.concatenate(owners), pa.concat_arrays(pieces)


def _own(field: str) -> str:
    """The name of a field of a profile as the profile has it."""
    return field.removeprefix("person.")


def _is_postcode(field: str) -> bool:
    said = words_of_name(_own(field))
    return bool({*said, "".join(said), "".join(said[-2:])} & _POSTCODES)


def _made_of_words(texts: pa.Array) -> bool:
    """Whether most texts are made of letters that form words which other texts have too."""
    plain = normalised(texts)
    lists = _split(plain)
    row = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
    token = lists.flatten()
    letters = rf"^(\p{{L}}[\p{{L}}\p{{M}}]+|[^ ]*{_UNSPACED}[^ ]*)$"
    is_word = pc.match_substring_regex(token, letters).to_numpy(zero_copy_only=False)
    size = pc.utf8_length(token).to_numpy(zero_copy_only=False)
    all_of = np.bincount(row, size, len(texts))
    of_words = np.bincount(row, size * is_word, len(texts))
    if np.mean((of_words > LEAST_SHARE * all_of) & (all_of > 0)) < LEAST_SHARE:
        return False
    if pc.mean(pc.match_substring_regex(plain, _UNSPACED).cast(pa.float64())).as_py() > LEAST_SHARE:
        return True
    counts = pc.value_counts(token.filter(pa.array(is_word & (size > 2))))
    often = counts.field("counts").to_numpy(zero_copy_only=False)
    return int(((often >= 5) & (often < 0.98 * len(texts))).sum()) >= LEAST_WORDS


def _domain(text: str) -> list[str]:
    """The domain of an address and its ending: ["example.de", ".de"]."""
    found = _EMAIL.match(text.lower())
    if found is None:
        return []
    domain = found[1]
    return [domain, "." + domain.rpartition(".")[2]]


def _country(text: str) -> list[str]:
    """The country code of a phone number: ["+49"]; of a number without one nothing."""
    digits = re.sub(r"\D", "", text)
    if text.startswith("00"):
        digits = digits[2:]
    elif not text.startswith("+"):
        return []
    size = 1 if digits[:1] in _ONE_DIGIT else 2 if int(digits[:2] or 0) in _TWO_DIGITS else 3
    return [f"+{digits[:size]}"] if digits else []


def _beginnings(text: str) -> list[str]:
    """The first one, two and three characters of a postcode."""
    code = re.sub(r"\W", "", text).upper()
    return [f"{code[:size]}…" for size in (1, 2, 3) if len(code) > size]
