"""Customers on the terminal: the read model comes in, a table and the figures behind it go out."""

from redumbrella.cli.text import console, plain_table
from redumbrella.figures import count, decimal, moment, money, money_interval, percent, plain
from redumbrella.reports.customers import Lifetime
from redumbrella.reports.wording import base_total
from redumbrella.views.customers import CustomerPage

NAMES = ("r", "alpha", "a", "b", "p", "q", "gamma")


def print_customers(page: CustomerPage) -> None:
    """Prints one page of the list, then what all customers are worth."""
    has_churn = any(row.churn is not None for row in page.rows)
    table = plain_table()
    table.add_column("#", justify="right", style="dim")
    table.add_column("Customer", overflow="fold", max_width=34)
    table.add_column("Value", justify="right", style="bold")
    table.add_column("Interval", justify="right", style="dim", no_wrap=True)
    table.add_column("Alive", justify="right")
    if has_churn:
        table.add_column("Churn", justify="right")
    table.add_column("Purchases", justify="right")
    table.add_column("Spent", justify="right")
    table.add_column("Last", no_wrap=True)
    table.add_column("Segment", no_wrap=True)
    for rank, row in enumerate(page.rows, start=page.first_rank):
        table.add_row(
            count(rank),
            row.label if row.label == row.person_id else f"{row.label} ({row.person_id})",
            money(row.value, page.currency),
            money_interval(row.value_low, row.value_high, page.currency),
            percent(row.alive),
            *([percent(row.churn)] if has_churn else []),
            count(row.purchases),
            money(row.spent, page.currency),
            moment(row.last_purchase, page.timezone)[:10],
            plain(row.segment),
        )
    output = console()
    output.print(table)
    matching = "match" if page.query.filtered else "customers"
    output.print(f"{count(len(page.rows))} of {count(page.total)} {matching}.", soft_wrap=True)
    if page.lifetime is not None:
        output.print(base_total(page.lifetime, page.currency), soft_wrap=True)


def print_lifetime(lifetime: Lifetime, currency: str) -> None:
    """Prints what all customers are worth, the fitted models, the holdout and the segments."""
    output = console()
    output.print(base_total(lifetime, currency), style="bold", soft_wrap=True)
    lines = [lifetime["why"], _fitted(lifetime), _foretold(lifetime, currency)]
    for line in lines:
        if line:
            output.print(line, soft_wrap=True)
    table = plain_table()
    table.add_column("Segment")
    for heading in ("Customers", "Value together", "Mean value"):
        table.add_column(heading, justify="right")
    table.add_column("Meaning", style="dim")
    for each in lifetime["segments"]:
        table.add_row(
            f"{each['by']}: {each['segment']}",
            count(each["customers"]),
            money(each["total"], currency),
            money(each["mean"], currency),
            each["meaning"],
        )
    output.print(table)
    for note in lifetime["notes"]:
        output.print(note, soft_wrap=True)


def _fitted(lifetime: Lifetime) -> str:
    """Parameters with their standard errors; empty where nothing was fitted."""
    if lifetime["r"] is None:
        return ""
    errors = lifetime["standard_errors"]
    parts = [
        f"{name} {decimal(lifetime[name], 3)} ± {decimal(errors.get(name), 3)}"  # type: ignore[literal-required]
        for name in NAMES
    ]
    return (
        f"BG/NBD and Gamma-Gamma by {lifetime['unit']}: {', '.join(parts)}; log likelihood "
        f"{decimal(lifetime['log_likelihood'], 1)}."
    )


def _foretold(lifetime: Lifetime, currency: str) -> str:
    """How the last part of the record was foretold; empty where none was held out."""
    held = lifetime["holdout"]
    if held is None:
        return ""
    errors = ", ".join(
        f"{name} {money(value, currency)}" for name, value in held["mean_absolute_error"].items()
    )
    return (
        f"Foretold from {held['start']} for {count(held['days'])} days: "
        f"{money(held['expected'], currency)} "
        f"({money_interval(held['low'], held['high'], currency)}), came "
        f"{money(held['actual'], currency)}. Mean absolute error of a customer: {errors}; "
        f"{percent(held['covered'])} of customers within their interval."
    )
