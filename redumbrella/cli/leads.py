"""`umbrella leads`: the ordered list on the terminal, or as JSON."""

from collections.abc import Callable
from pathlib import Path

import click

from redumbrella.cli.terminal import json_option, print_json, workspace_option
from redumbrella.cli.text import console, model_line, plain_table
from redumbrella.figures import count, decimal, interval, money, parse_share, percent, plain
from redumbrella.views.leads import LeadPage, LeadQuery, LeadRow, list_leads, nothing_scored
from redumbrella.workspace import open_workspace

ORDERS = ("probability", "expected_value", "qualification")
_WIDE = 110  # columns of a terminal that has room for what leads are worth


@click.command("leads")
@workspace_option
@click.option("--top", type=click.IntRange(1, 1_000), default=20, show_default=True,
              help="How many leads to show.")  # fmt: skip
@click.option("--grade", default="", help="Only this grade.")
@click.option("--min-probability", default="", metavar="SHARE",
              help='Only leads at or above it: 0.3 or "30 %".')  # fmt: skip
@click.option("--source", default="", help="Only leads from this source.")
@click.option("--product", default="", help="Only this product.")
@click.option("--search", default="", help="Only leads whose name or id contains this.")
@click.option("--sort", type=click.Choice(ORDERS), default=ORDERS[0], show_default=True,
              help="What the best are to be best in.")  # fmt: skip
@click.option("--target", default=None, help="Which target; default: the first one.")
@json_option
def command(
    workspace: Path,
    *,
    top: int,
    grade: str,
    min_probability: str,
    source: str,
    product: str,
    search: str,
    sort: str,
    target: str | None,
    as_json: bool,
) -> None:
    """Show the ordered list of leads, the best first."""
    query = LeadQuery(
        search=search,
        grade=grade,
        min_probability=parse_share(min_probability, "--min-probability") if min_probability else 0,
        source=source,
        product=product,
        target=target,
        sort=sort,
        page_size=top,
    )
    opened = open_workspace(workspace)
    page = list_leads(opened, query)
    if page.model is None:
        raise nothing_scored(opened, page.query.target)
    if as_json:
        print_json(page)
    elif not page.rows:
        click.echo("No lead matches. Ask for less: umbrella leads")
    else:
        print_page(page)


def print_page(page: LeadPage) -> None:
    """Prints one page of the list, then which model it comes from."""
    output = console()
    worth = _worth_columns(page, wide=output.width >= _WIDE)
    table = plain_table()
    table.add_column("#", justify="right", style="dim")
    table.add_column("Lead", overflow="fold", max_width=34)
    has_product = any(lead.product_id for lead in page.rows)
    if has_product:
        table.add_column("Product", overflow="fold", max_width=34)
    table.add_column("Probability", justify="right", style="bold")
    table.add_column("Interval", justify="right", style="dim", no_wrap=True)
    table.add_column("Grade")
    for heading in worth:
        table.add_column(heading, justify="right")
    table.add_column("Strongest reason", overflow="fold")
    for rank, lead in enumerate(page.rows, start=page.first_rank):
        table.add_row(
            count(rank),
            lead.label if lead.label == lead.lead_id else f"{lead.label} ({lead.lead_id})",
            *([lead.product_id] if has_product else []),
            percent(lead.probability),
            interval(lead.low, lead.high),
            plain(lead.grade),
            *(show(lead) for show in worth.values()),
            _reason(lead),
        )
    output.print(table)
    matching = "match" if page.query.filtered else "scored"
    output.print(
        f"{count(len(page.rows))} of {count(page.total)} {matching}, target "
        f'"{page.query.target}". {model_line(page.model)}',
        soft_wrap=True,
    )


def _worth_columns(page: LeadPage, *, wide: bool) -> dict[str, Callable[[LeadRow], str]]:
    """What leads are worth, where it is known: on a wide terminal, or where the list goes by it."""
    columns: dict[str, tuple[str, Callable[[LeadRow], str]]] = {
        "expected_value": ("Exp. value", lambda lead: money(lead.expected_value, "")),
        "qualification": ("Card", lambda lead: decimal(lead.qualification, 0)),
    }
    return {
        heading: show
        for name, (heading, show) in columns.items()
        if (wide or page.query.sort == name)
        and any(getattr(lead, name) is not None for lead in page.rows)
    }


def _reason(lead: LeadRow) -> str:
    if lead.top_reason is None:
        return "no reason stands out"
    return f"{'+' if lead.top_reason.contribution >= 0 else '-'} {lead.top_reason.text}"
