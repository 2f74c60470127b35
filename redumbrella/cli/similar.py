"""`umbrella similar`: what a product is like, and what its buyers bought too."""

from pathlib import Path

import click

from redumbrella.cli.terminal import json_option, print_json, say, workspace_option
from redumbrella.cli.text import console, plain_table
from redumbrella.figures import counted
from redumbrella.workspace import open_workspace


@click.command("similar")
@workspace_option
@click.argument("product_id", metavar="PRODUCT")
@click.option("--recommender", default=None, help="Its name in umbrella.toml; default: the first.")
@click.option("--top", type=click.IntRange(1, 20), default=10, show_default=True,
              help="How many products to show.")  # fmt: skip
@json_option
def command(
    workspace: Path, product_id: str, *, recommender: str | None, top: int, as_json: bool
) -> None:
    """Show what a product is like, and what its buyers bought too.

    Products that may not be shown now are left out.
    """
    from redumbrella.clock import now
    from redumbrella.views.recommendations import product_detail

    opened = open_workspace(workspace)
    found = product_detail(opened, product_id, now(), recommender=recommender, n=top)
    if as_json:
        print_json(found)
        return
    buyers, lists = counted(found["buyers"], "buyer"), counted(found["shown"], "list")
    say(f"{found['product']}: {buyers}, on {lists}.")
    if not found["similar"] and not found["together"]:
        say("Nothing is known that is like it: too few bought it, and nothing describes it.")
    by = "common buyers" if found["by"] == "collaborative" else "name, description, type and price"
    for heading, measure, rows in (
        (f"Similar, by {by}", "Likeness", found["similar"]),
        ("Its buyers bought too", "Common buyers", found["together"]),
    ):
        if not rows:
            continue
        table = plain_table()
        table.add_column(heading)
        table.add_column("Id")
        table.add_column(measure, justify="right")
        for one in rows:
            number = one["buyers"] if one["buyers"] is not None else one["score"]
            table.add_row(one["product"], one["product_id"], f"{number:,.4g}")
        console().print(table)
