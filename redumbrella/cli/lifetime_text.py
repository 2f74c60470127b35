"""What all customers are worth, on the terminal: the figures behind the list of customers."""

from redumbrella.cli.text import console, plain_table
from redumbrella.figures import count, decimal, money, money_interval, percent
from redumbrella.reports.customers import Lifetime
from redumbrella.reports.wording import base_total

NAMES = ("r", "alpha", "a", "b", "p", "q", "gamma")


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
