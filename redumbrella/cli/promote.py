"""`umbrella promote VERSION`: put another model version into use, or the one before."""

from pathlib import Path

import click

from redumbrella.cli.terminal import json_option, print_json, say, workspace_option
from redumbrella.workflows.promote import promote, roll_back
from redumbrella.workspace import open_workspace


@click.command("promote")
@click.argument("version", metavar="VERSION", required=False)
@workspace_option
@click.option("--back", is_flag=True, help="The one that was trained before the one in use.")
@click.option("--target", default=None, help="With --back: which target; default: the first one.")
@json_option
def command(
    workspace: Path, *, version: str | None, back: bool, target: str | None, as_json: bool
) -> None:
    """Put a model version into use; `umbrella models` lists them."""
    if back == (version is not None):
        raise click.UsageError("Name one version, or ask for the one before with --back.")
    opened = open_workspace(workspace)
    done = promote(opened, version) if version is not None else roll_back(opened, target)
    if as_json:
        print_json(done)
        return
    say(f'In use for "{done.target}": {done.version}. {done.said}')
