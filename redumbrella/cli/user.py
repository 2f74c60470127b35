"""`umbrella user`: people who may log in to the pages: add, list, set."""

import sys
from pathlib import Path
from typing import Any

import click

from redumbrella.access.roles import ROLES
from redumbrella.cli.terminal import json_option, print_json, say, workspace_option
from redumbrella.cli.text import console, plain_table
from redumbrella.errors import SettingsError
from redumbrella.figures import moment, plain
from redumbrella.views.access import UserFacts, list_users
from redumbrella.workflows.manage_access import add_user, set_user
from redumbrella.workspace import open_workspace

_ROLE = click.Choice(list(ROLES))
_REP = "The rep of the record of leads who this is; sales see the leads of it."
_PASSWORD = "Read the password from standard input."  # noqa: S105  what an option does


@click.group("user")
def command() -> None:
    """People who may log in: add, list, set.

    From the first user on everybody has to log in to the pages; the first one is an admin.
    """


@command.command("add")
@workspace_option
@click.argument("email")
@click.option("--role", type=_ROLE, required=True, help="What the user may see and do.")
@click.option("--name", default="", help="How people call the user.")
@click.option("--rep", "rep_id", default="", metavar="REP", help=_REP)
@click.option("--password-stdin", is_flag=True, help=f"{_PASSWORD} Without it you are asked.")
@json_option
def add(
    workspace: Path,
    *,
    email: str,
    role: str,
    name: str,
    rep_id: str,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Add somebody who may log in with EMAIL and a password."""
    opened = open_workspace(workspace)
    user = add_user(opened, email, role, _password(from_input=password_stdin), name, rep_id)
    _told(user, f"{user.email} can log in as {user.role}.", as_json=as_json)


@command.command("list")
@workspace_option
@json_option
def list_all(workspace: Path, *, as_json: bool) -> None:
    """Show who may log in."""
    opened = open_workspace(workspace)
    found = list_users(opened)
    if as_json:
        print_json(found)
        return
    if not found:
        say("There are no users. Add one: umbrella user add EMAIL --role admin")
        return
    table = plain_table()
    for heading in ("E-mail", "Name", "Role", "Rep", "Last log-in", ""):
        table.add_column(heading, overflow="fold")
    for user in found:
        last = user.last_login_at
        seen = "never" if last is None else moment(last, opened.settings.timezone)
        state = "disabled" if user.disabled_at else ""
        table.add_row(user.email, user.name, user.role, plain(user.rep_id or None), seen, state)
    console().print(table)


@command.command("set")
@workspace_option
@click.argument("email")
@click.option("--role", type=_ROLE, default=None, help="Another role.")
@click.option("--name", default=None, help="Another name.")
@click.option("--rep", "rep_id", default=None, metavar="REP", help=f'{_REP} "" for none.')
@click.option("--disable", is_flag=True, help="No log-in any more; every session ends.")
@click.option("--enable", is_flag=True, help="Log-in again.")
@click.option("--password-stdin", is_flag=True, help=f"{_PASSWORD} Every session ends.")
@json_option
def change(workspace: Path, *, email: str, as_json: bool, **given: Any) -> None:
    """Change role, rep, name or password of a user, or whether it may log in."""
    disable, enable = given.pop("disable"), given.pop("enable")
    if disable and enable:
        raise SettingsError("Give --disable or --enable, not both.", reason="two_ways")
    from_input = given.pop("password_stdin")
    changes = {name: value for name, value in given.items() if value is not None}
    if disable or enable:
        changes["disabled"] = disable
    if not changes and not from_input:
        message = "Nothing to change: give --role, --name, --rep, --disable, --enable or "
        raise SettingsError(f"{message}--password-stdin.", reason="nothing_to_change")
    if from_input:
        changes["password"] = _password(from_input=True)
    user = set_user(open_workspace(workspace), email, **changes)
    state = "disabled" if user.disabled_at else f"{user.role}, can log in"
    _told(user, f"{user.email}: {state}.", as_json=as_json)


def _told(user: UserFacts, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(user)
    else:
        say(words)


def _password(*, from_input: bool) -> str:
    """The first line of standard input, or what is typed twice unseen."""
    if from_input:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        message = "Nobody is there to type a password. Send it along: --password-stdin < file"
        raise SettingsError(message, reason="no_password")
    typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return typed
