"""`umbrella demo`: the main job on real data, or all of it in a simulated company."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from redumbrella.cli.terminal import progress, say
from redumbrella.clock import now, to_datetime

if TYPE_CHECKING:
    from redumbrella.workspace import Workspace

COMPANY = "company"
_FOLDERS = {"": Path("demo-workspace"), COMPANY: Path("company-workspace")}
# The simulated company of the second tour.
SEED, SIZE, DAYS = 1, "medium", 120


@click.command("demo")
@click.argument("what", nargs=-1, metavar="[company] [FOLDER]")
@click.option("--serve/--no-serve", default=False, help="Open the web pages when it is done.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=8000,
    show_default=True,
    help="Port of the web pages.",
)
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="First day of the simulated company. Default: so that it ends yesterday.",
)
def command(what: tuple[str, ...], *, serve: bool, port: int, start: datetime | None) -> None:
    """Rank the open calls of a real bank campaign, with reasons and a verdict.

    Makes the workspace FOLDER (default: demo-workspace) from the UCI Bank Marketing data, then
    does what `umbrella run` and `umbrella leads` do.

    With the word company it makes a simulated company instead (default FOLDER: company-workspace):
    visits, calls, purchases, campaigns and products of people who do not exist, so that all of Red
    Umbrella can be seen, and judged by a truth that is known.
    """
    kind, folder = _asked(what)
    opened = _company(folder, start) if kind == COMPANY else _bank(folder)
    if serve:
        from redumbrella.cli.serve import open_pages

        open_pages(opened, "127.0.0.1", port)


def _asked(what: tuple[str, ...]) -> tuple[str, Path]:
    """Which demo, and where. A folder that is called company is named ./company."""
    kind = COMPANY if what[:1] == (COMPANY,) else ""
    rest = what[1:] if kind else what
    if len(rest) > 1:
        raise click.UsageError(f"One folder is enough, not {len(rest)}: {' '.join(rest)}")
    return kind, Path(rest[0]) if rest else _FOLDERS[kind]


def _bank(folder: Path) -> "Workspace":
    from redumbrella.workflows.demo import write_demo

    say(f"Writing the demo workspace to {folder} …")
    write_demo(folder)
    opened = _run_and_list(folder)
    say(f"Look around: umbrella leads -w {folder}; umbrella explain ID -w {folder}")
    say("All of Red Umbrella, with visits, calls, purchases and products, in a simulated company: "
        "umbrella demo company --serve")  # fmt: skip
    return opened


def _company(folder: Path, start: datetime | None) -> "Workspace":
    from redumbrella.simulation.beginning import begin
    from redumbrella.simulation.files import write_company
    from redumbrella.simulation.parameters import company_text

    first = (start or to_datetime(now()) - timedelta(DAYS)).date()
    world = begin(company_text("valiant"), SEED, SIZE, first, None)
    say(f"Writing a SIMULATED company to {folder}: nobody in it exists. It takes some minutes …")
    with progress(quiet=False) as report:
        for number in write_company(world, folder, DAYS):
            report("Living the past", (number + 1) / DAYS)
    opened = _run_and_list(folder)
    say(f"This company is simulated. Look around: umbrella customers -w {folder}; "
        f"umbrella products -w {folder}")  # fmt: skip
    say(f"Live on: umbrella simulate day -w {folder}. What is true: umbrella simulate truth "
        f"-w {folder} -o truth.csv")  # fmt: skip
    return opened


def _run_and_list(folder: Path) -> "Workspace":
    """Does what `umbrella run` and `umbrella leads` do."""
    from redumbrella.cli.lists import show_list
    from redumbrella.cli.run import tell
    from redumbrella.views.leads import LEADS
    from redumbrella.workflows.run import run
    from redumbrella.workspace import open_workspace

    opened = open_workspace(folder)
    with progress(quiet=False) as report:
        result = run(opened, report)
    tell(opened, result)
    say()
    show_list(opened, LEADS, 15, {})
    say()
    return opened
