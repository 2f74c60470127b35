"""`umbrella work`: the worker, which runs what is scheduled and does what automations planned."""

import signal
from pathlib import Path
from types import FrameType

import click

from redumbrella.cli.terminal import say, workspace_option
from redumbrella.figures import counted
from redumbrella.workflows.work import Worker
from redumbrella.workspace import Workspace, open_workspace


@click.command("work")
@workspace_option
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
def command(workspace: Path, *, once: bool) -> None:
    """Run what is scheduled and do what automations planned; stop with Ctrl-C.

    [worker] in umbrella.toml says when everything is brought up to date: run = "every day at
    03:00". Several workers, also on several machines, share the work.
    """
    opened = open_workspace(workspace)
    worker = Worker(opened, _say, once=once)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        if not worker.is_stopping():
            say("Stopping: what is being done is ended first.", err=True)
        worker.stop()

    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, stop)
    if not once:
        _tell_plan(opened)
    worker.work()


def _tell_plan(opened: Workspace) -> None:
    plan = opened.settings.worker
    words = "never" if plan.run is None else plan.run.words
    say(f"{opened.settings.name}: everything is brought up to date {words} "
        f"({opened.settings.timezone}).")  # fmt: skip
    if plan.ingest is not None:
        say(f"Sources are read {plan.ingest.words}.")
    count = len(opened.settings.automations)
    if count:
        say(f"{counted(count, 'automation')} in umbrella.toml; `umbrella automations` shows which "
            "are on.")  # fmt: skip
    say("Stop with Ctrl-C.")


def _say(message: str) -> None:
    say(message, lines=True)
