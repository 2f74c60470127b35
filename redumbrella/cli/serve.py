"""`umbrella serve`: the pages and the REST API of one workspace."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from redumbrella.cli.terminal import say, workspace_option
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
def command(
    workspace: Path,
    *,
    host: str,
    port: int,
    allow_remote: bool,
    token: str | None,
    names: tuple[str, ...],
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
    open_pages(opened or open_workspace(workspace), host, port, access)


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
