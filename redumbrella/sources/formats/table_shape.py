"""Where a table begins and ends among the rows of a report, told from its shape.

Rows of texts come in; the row of the column names, and how many rows at the end are none (notices,
totals), go out. What cannot be told is left in the table, where it is counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

Cells = Sequence[str]

HEADER_WITHIN = 250  # rows that are looked at for the line of names
_NAMED = 0.75  # share of the columns that a line of names names at least
_HALF_NAMED = 0.5  # in the first line already
_FEW_VALUES = 1 / 3  # of a line of names may look like values, such as years
_SAME_KIND = 0.8
_ROWS_BELOW = 5  # are compared with a line of names
_MOST_NOTICES = 15

_NUMBER = re.compile(r"[-+(]?\s*[$€£¥]?\s*\d[\d.,'\u00a0\u202f ]*\s*[%$€£¥)]?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T,].*)?")
_YEAR = re.compile("(19|20)\\d\\d")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

_TOTAL_WORDS = (
    *("total", "totals", "grand total", "grand totals", "subtotal", "sub total", "sum", "overall"),
    *("average", "mean", "count", "row count", "record count", "total records", "total rows"),
    *("summe", "gesamt", "gesamtsumme", "gesamtergebnis", "zwischensumme", "insgesamt"),
    *("durchschnitt", "mittelwert", "anzahl", "total général", "total general", "somme"),
    *("sous-total", "moyenne", "ensemble", "totale", "totale generale", "somma", "media"),
    *("total geral", "soma", "suma", "suma total", "promedio", "totaal", "eindtotaal", "som"),
    *("razem", "suma końcowa", "ogółem", "celkem", "součet", "spolu", "összesen", "végösszeg"),
    *("toplam", "genel toplam", "summa", "totalt", "sammanlagt", "i alt", "yhteensä", "σύνολο"),
    *("итого", "всего", "разом", "合計", "総計", "小計", "合计", "总计", "小计", "총계", "합계"),
)
_TOTAL = re.compile(
    f"[(*]*({'|'.join(re.escape(word) for word in sorted(_TOTAL_WORDS, key=len, reverse=True))})"
    r"\s*([:\uff1a=*)]|\(?[\d.,'\u00a0 ]+\)?\s*)*",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"copyright|\(c\)|©|all rights reserved|confidential|vertraulich|confidentiel|confidencial|"
    r"riservat|vertrouwelijk|distribute|generated|generiert|erstellt|erzeugt|exported|exportiert|"
    r"export(é|ado|ato)|généré|generado|gerado|generato|gegenereerd|printed|gedruckt|imprim|"
    r"created (by|on)|downloaded|run (by|on)|as of|stand:|report|bericht|rapport|informe|"
    r"relatório|page \d|seite \d|end of (file|report|data)|ende der|applied filters|filters?:|"
    r"disclaimer|source:|quelle:|"
    r"^[-(]*\s*\d[\d.,']*\s+(rows?|records?|lines?|results?|zeilen?|datens[äa]tze?|treffer|lignes?|"
    r"enregistrements?|filas?|registros?|linhas?|righe|record|rijen|wierszy|строк)\b|"
    r"^(rows?|records?|zeilen|datensätze|lignes|filas|registros|righe)\b.*\d|^-- |^\*+$|^-{3,}$|"
    r"^time taken|^query (ok|returned)|^\(?end\)?$",
    re.IGNORECASE,
)


def filled(row: Cells) -> int:
    """How many cells of a row are not empty."""
    return sum(1 for cell in row if cell.strip())


def find_header(rows: Sequence[Cells]) -> int | None:
    """The position of the line of column names among the first rows; None for no rows at all.

    It is the first that names nearly all columns; titles above it, which are shorter, are none.
    """
    first = next((position for position, row in enumerate(rows) if filled(row)), None)
    counts = sorted(count for count in map(filled, rows) if count > 1)
    if first is None or not counts:
        return first
    typical = counts[len(counts) // 2]
    widths = Counter(len(row) for row in rows if filled(row) > 1)
    width = widths.most_common(1)[0][0]
    if filled(rows[first]) >= max(_HALF_NAMED * typical, 2) and _are_names(rows[first]):
        return first
    for position, row in enumerate(rows):
        # A title may hold the delimiter, so that only its width tells.
        if filled(row) >= max(_NAMED * typical, 2) and len(row) >= width - 1:
            is_header = _are_names(row) and _goes_on(row, rows[position + 1 :])
            return position if position == first or is_header else first
    return first


def _goes_on(header: Cells, rows: Sequence[Cells]) -> bool:
    """Whether the rows below a line of names are as wide as it."""
    below = [row for row in rows if filled(row)][:_ROWS_BELOW]
    alike = sum(filled(row) > 1 and abs(len(row) - len(header)) <= 1 for row in below)
    return alike >= _SAME_KIND * len(below)


def _are_names(row: Cells) -> bool:
    cells = [cell.strip() for cell in row if cell.strip()]
    values = sum(_kind(cell) != "" for cell in cells)
    return values <= _FEW_VALUES * len(cells) and len(set(cells)) > len(cells) / 2


def looks_like_data(header: Cells, rows: Sequence[Cells]) -> bool:
    """Whether a line of names is a row like those below it: the same days, addresses, numbers."""
    alike, numbers = 0, 0
    for position, cell in enumerate(header):
        kind = _kind(cell.strip())
        below = [row[position].strip() for row in rows if position < len(row)]
        below = [value for value in below if value]
        if not kind or len(below) < 3:
            continue
        same = sum(_kind(value) == kind for value in below) >= _SAME_KIND * len(below)
        alike += same and kind != "number"
        numbers += same and kind == "number" and not _YEAR.fullmatch(cell.strip())
    return alike > 0 or 2 * numbers >= max(filled(header), 2)


def _kind(cell: str) -> str:
    if _DATE.fullmatch(cell):
        return "date"
    if _NUMBER.fullmatch(cell):
        return "number"
    return "email" if _EMAIL.fullmatch(cell) else ""


def is_underline(text: str) -> bool:
    """Whether a line below the names only underlines them, as programs for databases write it."""
    return "--" in text and not text.strip("-=+|:,; \t\r\n")


def footer_length(last: Sequence[Cells], header: Cells) -> int:
    """How many of the last rows, below a header, are no rows of its table.

    Totals are known by their label and empty cells. Notices are short, and stand below an empty
    row or say what they are: a record that breaks off is none.
    """
    if len(header) < 2:
        return 0
    begin = len(last)
    while begin and (_is_short(last[begin - 1], header) or is_total(last[begin - 1], header)):
        begin -= 1
    region = last[begin:]
    clear = next(
        (
            position
            for position, row in enumerate(region)
            if not filled(row) or is_total(row, header) or _is_notice(row, header)
        ),
        len(region),
    )
    told = [row for row in region[clear:] if filled(row)]
    is_sure = any(
        is_total(row, header) or len(row) < len(header) or " " in _only(row) for row in told
    )
    return len(region) - clear if is_sure and len(told) <= _MOST_NOTICES else 0


def _is_short(row: Cells, header: Cells) -> bool:
    count = filled(row)
    first = _only(row)
    is_label = count == 2 and len(header) > 4 and (first.endswith(":") or _is_notice(row, header))
    return count <= 1 or is_label


def _is_notice(row: Cells, header: Cells) -> bool:
    """Whether a row says something of the whole report; one word in a full row may be an id."""
    text = _only(row)
    is_loose = len(row) < len(header) or " " in text
    return 1 <= filled(row) <= 3 and is_loose and bool(_NOTICE.search(text))


def _only(row: Cells) -> str:
    return next((cell.strip() for cell in row if cell.strip()), "")


def is_total(row: Cells, header: Cells) -> bool:
    """Whether a row sums up others: its label says so, and most of what a row has is missing."""
    if not _TOTAL.fullmatch(_only(row)):
        return False
    rest = [cell.strip() for cell in row if cell.strip()][1:]
    are_numbers = all(_NUMBER.fullmatch(cell) for cell in rest)
    has_gaps = len(rest) + 1 < len(header)
    return has_gaps and (are_numbers or 2 * (len(rest) + 1) <= len(header))
