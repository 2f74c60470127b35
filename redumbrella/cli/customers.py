"""`umbrella customers`: what each customer is worth and who is leaving, as a table or as JSON."""

from pathlib import Path

import click

from redumbrella.cli.customers_text import print_customers
from redumbrella.cli.instants import as_of_option, instant
from redumbrella.cli.terminal import json_option, print_json, progress, workspace_option
from redumbrella.errors import NotFoundError
from redumbrella.views.customers import CUSTOMER_SORTS, CustomerQuery, list_customers
from redumbrella.workspace import Workspace, open_workspace


@click.command("customers")
@workspace_option
@click.option("--top", type=click.IntRange(1, 1_000), default=20, show_default=True,
              help="How many customers to show.")  # fmt: skip
@click.option("--sort", type=click.Choice(list(CUSTOMER_SORTS)), default="value",
              show_default=True, help="What decides the order, largest first.")  # fmt: skip
@click.option("--segment", default="", help="Only this segment: active, new, at risk or lost.")
@click.option("--search", default="", help="Only customers whose name or id contains this.")
@as_of_option
@json_option
def command(
    workspace: Path,
    *,
    top: int,
    sort: str,
    segment: str,
    search: str,
    as_of: str | None,
    as_json: bool,
) -> None:
    """Show what each customer is worth and who is leaving, most valuable first.

    `umbrella run` makes the list. With --as-of it is made anew first, as of that instant.
    """
    opened = open_workspace(workspace)
    if as_of is not None:
        _value_then(opened, as_of, quiet=as_json)
    query = CustomerQuery(
        search=search, segment=segment, sort=sort, descending=sort != "customer", page_size=top
    )
    page = list_customers(opened, query)
    if page.lifetime is None:
        message = "No customer is valued yet. Run `umbrella run` first; it needs purchases."
        raise NotFoundError(message, reason="no_customers")
    if as_json:
        print_json(page)
    elif not page.rows:
        click.echo("No customer matches. Ask for less: umbrella customers")
    else:
        print_customers(page)


def _value_then(workspace: Workspace, as_of: str, *, quiet: bool) -> None:
    from redumbrella.workflows.value_customers import value_customers

    with progress(quiet=quiet) as report:
        value_customers(workspace, report, instant(as_of, workspace.settings.timezone))
