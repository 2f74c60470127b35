"""Cells that a spreadsheet would run: a text comes in, the text that is safe in a CSV goes out.

Promise: an apostrophe is put in front of a text that a spreadsheet would take for a formula and run
when it opens the file, and of no other; taking one apostrophe away again gives back what it was.

The rule, by what the text begins with once blanks, invisible characters and apostrophes before it
are skipped (a spreadsheet may skip them too):
- `=`, also in full width: always run by Excel, LibreOffice and Google Sheets, so always made safe.
- `+`, `-`, `@`, also in full width: run by Excel and Google Sheets where what follows parses as an
  expression. Made safe are calls, references with a sheet, quoted text, ranges, arrays and DDE (any
  of the characters ( ! | [ { " ' # & ^ < > * % $ = and the like), and numbers and references to
  cells joined by operators: `-2+3`, `-A1`, `+49-30-123` (which would be shown as -104).
- Not an expression, and left as it is: a number (`-12`, `+1.5 %`), a telephone number with blanks
  or brackets (`+49 30 123`, `+1 (555) 123-4567`), a text with a word that is no reference to a cell
  (`-NxK3abc`, `@name`, `- call again`), signs alone.
- A formula that calls something, after a ; or tab or line break inside the text: made safe there,
  since it begins a cell where the file is opened with other separators.
LibreOffice 7.4 runs those with `=` alone (measured), so the rule is that of Excel.
"""

import re

# What begins a formula, also in full width, and what a spreadsheet may leave out before it.
_SIGN = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b"
_EQUALS = re.compile("[=\uff1d\ufe66]")
_SKIPPED = "\x00-\x20\x7f-\xa0\xad\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
_BEGINS = re.compile(f"'*[{_SKIPPED}]*([{_SIGN}][{_SIGN}{_SKIPPED}]*)(.*)", re.DOTALL)
# A file that is opened with ; or tab between cells falls apart at places inside a text.
_LATER = re.compile(f"([;\t\r\n])((?:[{_SKIPPED}\"'])*[{_SIGN}][^;\t\r\n]*)")
_CALLS = re.compile(r"[(!|\[\uff08\uff01\uff5c]")

_NUMBER = re.compile(r"[0-9]([0-9., \xa0]*[0-9])?([eE][+-]?[0-9]+)?([ \xa0]?[%€$£])?")
# Two numbers side by side, or three with points between, are no arithmetic: a telephone number.
_TELEPHONE = re.compile(r"[0-9()./ \xa0-]+")
_SIDE_BY_SIDE = re.compile(r"[0-9)][ \xa0]*\(|[0-9)][ \xa0]+[0-9]|[0-9]\.[0-9]+\.[0-9]")
_BETWEEN_WORDS = re.compile(r"[\s.,;:/?@+\-]+")
_NUMBER_OR_CELL = re.compile(r"[0-9]+([eE][0-9]+)?|[A-Za-z]{1,3}[1-9][0-9]{0,6}")


def safe_cell(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet would run it as a formula.

    So too inside it, where a formula that calls something would begin a cell if the file were
    opened with ; or tab between the cells. A text that has such an apostrophe gets another one:
    taking one away gives back what it was.
    """
    if text.isalnum():
        return text
    text = _LATER.sub(_kept_text, text)
    return "'" + text if _is_run(text) else text


def _is_run(text: str) -> bool:
    """Whether a spreadsheet would run the text, were it not for apostrophes before it."""
    begins = _BEGINS.match(text)
    if begins is None:
        return False
    signs, rest = begins.groups()
    if _EQUALS.search(signs):
        return True
    rest = rest.rstrip()
    if not rest or _NUMBER.fullmatch(rest):
        return False
    if _TELEPHONE.fullmatch(rest) and _SIDE_BY_SIDE.search(rest):
        return False
    words = [word for word in _BETWEEN_WORDS.split(rest) if word]
    if not all(word.replace("_", "a").isalnum() for word in words):
        return True
    return all(_NUMBER_OR_CELL.fullmatch(word) for word in words)


def _kept_text(match: re.Match[str]) -> str:
    return f"{match[1]}'{match[2]}" if _CALLS.search(match[2]) else match[0]
