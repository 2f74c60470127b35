# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""What a row brings, in the workspace's currency: from the columns that an amount rests on.

In: a staged table, its columns as they were read, the currencies of the workspace. Out: `Amounts`,
SQL for the amount of a row, and notes. An amount may be a price times a quantity, less what was
given back; a negative quantity beside a positive amount is a return. Promise: amounts of several
currencies are never added: each is converted by its rate, or SettingsError names what is missing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redumbrella.errors import SettingsError
from redumbrella.lake.quoting import literal, quoted
from redumbrella.settings.currencies import CODES, Currencies
from redumbrella.settings.sources import ColumnSource, Source
from redumbrella.sources.inference import ColumnRead
from redumbrella.sources.mapping import LESS, TIMES
from redumbrella.sources.order_states import meaning
from redumbrella.sources.spellings.numbers import currency_sql
from redumbrella.sources.staging import Staging

_SHOWN = 6
_MOST_STATES = 60  # different values of a column that is a status
KRONOR = "KR"
_IN_KRONOR = {"SEK", "NOK", "DKK", "ISK"}


@dataclass(frozen=True)
class Amounts:
    """SQL for the amount of a row of the staged table, and what is to be said about it.

    void: SQL, whether no money came; None where nothing says so.
    """

    sql: str
    notes: tuple[str, ...]
    void: str | None = None


def read_amounts(
    staging: Staging, source: Source, read: Sequence[ColumnRead], currencies: Currencies
) -> Amounts | None:
    """How the amounts of a staged table are read; None where it has none.

    Raises SettingsError where they are of currencies of which no rate is known.
    """
    by_name = {column.name: column for column in read if column.kind is not None}
    amount = by_name.get("amount")
    if amount is None:
        return None
    origin = source.columns.get("amount", ColumnSource())
    sql, notes = _signed(staging, by_name)
    if origin.cents:
        sql = f"({sql}) / 100"
    if LESS in by_name:
        less = f"abs(coalesce({by_name[LESS].sql}, 0))"
        sql = f"({sql}) - {less}{' / 100' if origin.cents else ''}"
        notes.append(f'amount is less "{by_name[LESS].column}", which was given back.')
    void = None
    if origin.status is not None:
        void, returned = (_has(staging, origin.status, v) for v in (origin.void, origin.returned))
        # What stands below 0 is a return by itself, whatever its order became.
        void = f"({void} AND coalesce(({sql}) >= 0, TRUE))"
        sql = f"CASE WHEN {returned} THEN -abs({sql}) ELSE {sql} END"
        notes += _said_of_status(staging, origin, void, returned)
    elif source.table == "purchases":
        notes += _unsaid_status(staging, read)
    rate, said = _rate(staging, source, amount, read, currencies)
    sql = sql if rate is None else f"({sql}) * ({rate})"
    return Amounts(sql, (*notes, *said), void)


def _signed(staging: Staging, by_name: Mapping[str, ColumnRead]) -> tuple[str, list[str]]:
    """SQL of an amount times its quantity, or with the sign of its quantity; notes."""
    amount, quantity = by_name["amount"], by_name.get("quantity")
    if TIMES in by_name:
        times = by_name[TIMES]
        said = f'amount is "{amount.column}" times "{times.column}".'
        return f"({amount.sql}) * ({times.sql})", [said]
    if quantity is None:
        return amount.sql, []
    sql = f"CASE WHEN ({quantity.sql}) < 0 THEN -abs({amount.sql}) ELSE {amount.sql} END"
    count = staging.count(f"({quantity.sql}) < 0 AND ({amount.sql}) > 0")
    if not count:
        return sql, []
    return sql, [
        f'{_rows(count)} a "{quantity.column}" below 0: returns, their amount is taken off.'
    ]


def _has(staging: Staging, column: str, values: Sequence[str]) -> str:
    """SQL: whether a staged column has one of these values, in whatever capitals."""
    if not values:
        return "FALSE"
    listed = ", ".join(literal(value.strip().lower()) for value in values)
    here = staging.columns[column]
    return f"coalesce(lower(trim({here}::VARCHAR)) IN ({listed}), FALSE)"


def _said_of_status(staging: Staging, origin: ColumnSource, void: str, returned: str) -> list[str]:
    notes = []
    if origin.void:
        notes.append(
            f'"{origin.status}" is {" or ".join(origin.void)} in {staging.count(void):,} rows: '
            "no money came, they are no purchases."
        )
    if origin.returned:
        notes.append(
            f'"{origin.status}" is {" or ".join(origin.returned)} in '
            f"{staging.count(returned):,} rows: given back, their amount is taken off."
        )
    return notes


def _unsaid_status(staging: Staging, read: Sequence[ColumnRead]) -> list[str]:
    """Columns that say of some orders that no money came, while nothing in the settings does."""
    notes = []
    for column in read:
        if column.kind is not None or column.type != "text":
            continue
        values = [
            value
            for (value,) in staging.connection.execute(
                f"SELECT DISTINCT left({column.here}, 100) FROM {quoted(staging.name)} "
                f"WHERE {column.here} IS NOT NULL LIMIT {_MOST_STATES + 1}"
            ).fetchall()
        ]
        meant = {value: meaning(value) for value in sorted(values)}
        lost = [value for value, said in meant.items() if said in ("void", "returned")]
        if len(values) <= _MOST_STATES and lost and "paid" in meant.values():
            count = staging.count(_has(staging, column.column, lost))
            listed = ", ".join(f'"{value}"' for value in lost)
            notes.append(
                f'"{column.column}" is {" or ".join(lost)} in {count:,} rows, which count as '
                "purchases. If no money came, or it was given back, say so: amount = { …, status = "
                f'"{column.column}", void = [{listed}] }}, or returned = [{listed}].'
            )
    return notes


def _rate(
    staging: Staging,
    source: Source,
    amount: ColumnRead,
    read: Sequence[ColumnRead],
    currencies: Currencies,
) -> tuple[str | None, list[str]]:
    """SQL of what one unit of a row's currency is worth, None where all are alike; notes."""
    origin = source.columns.get("amount", ColumnSource())
    column = origin.currency or _column_of_codes(staging, read)
    code = f"CASE WHEN {amount.text} IS NOT NULL THEN {_code(staging, column, amount)} END"
    found = staging.connection.execute(
        f"SELECT {code}, count(*) FROM {quoted(staging.name)} GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    counts: Counter[str] = Counter()
    for one, count in found:
        if one is not None:
            counts[_own_krone(one, currencies.own)] += count
    foreign = [one for one in counts if one != currencies.own]
    unknown = [one for one in foreign if one not in currencies.rates]
    where = column or amount.column
    if not foreign:
        return None, []
    if unknown and len(counts) == 1:
        return None, [
            f'Amounts are in {foreign[0]} ("{where}"), but the workspace says {currencies.own}: '
            f'write currency = "{foreign[0]}" under [workspace], or a rate under [currencies].'
        ]
    if unknown:
        message = _no_rates(source.table, where, counts, unknown, currencies.own)
        raise SettingsError(message, reason="no_rate")
    rates = {currencies.own: 1.0, **currencies.rates}
    cases = " ".join(f"WHEN {literal(one)} THEN {rates[one]!r}" for one in counts)
    listed = ", ".join(f"{one} {count:,}" for one, count in list(counts.items())[:_SHOWN])
    said = f'Amounts are converted to {currencies.own} by [currencies] ("{where}": {listed}).'
    return f"CASE {code} {cases} ELSE 1.0 END", [said]


def _own_krone(code: str, own: str) -> str:
    """A code as it is meant: "kr" are the kronor of the workspace, where it counts in any."""
    return own if code == KRONOR and own in _IN_KRONOR else code


def _code(staging: Staging, column: str | None, amount: ColumnRead) -> str:
    """SQL: the currency that stands beside an amount, else the one written with it."""
    here = staging.columns[column] if column is not None else None
    is_text = amount.here not in staging.instants
    parts = [f"coalesce({currency_sql(here)}, upper(trim({here})))"] if here else []
    parts += [currency_sql(amount.here)] if is_text else []
    return f"coalesce({', '.join([*parts, 'NULL'])})"


def _no_rates(
    table: str, column: str, counts: Mapping[str, int], unknown: Sequence[str], own: str
) -> str:
    """What to write where amounts have several currencies."""
    listed = ", ".join(f"{code} ({count:,} rows)" for code, count in list(counts.items())[:_SHOWN])
    lines = "\n".join(f"  {code} = ...    # what one {code} is worth in {own}" for code in unknown)
    return (
        f'[tables.{table}] amounts are of several currencies, "{column}": {listed}. They cannot be '
        f"added. Say what they are worth in {own}, the currency of the workspace, under "
        f"[currencies] in umbrella.toml (once in the file):\n  [currencies]\n{lines}"
    )


def _column_of_codes(staging: Staging, read: Sequence[ColumnRead]) -> str | None:
    """The column that holds nothing but codes of currencies, where there is one."""
    texts = [one for one in read if one.present and one.type == "text" and one.kind != "id"]
    if not texts:
        return None
    codes = ", ".join(literal(code) for code in sorted(CODES))
    parts = ", ".join(
        f"count(*) FILTER (upper(trim({one.here})) IN ({codes})), count({one.here})"
        for one in texts
    )
    found = staging.one(f"SELECT {parts} FROM {quoted(staging.name)}")
    for one, known, present in zip(texts, found[::2], found[1::2], strict=True):
        if known == present:
            return one.column
    return None


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
