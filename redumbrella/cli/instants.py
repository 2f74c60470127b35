"""Instants on the command line: `--as-of` in ISO 8601, read in the workspace's time zone."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from redumbrella.clock import to_datetime, to_microseconds
from redumbrella.errors import SettingsError
from redumbrella.figures import moment as in_words

Command = TypeVar("Command", bound=Callable[..., Any])


def as_of_option(function: Command) -> Command:
    """Adds `--as-of T`: what was known at that instant decides."""
    text = "Use only what was known before this instant, such as 2026-11-01 or 2026-11-01T08:00."
    return click.option("--as-of", "as_of", metavar="T", help=text)(function)


def instant(text: str | None, timezone: str, option: str = "--as-of") -> int | None:
    """The instant in UTC microseconds, or None. Raises SettingsError when it is unreadable."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(timezone))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise SettingsError(
            f'{option} "{text}" is no instant. Write it like 2026-11-01 or 2026-11-01T08:00+01:00.',
            reason="unreadable_instant",
        ) from None
    return to_microseconds(moment)


def tell_past(as_of: int | None, timezone: str, what: str) -> None:
    """Says, on the error stream, that something made for the past is now in use by everyone.

    as_of: UTC microseconds, None where nothing was asked: then nothing is said.
    """
    if as_of is not None:
        words = in_words(to_datetime(as_of), timezone)
        click.echo(
            f"Note: this is now {what}, and it knows nothing after {words}. "
            "`umbrella run` brings it up to today.",
            err=True,
        )
