"""`umbrella demo`: the main job on real data that comes with Red Umbrella."""

from pathlib import Path

import click

from redumbrella.cli.terminal import progress, say


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo-workspace"))
@click.option("--serve/--no-serve", default=False, help="Open the web pages when it is done.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=8000,
    show_default=True,
    help="Port of the web pages.",
)
def command(folder: Path, *, serve: bool, port: int) -> None:
    """Rank the open calls of a real bank campaign, with reasons and a verdict.

    Makes the workspace FOLDER (default: demo-workspace) from the UCI Bank Marketing data, then
    does what `umbrella run` and `umbrella leads` do.
    """
    from redumbrella.cli.lists import show_list
    from redumbrella.cli.run import tell
    from redumbrella.views.leads import LEADS
    from redumbrella.workflows.demo import write_demo
    from redumbrella.workflows.run import run
    from redumbrella.workspace import open_workspace

    say(f"Writing the demo workspace to {folder} …")
    write_demo(folder)
    opened = open_workspace(folder)
    with progress(quiet=False) as report:
        result = run(opened, report)
    tell(opened, result)
    say()
    show_list(opened, LEADS, 15, {})
    say()
    say(f"Look around: umbrella leads -w {folder}; umbrella explain ID -w {folder}")
    if serve:
        from redumbrella.cli.serve import open_pages

        open_pages(opened, "127.0.0.1", port)
