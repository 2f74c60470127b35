"""`umbrella products`: what will be bought, and how good each product's model is."""

from pathlib import Path

import click

from redumbrella.cli.terminal import json_option, print_json, workspace_option
from redumbrella.cli.text import console, model_line, plain_table
from redumbrella.figures import count, decimal, money, percent
from redumbrella.reports.wording import products_asked, products_examined
from redumbrella.views.products import PRODUCT_SORTS, ProductTable, list_products
from redumbrella.workspace import open_workspace


@click.command("products")
@workspace_option
@click.option("--top", type=click.IntRange(1, 1_000), default=20, show_default=True,
              help="How many products to show.")  # fmt: skip
@click.option("--sort", type=click.Choice(PRODUCT_SORTS), default="expected_revenue",
              show_default=True, help="What decides the order, largest first.")  # fmt: skip
@click.option("--target", default=None, help="Which target; default: the first one of products.")
@json_option
def command(workspace: Path, *, top: int, sort: str, target: str | None, as_json: bool) -> None:
    """Show how often each product will be bought, and how good its model is.

    `umbrella run` makes the list. Who buys one of them: umbrella leads --product ID
    """
    table = list_products(open_workspace(workspace), target, sort)
    if as_json:
        print_json(table)
    else:
        _print(table, top)


def _print(found: ProductTable, top: int) -> None:
    table = plain_table()
    table.add_column("#", justify="right", style="dim")
    table.add_column("Product", overflow="fold", max_width=38)
    table.add_column("Expected sales", justify="right", style="bold")
    table.add_column("Expected revenue", justify="right")
    table.add_column("Mean sale", justify="right")
    table.add_column("Sales learned from", justify="right")
    table.add_column("Better than its share", justify="right")
    for rank, row in enumerate(found.rows[:top], start=1):
        table.add_row(
            count(rank),
            row.product_id,
            decimal(row.expected_sales, 1),
            money(row.expected_revenue, found.currency),
            money(row.price, found.currency),
            count(row.sales) + ("" if row.regime == "model" else " (cautious)"),
            percent(row.gain),
        )
    output = console()
    output.print(table)
    shown = min(top, len(found.rows))
    output.print(f"{count(shown)} of {count(len(found.rows))} products.", soft_wrap=True)
    output.print(products_asked(found.people, found.horizon_days), soft_wrap=True)
    output.print(products_examined(found.figures), soft_wrap=True)
    output.print(model_line(found.model), soft_wrap=True)
