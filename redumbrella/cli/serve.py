"""`umbrella serve`: the pages and the REST API of one workspace."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from redumbrella.cli.terminal import say, workspace_option
from redumbrella.errors import UmbrellaError
from redumbrella.views.access import has_users
from redumbrella.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from redumbrella.access.rules import Access


@click.command("serve")
@workspace_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8000, show_default=True,
              help="Port to listen on.")  # fmt: skip
@click.option("--allow-remote", is_flag=True,
              help="Allow a host other than loopback; needs users or a token.")  # fmt: skip
@click.option("--token", envvar="UMBRELLA_TOKEN", default=None,
              help="Token that every request must carry while there are no users. "
                   "Default: $UMBRELLA_TOKEN.")  # fmt: skip
@click.option("--host-name", "names", multiple=True, metavar="NAME",
              help="A further name people open the server under.")  # fmt: skip
@click.option("--work", is_flag=True,
              help="Also be the worker, as `umbrella work` is: both in one process.")  # fmt: skip
def command(
    workspace: Path,
    *,
    host: str,
    port: int,
    allow_remote: bool,
    token: str | None,
    names: tuple[str, ...],
    work: bool,
) -> None:
    """Open the web pages and the REST API; stop with Ctrl-C."""
    # The web libraries take a second to load; a wrong option is told before.
    from redumbrella.server.listening import access_for

    token = token or None
    opened, people = None, False
    if allow_remote and token is None:  # users make a token needless; look before it is asked for
        opened = open_workspace(workspace)
        people = has_users(opened)
    access = access_for(host, allow_remote=allow_remote, token=token, names=names, people=people)
    opened = opened or open_workspace(workspace)
    access = replace(access, host_names=access.host_names | _public_names(opened))
    with _working(opened) if work else nullcontext():
        open_pages(opened, host, port, access)


def _public_names(opened: Workspace) -> frozenset[str]:
    """The name under which links in mails reach this server, if any."""
    mail = opened.settings.mail
    if mail is None or mail.public_url is None:
        return frozenset()
    return frozenset({(urlsplit(mail.public_url).hostname or "").lower()} - {""})


@contextmanager
def _working(opened: Workspace) -> Iterator[None]:
    """A worker in a thread beside the server; in the end it finishes what it is doing."""
    from redumbrella.workflows.work import Worker

    worker = Worker(opened, lambda line: say(line, lines=True))

    def work() -> None:
        try:
            worker.work()
        except UmbrellaError as problem:
            say(f"The worker has ended: {problem.message}", lines=True, err=True)

    # The server hands the signal on when it has ended, which would end the worker in its midst.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    thread = threading.Thread(target=work)
    thread.start()
    say("The worker runs too: what is scheduled is done, and what automations plan is sent.")
    try:
        yield
    finally:
        worker.stop()
        if thread.is_alive():
            say("Stopping: what is being done is ended first.", err=True)
        thread.join()


def open_pages(opened: Workspace, host: str, port: int, access: "Access | None" = None) -> None:
    """Serves the workspace until Ctrl-C; without `access`, to this machine only."""
    from redumbrella.server.app import serve
    from redumbrella.server.listening import access_for, bind

    access = access or access_for(host, allow_remote=False, token=None, names=())
    if has_users(opened):
        access = replace(access, people_only=True)
        say("People log in with their e-mail; programs send a key of `umbrella key add`.")
        if access.token is not None:
            say("The token counts no more: it is for servers without users.")
    listening = bind(host, port)
    shown = f"[{host}]" if ":" in host else host
    say(f"{opened.settings.name}: http://{shown}:{port}/leads  (stop with Ctrl-C)")
    with suppress(KeyboardInterrupt):  # Ctrl-C is the way to stop it
        serve(opened, listening, access)
