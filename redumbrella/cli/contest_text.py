"""How a contest reads in the terminal."""

from collections.abc import Sequence
from typing import Any

from redumbrella.cli.terminal import say
from redumbrella.cli.text import console, plain_table


def print_contest(rows: Sequence[dict[str, Any]], days: int, currency: str) -> None:
    """One line a policy: profit, its standard error, and the paired gain over the first policy."""
    first = rows[0]["policy"]
    table = plain_table()
    for head in ("Order of calls", f"Profit, {currency}", f"More than {first}", "Won", "Calls",
                 "Talks"):  # fmt: skip
        table.add_column(head, justify="left" if head == "Order of calls" else "right")
    for row in rows:
        gain = row[f"gain_over_{first}"]
        more = "" if row is rows[0] else f"{gain:+,.0f}{_plus_minus(row['gain_error'])}"
        table.add_row(
            row["policy"], f"{row['profit']:,.0f}{_plus_minus(row['profit_error'])}", more,
            f"{row['won']:,.0f}", f"{row['calls']:,.0f}", f"{row['talks']:,.0f}",
        )  # fmt: skip
    console().print(table)
    say(
        f"Profit of {days} days, mean of {rows[0]['seeds']} simulated companies, ± standard error; "
        "leads count with their true chances, those still open too. The same people with the same "
        "luck under each policy."
    )


def _plus_minus(error: float | None) -> str:
    return "" if error is None else f" ± {error:,.0f}"
