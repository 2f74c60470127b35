"""Odd business tables with known truth: leads and purchases, each column in a spelling of its own.

A table is made from choices (one spelling for each kind, by name) and a seed for its values, so
that a failing table can be made again from both, and hypothesis can look for the simplest choices.
"""

import csv
import io
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tests.odd_spellings import (
    EMPTY_NUMBERS,
    EMPTY_TIMES,
    IDS,
    MINUS,
    MONEY,
    NUMBERS,
    STAGES,
    STRAYS,
    TIMES,
    YES_NO,
    Wall,
    shifted,
)

END_OF_DAY = 999_999  # the microsecond of a day without a time of day
# The kinds of choices, the plainest first.
CHOICES: dict[str, tuple[str, ...]] = {
    "shape": ("leads", "lead changes", "purchases", "order lines", "refunds", "exported again"),
    "zone": ("UTC", "Europe/Berlin", "America/New_York"),
    "days": ("all", "all", "all", "up to the twelfth"),
    "time": tuple(TIMES),
    "other time": ("same", *TIMES),
    "empty time": ("", *EMPTY_TIMES),
    "amount": tuple(NUMBERS),
    "number": tuple(NUMBERS),
    "money": tuple(MONEY),
    "minus": tuple(MINUS),
    "per cent": ("no", "yes"),
    "empty number": ("", *EMPTY_NUMBERS),
    "id": tuple(IDS),
    "id kind": ("numbers", "letters", "leading zeros", "long", "e-mail"),
    "outcome": (*(f"stages {name}" for name in STAGES), *(f"yes/no {name}" for name in YES_NO)),
    "flag": tuple(YES_NO),
    "missing word": ("", "NA", "None", "Null"),
    "blank country": ("no", "yes"),
    "text": ("plain", "line ends", "quotes", "delimiters", "blanks"),
    "stray": ("none", "none", "one"),
    "later export": ("same", "ids otherwise", "changed"),
    "currency": ("none", "one", "several"),
    "file": ("csv", "jsonl", "json", "xlsx"),
    "cells": ("texts", "types"),
    "delimiter": (",", ";", "\t", "|"),
    "encoding": ("utf-8", "utf-8-sig", "cp1252", "utf-16"),
    "line end": ("\n", "\r\n", "\r"),
    "quotes": ("where needed", "all"),
    "preamble": ("none", "title", "hash"),
    "edges": ("none", "none", "trailing delimiter", "blank lines", "header again"),
    "footer": ("none", "totals", "report"),
    "order": ("oldest first", "newest first", "shuffled"),
    "names": ("english", "crm", "german", "french", "spanish"),
}
NAMES: dict[str, dict[str, str]] = {
    "english": dict(
        id="lead_id", created="created_at", closed="closed_at", outcome="won", amount="amount",
        updated="updated_at", order="order_id", customer="customer_id", at="order_date",
        price="unit_price", quantity="quantity", refund="refunded_amount", currency="currency",
        stage="status",
    ),
    "crm": dict(
        id="Lead ID", created="Created Date", closed="Close Date", outcome="Converted",
        amount="Amount", updated="Last Modified Date", order="Order ID", customer="Customer ID",
        at="Order Date", price="Unit Price", quantity="Quantity", refund="Refunded Amount",
        currency="Currency", stage="Stage",
    ),
    "german": dict(
        id="Lead-Nr", created="Angelegt am", closed="Abgeschlossen am", outcome="Gewonnen",
        amount="Betrag", updated="Geändert am", order="Bestellnummer", customer="Kundennummer",
        at="Bestelldatum", price="Einzelpreis", quantity="Menge", refund="Erstattet",
        currency="Währung", stage="Status",
    ),
    "french": dict(
        id="ID lead", created="Date de création", closed="Date de clôture", outcome="Gagné",
        amount="Montant", updated="Date de modification", order="Numéro de commande",
        customer="Numéro client", at="Date de commande", price="Prix unitaire",
        quantity="Quantité", refund="Montant remboursé", currency="Devise", stage="Statut",
    ),
    "spanish": dict(
        id="ID lead", created="Fecha de creación", closed="Fecha de cierre", outcome="Ganado",
        amount="Importe", updated="Fecha de modificación", order="Número de pedido",
        customer="ID cliente", at="Fecha de pedido", price="Precio unitario",
        quantity="Cantidad", refund="Importe reembolsado", currency="Moneda", stage="Estado",
    ),
}  # fmt: skip


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


@dataclass(frozen=True, repr=False)
class OddTable:
    """One table as a file (or two, exported one after the other) and its truth.

    records: for each true record of the table its key (lead or order), and by canonical name or
    header what is right: None where nothing is known. won, lost: the values of the outcome.
    """

    table: str
    choices: Mapping[str, str]
    seed: int
    columns: tuple[Column, ...]
    records: Mapping[str, Mapping[str, Any]]
    zone: ZoneInfo
    files: Mapping[str, bytes] = field(default_factory=dict)
    won: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    def __repr__(self) -> str:
        odd = {kind: way for kind, way in self.choices.items() if way != CHOICES[kind][0]}
        return f"odd_table({odd}, {self.seed})"

    def column(self, name: str) -> Column:
        """The column of a canonical name or a header."""
        return next(one for one in self.columns if name in {one.name, one.header})

    def write(self, folder: Path) -> list[str]:
        """Writes the files into a folder; their names."""
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        return list(self.files)


def any_choices(chance: random.Random) -> dict[str, str]:
    """Choices of which about half are the plainest, so that single oddities are seen too."""
    plain = chance.choice((0.0, 0.3, 0.7))
    return {
        kind: ways[0] if chance.random() < plain and kind != "shape" else chance.choice(ways)
        for kind, ways in CHOICES.items()
    }


def table_of(seed: int) -> OddTable:
    """The table of a number: choices and values at random."""
    return odd_table(any_choices(random.Random(seed)), seed)


def odd_table(choices: Mapping[str, str], seed: int) -> OddTable:
    made = _Making(choices, random.Random(f"{seed}"))
    rows = made.leads() if choices["shape"].startswith("lead") else made.purchases()
    return made.table(rows, seed)


odd_tables: st.SearchStrategy[OddTable] = st.builds(
    odd_table,
    st.fixed_dictionaries({kind: st.sampled_from(ways) for kind, ways in CHOICES.items()}),
    st.integers(0, 2**32 - 1),
)


@dataclass
class _Making:
    choices: Mapping[str, str]
    chance: random.Random

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.choices["zone"])
        self.names = NAMES[self.choices["names"]]

    # Cells: each gives a text and what it says.

    def time(self, wall: Wall, which: str = "time") -> tuple[str, datetime]:
        spelled = self.choices[which]
        spelled = self.choices["time"] if spelled == "same" else spelled
        text, kept = TIMES[spelled](wall)
        return text, kept.astimezone(UTC)

    def number(
        self, number: float, which: str = "number", *, gaps: bool = True
    ) -> tuple[str, float | None]:
        if gaps and self.chance.random() < 0.04:
            return self.choices["empty number"], None
        text, kept = NUMBERS[self.choices[which]](abs(number))
        if number < 0:
            text, kept = MINUS[self.choices["minus"]](text), -kept
        if which == "amount":
            text = MONEY[self.choices["money"]](text)
        elif self.choices["per cent"] == "yes" and which == "number":
            text = f"{text} %"
        return text, kept

    def id(self, number: int) -> tuple[str, str]:
        kind = self.choices["id kind"]
        truth = {
            "numbers": str(10_001 + number),
            "letters": f"L-{number:04}",
            "leading zeros": f"{number:06}",
            "long": str(158_467_000_000_000_000 + number * 7),
            "e-mail": f"person{number}@example.com",
        }[kind]
        if kind == "e-mail":
            written = self.chance.choice((truth, truth.upper(), truth.title()))
            return IDS[self.choices["id"].replace("point zero", "plain")](written), truth
        spelled = self.choices["id"]
        whole = kind == "numbers"
        if spelled == "point zero" and not whole:
            spelled = "plain"
        return IDS[spelled](truth), truth

    def start(self) -> Wall:
        return datetime(self.chance.choice((2021, 2022, 2023)), 1, 2, 8, tzinfo=self.zone)

    def walls(self, many: int) -> list[Wall]:
        """Rising instants over two years, to the second."""
        start = self.start()
        days = sorted(self.chance.uniform(0, 700) for _ in range(many))
        most = 12 if self.choices["days"] != "all" else 31
        return [
            _early(shifted(start, day), most).replace(
                minute=self.chance.randrange(60),
                second=self.chance.randrange(60),
                microsecond=self.chance.randrange(1_000_000),
            )
            for day in days
        ]

    # Rows: for each header the kind, the canonical name, the text and the truth.

    def leads(self) -> list[dict[str, tuple[str, str, str, Any]]]:
        many = self.chance.randint(30, 120)
        walls = sorted(self.walls(many))
        rows: list[dict[str, tuple[str, str, str, Any]]] = []
        changes = self.choices["shape"] == "lead changes"
        for number, wall in enumerate(walls):
            state = self.chance.choices(("won", "lost", "open"), (3, 5, 2))[0]
            closed = shifted(wall, self.chance.uniform(1, 40)) if state != "open" else None
            fixed = self.fields()
            states = [state] if not changes or state == "open" else ["open", state]
            for place, one in enumerate(states):
                row = self.lead(number, wall, one, closed if one != "open" else None)
                if changes:
                    then = wall if place == 0 or closed is None else max(closed, wall)
                    text, truth = self.time(then)
                    row[self.names["updated"]] = ("time", "updated_at", text, truth)
                rows.append(row | fixed)
        if self.choices["stray"] == "one":
            self.put_stray(rows)
        return rows

    def put_stray(self, rows: list[dict[str, tuple[str, str, str, Any]]]) -> None:
        """A remark in two columns that hold something else: the cell is empty, the row stays."""
        for header in ("Balance", self.names["closed"]):
            row = self.chance.choice(rows)
            kind, name, _, _ = row[header]
            if sum(bool(one[header][3]) for one in rows) > 25:
                row[header] = (kind, name, self.chance.choice(STRAYS), None)

    def lead(
        self, number: int, wall: Wall, state: str, closed: Wall | None
    ) -> dict[str, tuple[str, str, str, Any]]:
        names = self.names
        text, truth = self.id(number)
        row = {names["id"]: ("id", "lead_id", text, truth)}
        row[names["created"]] = ("time", "created_at", *self.time(wall))
        spelled: tuple[str, datetime | None] = (self.choices["empty time"], None)
        if closed is not None:
            most = 12 if self.choices["days"] != "all" else 31
            spelled = self.time(_early(closed, most), "other time")
        row[names["closed"]] = ("time", "closed_at", *spelled)
        header = names["stage" if self.choices["outcome"].startswith("stages") else "outcome"]
        row[header] = ("outcome", "won", *self.outcome(state))
        return row

    def outcome(self, state: str) -> tuple[str, bool | None]:
        kind, _, name = self.choices["outcome"].partition(" ")
        truth = {"won": True, "lost": False, "open": None}[state]
        if kind == "stages":
            won, lost, opened = STAGES[name]
            return {"won": won, "lost": lost, "open": self.chance.choice(opened)}[state], truth
        yes, no = YES_NO[name]
        return {"won": yes, "lost": no, "open": ""}[state], truth

    def fields(self) -> dict[str, tuple[str, str, str, Any]]:
        chance = self.chance
        big = chance.lognormvariate(7.5, 1.3)
        row = {self.names["amount"]: ("number", "amount", *self.number(big, "amount"))}
        signed = chance.uniform(-900, 2_500)
        row["Balance"] = ("number", "", *self.number(signed))
        visits = chance.randrange(40)
        row["Visits"] = ("number", "", str(visits), float(visits))
        country = chance.choice(("DE", "FR", "US", "ZA"))
        word = self.choices["missing word"]
        if word == "NA" and chance.random() < 0.15:
            country = "NA"
        if self.choices["blank country"] == "yes" and chance.random() < 0.2:
            country = ""
        row["Country"] = ("text", "", country, country or None)
        surname = chance.choice(("Miller", "Lopez", "Okafor", "Nowak", "Rossi"))
        if word in {"None", "Null"} and chance.random() < 0.1:
            surname = word
        surname = "" if chance.random() < 0.05 else surname
        written, surname = self.text_cell(surname)
        row["Industry contact"] = ("text", "", written, surname or None)
        yes = chance.random() < 0.5
        words = YES_NO[self.choices["flag"]]
        row["Newsletter"] = ("flag", "", words[0] if yes else words[1], yes)
        return row

    def text_cell(self, text: str) -> tuple[str, str]:
        """A text as it may stand in a cell, and what it says."""
        if not text or text in {"None", "Null"} or self.chance.random() < 0.6:
            return text, text
        odd = {
            "plain": text,
            "line ends": f"{text}\nSales",
            "quotes": f'{text} "Bob"',
            "delimiters": f"{text}, Ltd; A|B",
            "blanks": f" {text} ",
        }[self.choices["text"]]
        return odd, odd.strip()

    def purchases(self) -> list[dict[str, tuple[str, str, str, Any]]]:
        many = self.chance.randint(30, 120)
        rows = []
        for number, wall in enumerate(sorted(self.walls(many))):
            rows.append(self.purchase(number, wall))
        return rows

    def purchase(self, number: int, wall: Wall) -> dict[str, tuple[str, str, str, Any]]:
        chance, names = self.chance, self.names
        order = f"O-{number:05}"
        row = {names["order"]: ("id", "purchase_id", order, order)}
        row[names["customer"]] = ("id", "person_id", *self.id(chance.randrange(25)))
        row[names["at"]] = ("time", "at", *self.time(wall))
        money = max(5.0, chance.lognormvariate(6, 1.2))
        if self.choices["shape"] == "order lines":
            pieces = chance.choice((1, 1, 2, 3, 12, -1))
            price, kept = self.number(money, "amount", gaps=False)
            row[names["price"]] = ("number", "amount", price, kept)
            row[names["quantity"]] = ("number", "", str(pieces), float(pieces))
        else:
            money = -money if chance.random() < 0.04 else money
            row[names["amount"]] = ("number", "amount", *self.number(money, "amount", gaps=False))
        if self.choices["shape"] == "refunds":
            back = abs(money) * 0.5 if chance.random() < 0.1 else 0.0
            row[names["refund"]] = ("number", "", *self.number(back, "amount", gaps=False))
        if self.choices["currency"] != "none":
            several = self.choices["currency"] == "several"
            code = chance.choice(("EUR", "USD", "JPY")) if several else "EUR"
            row[names["currency"]] = ("text", "", code, code)
        return row

    # From rows to a table and its files.

    def table(self, rows: list[dict[str, tuple[str, str, str, Any]]], seed: int) -> OddTable:
        leads = self.choices["shape"].startswith("lead")
        records = self.lead_records(rows) if leads else self.purchase_records(rows)
        if self.choices["order"] == "newest first":
            rows = rows[::-1]
        elif self.choices["order"] == "shuffled" and self.choices["shape"] != "lead changes":
            self.chance.shuffle(rows)
        kind, _, name = self.choices["outcome"].partition(" ")
        won, lost = STAGES[name][:2] if kind == "stages" else YES_NO[name]
        table = OddTable(
            table="leads" if leads else "purchases",
            choices=dict(self.choices),
            seed=seed,
            columns=tuple(
                Column(header, rows[0][header][0], rows[0][header][1], cells, truth)
                for header in rows[0]
                for cells, truth in [_cells(rows, header)]
            ),
            records=records,
            zone=self.zone,
            won=(won,) if leads else (),
            lost=(lost,) if leads else (),
        )
        return replace(table, files=self.files(table))

    def lead_records(self, rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        records: dict[str, dict[str, Any]] = {}
        for row in rows:  # oldest first, so that the last row of a lead is its newest
            says = {name or header: truth for header, (_, name, _, truth) in row.items()}
            records[says.pop("lead_id")] = says
        return records

    def purchase_records(self, rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        if self.choices["shape"] == "exported again":
            self.again = rows[: len(rows) * 2 // 3]
        records = {}
        for row in rows:
            says = {name or header: truth for header, (_, name, _, truth) in row.items()}
            if self.choices["shape"] == "order lines":
                says["amount"] = says["amount"] * says.pop(self.names["quantity"])
            if self.choices["shape"] == "refunds":
                says["amount"] -= says.pop(self.names["refund"])
            says.pop(self.names["currency"], None)
            records[says.pop("purchase_id")] = says
        return records

    def files(self, table: OddTable) -> dict[str, bytes]:
        headers = [column.header for column in table.columns]
        rows = [list(cells) for cells in zip(*(one.cells for one in table.columns), strict=True)]
        writer = {"csv": self.text, "jsonl": self.lines, "json": self.array, "xlsx": self.workbook}
        kind = self.choices["file"]
        base = "leads" if table.table == "leads" else "orders"
        whole = writer[kind](table, headers, rows)
        if self.choices["shape"] != "exported again":
            return {f"{base}.{kind}": whole}
        before = self.earlier(table, rows[: len(rows) * 2 // 3])
        first = writer[kind](table, headers, before)
        return {f"{base}_1.{kind}": first, f"{base}_2.{kind}": whole}

    def earlier(self, table: OddTable, rows: list[list[str]]) -> list[list[str]]:
        """Rows as an earlier export had them: another spelling of ids, or other amounts."""
        headers = [column.header for column in table.columns]
        customer, amount = (headers.index(self.names[one]) for one in ("customer", "amount"))
        changed = [list(row) for row in rows]
        for row in changed:
            if self.choices["later export"] == "ids otherwise" and row[customer].isdigit():
                row[customer] = IDS[self.chance.choice(tuple(IDS))](row[customer])
            elif self.choices["later export"] == "changed" and self.chance.random() < 0.1:
                row[amount] = self.chance.choice(rows)[amount]
        return changed

    def typed(self, table: OddTable, rows: Sequence[Sequence[str]]) -> list[list[Any]]:
        """Cells with the types of JSON and workbooks, where the choice says so."""
        if self.choices["cells"] == "texts":
            return [list(row) for row in rows]
        truth = {
            (column.header, cell): value
            for column in table.columns
            if column.kind == "number" or (column.kind == "time" and self.choices["file"] == "xlsx")
            for cell, value in zip(column.cells, column.truth, strict=True)
            if value is not None and (column.kind == "number" or value.microsecond in {0, END_OF_DAY})
        }
        headers = [column.header for column in table.columns]
        return [
            [truth.get((header, cell), cell) for header, cell in zip(headers, row, strict=True)]
            for row in rows
        ]

    def lines(self, table: OddTable, headers: list[str], rows: list[list[str]]) -> bytes:
        records = [dict(zip(headers, row, strict=True)) for row in self.typed(table, rows)]
        return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records).encode()

    def array(self, table: OddTable, headers: list[str], rows: list[list[str]]) -> bytes:
        records = [dict(zip(headers, row, strict=True)) for row in self.typed(table, rows)]
        return json.dumps(records, ensure_ascii=False).encode()

    def workbook(self, table: OddTable, headers: list[str], rows: list[list[str]]) -> bytes:
        import xlsxwriter

        content = io.BytesIO()
        book = xlsxwriter.Workbook(content, {"in_memory": True})
        sheet = book.add_worksheet("Data")
        formats = [book.add_format({"num_format": one}) for one in ("yyyy-mm-dd hh:mm:ss", "yyyy-mm-dd")]
        for at, row in enumerate([headers, *self.typed(table, rows)]):
            for place, cell in enumerate(row):
                if isinstance(cell, float):
                    sheet.write_number(at, place, cell)
                elif isinstance(cell, datetime):
                    wall = cell.astimezone(self.zone).replace(tzinfo=None)
                    is_day = wall.microsecond == END_OF_DAY
                    wall = wall.replace(hour=0, minute=0, second=0, microsecond=0) if is_day else wall
                    sheet.write_datetime(at, place, wall, formats[is_day])
                elif cell:
                    sheet.write_string(at, place, cell)
        book.close()
        return content.getvalue()

    def text(self, table: OddTable, headers: list[str], rows: list[list[str]]) -> bytes:
        choices = self.choices
        end = choices["line end"]
        content = io.StringIO(newline="")
        quotes_all = choices["quotes"] == "all" or choices["text"] == "line ends"
        quoting = csv.QUOTE_ALL if quotes_all else csv.QUOTE_MINIMAL
        out = csv.writer(
            content, delimiter=choices["delimiter"], lineterminator=end, quoting=quoting
        )
        if choices["preamble"] == "title":
            content.write(f"Report of all {table.table}{end}{end}")
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

    def totals(self, table: OddTable) -> list[str]:
        row = []
        for column in table.columns[1:]:
            sums = column.name == "amount"
            total = sum(one or 0.0 for one in column.truth) if sums else 0.0
            row.append(NUMBERS[self.choices["amount"]](abs(total))[0] if sums else "")
        return row


def _early(wall: Wall, most: int) -> Wall:
    return wall.replace(day=min(wall.day, most))


def _cells(
    rows: Sequence[dict[str, tuple[str, str, str, Any]]], header: str
) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    return tuple(row[header][2] for row in rows), tuple(row[header][3] for row in rows)

