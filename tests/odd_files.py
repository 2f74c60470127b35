"""Files of odd tables: CSV with all its quirks, JSON lines, a JSON array, a workbook."""

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.odd_spellings import IDS, NUMBERS

END_OF_DAY = 999_999  # the microsecond of a day without a time of day


@dataclass(frozen=True)
class Column:
    """A column of a file: its header, what it is, its texts, and what they truly say.

    kind: id, time, number, flag, outcome, text. name: the canonical column, empty for a field.
    """

    header: str
    kind: str
    name: str
    cells: tuple[str, ...]
    truth: tuple[Any, ...]


@dataclass(frozen=True)
class FileWriter:
    """Writes the files of a table as its choices say."""

    choices: Mapping[str, str]
    names: Mapping[str, str]
    zone: ZoneInfo
    chance: random.Random

    def files(self, base: str, table: Sequence[Column]) -> dict[str, bytes]:
        headers = [column.header for column in table]
        rows = [list(cells) for cells in zip(*(one.cells for one in table), strict=True)]
        writer = {"csv": self.text, "jsonl": self.lines, "json": self.array, "xlsx": self.workbook}
        kind = self.choices["file"]
        whole = writer[kind](table, headers, rows)
        if self.choices["shape"] != "exported again":
            return {f"{base}.{kind}": whole}
        before = self.earlier(table, rows[: len(rows) * 2 // 3])
        first = writer[kind](table, headers, before)
        return {f"{base}_1.{kind}": first, f"{base}_2.{kind}": whole}

    def earlier(self, table: Sequence[Column], rows: list[list[str]]) -> list[list[str]]:
        """Rows as an earlier export had them: another spelling of ids, or other amounts."""
        headers = [column.header for column in table]
        customer, amount = (headers.index(self.names[one]) for one in ("customer", "amount"))
        changed = [list(row) for row in rows]
        for row in changed:
            if self.choices["later export"] == "ids otherwise" and row[customer].isdigit():
                row[customer] = IDS[self.chance.choice(tuple(IDS))](row[customer])
            elif self.choices["later export"] == "changed" and self.chance.random() < 0.1:
                row[amount] = self.chance.choice(rows)[amount]
        return changed

    def typed(self, table: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[list[Any]]:
        """Cells with the types of JSON and workbooks, where the choice says so."""
        if self.choices["cells"] == "texts":
            return [list(row) for row in rows]
        truth = {
            (column.header, cell): value
            for column in table
            if column.kind == "number" or (column.kind == "time" and self.choices["file"] == "xlsx")
            for cell, value in zip(column.cells, column.truth, strict=True)
            if value is not None
            and (column.kind == "number" or value.microsecond in {0, END_OF_DAY})
        }
        headers = [column.header for column in table]
        return [
            [truth.get((header, cell), cell) for header, cell in zip(headers, row, strict=True)]
            for row in rows
        ]

    def lines(self, table: Sequence[Column], headers: list[str], rows: list[list[str]]) -> bytes:
        records = [dict(zip(headers, row, strict=True)) for row in self.typed(table, rows)]
        return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records).encode()

    def array(self, table: Sequence[Column], headers: list[str], rows: list[list[str]]) -> bytes:
        records = [dict(zip(headers, row, strict=True)) for row in self.typed(table, rows)]
        return json.dumps(records, ensure_ascii=False).encode()

    def workbook(self, table: Sequence[Column], headers: list[str], rows: list[list[str]]) -> bytes:
        import xlsxwriter

        content = io.BytesIO()
        book = xlsxwriter.Workbook(content, {"in_memory": True})
        sheet = book.add_worksheet("Data")
        formats = [
            book.add_format({"num_format": one}) for one in ("yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd")
        ]
        for at, row in enumerate([headers, *self.typed(table, rows)]):
            for place, cell in enumerate(row):
                if isinstance(cell, float):
                    sheet.write_number(at, place, cell)
                elif isinstance(cell, datetime):
                    wall = cell.astimezone(self.zone).replace(tzinfo=None)
                    is_day = wall.microsecond == END_OF_DAY
                    wall = (
                        wall.replace(hour=0, minute=0, second=0, microsecond=0) if is_day else wall
                    )
                    sheet.write_datetime(at, place, wall, formats[is_day])
                elif cell:
                    sheet.write_string(at, place, cell)
        book.close()
        return content.getvalue()

    def text(self, table: Sequence[Column], headers: list[str], rows: list[list[str]]) -> bytes:
        choices = self.choices
        end = choices["line end"]
        content = io.StringIO(newline="")
        quotes_all = choices["quotes"] == "all" or choices["text"] == "line ends"
        quoting = csv.QUOTE_ALL if quotes_all else csv.QUOTE_MINIMAL
        out = csv.writer(
            content, delimiter=choices["delimiter"], lineterminator=end, quoting=quoting
        )
        if choices["preamble"] == "title":
            content.write(f"Report of all rows{end}{end}")
        elif choices["preamble"] == "hash":
            content.write(f"# exported 2025-01-31{end}")
        lines = [headers, *rows]
        if choices["edges"] == "header again":
            lines.insert(1 + len(rows) // 2, headers)
        if choices["edges"] == "trailing delimiter":
            lines = [[*line, ""] for line in lines]
        for at, line in enumerate(lines):
            out.writerow(line)
            if choices["edges"] == "blank lines" and at % 10 == 9:
                content.write(end)
        if choices["footer"] == "totals":
            out.writerow(["Total", *self.totals(table)])
        elif choices["footer"] == "report":
            content.write(f'{end}"Copyright (c) 2025 Example Ltd."{end}"Confidential"{end}')
        text = content.getvalue()
        try:
            return text.encode(choices["encoding"])
        except UnicodeEncodeError:
            return text.encode("utf-8")

    def totals(self, table: Sequence[Column]) -> list[str]:
        row = []
        for column in table[1:]:
            sums = column.name == "amount"
            total = sum(one or 0.0 for one in column.truth) if sums else 0.0
            row.append(NUMBERS[self.choices["amount"]](abs(total))[0] if sums else "")
        return row
