"""Logging: what the program does, through the standard library's loggers under `redumbrella`.

In: messages with fields from a few central places. Out: nothing by default; inside `log_to`, one
line each on a stream, as text or as JSON. Promise: fields are names that stand in this program
(steps, tables, verbs, routes), counts, durations, versions and codes. Nothing that comes from data
or from a request is among them but the IP address that a wrong token, key or password came from,
and of an exception only its class and where it was raised, for its message may quote a value.
"""

import json
import logging
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from redumbrella.errors import SettingsError
from redumbrella.masking import masked
from redumbrella.visible import visible_line

LOG_VARIABLE = "UMBRELLA_LOG"
FORMATS = ("text", "json")
LogField = str | int | float
_ROOT = logging.getLogger("redumbrella")
# Who uses this package as a library and sets up no logging is not to be told so.
_ROOT.addHandler(logging.NullHandler())


def log_event(room: str, message: str, *, failed: bool = False, **fields: LogField) -> None:
    """Logs one thing that happened in a room, at level INFO, or ERROR where it failed.

    The fields stand in the attribute `fields` of the LogRecord, for handlers of one's own.
    """
    level = logging.ERROR if failed else logging.INFO
    _ROOT.getChild(room).log(level, message, extra={"fields": fields})


def is_logging() -> bool:
    """Whether anybody wants to know; measuring may be left out otherwise."""
    return _ROOT.isEnabledFor(logging.INFO)


def log_format(verbose: bool, variable: str | None) -> str | None:
    """The format that `--verbose` and $UMBRELLA_LOG ask for; None leaves logging off.

    Raises SettingsError for a value of the variable that is no format.
    """
    if variable and variable not in FORMATS:
        message = f'$UMBRELLA_LOG is "{variable}". Valid: {", ".join(FORMATS)}.'
        raise SettingsError(message, reason="unknown_log_format")
    return variable or ("text" if verbose else None)


@contextmanager
def log_to(form: str, out: TextIO, *, others: tuple[str, ...] = ("uvicorn",)) -> Iterator[None]:
    """Writes what is logged to a stream while the context lasts, in one of FORMATS.

    `others` are loggers of libraries whose warnings go the same way.
    """
    handler = _Quiet(out)
    handler.setFormatter(_Json() if form == "json" else _Text())
    loggers = [_ROOT, *(logging.getLogger(name) for name in others)]
    level = _ROOT.level
    _ROOT.setLevel(logging.INFO)
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        _ROOT.setLevel(level)


class _Quiet(logging.StreamHandler[TextIO]):
    """Where the log cannot be written, such as on a full disk, the work goes on without."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Says nothing: it would go the same way."""


class _Text(logging.Formatter):
    """`2026-11-21T08:00:00.000+00:00 INFO redumbrella.sources: source read table=leads rows=40`"""

    def format(self, record: logging.LogRecord) -> str:
        head, fields = _head(record), _fields(record)
        shown = "".join(
            f" {name}={json.dumps(value) if ' ' in str(value) else value}"
            for name, value in fields.items()
        )
        text = f"{head['time']} {head['level']} {head['logger']}: {head['message']}{shown}"
        return visible_line(masked(text))


class _Json(logging.Formatter):
    """One JSON object: time, level, logger, message, and the fields beside them."""

    def format(self, record: logging.LogRecord) -> str:
        return masked(json.dumps({**_head(record), **_fields(record)}))


def _head(record: logging.LogRecord) -> dict[str, LogField]:
    return {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        # Without its arguments, which of a library's messages may come from a request; on one line.
        "message": " ".join(str(record.msg).split()),
    }


def _fields(record: logging.LogRecord) -> Mapping[str, LogField]:
    fields: dict[str, LogField] = dict(getattr(record, "fields", {}))
    if record.exc_info and record.exc_info[0] is not None:
        fields["error"] = record.exc_info[0].__name__
        fields["raised_at"] = " ".join(
            f"{Path(frame.filename).name}:{frame.lineno}"
            for frame in traceback.extract_tb(record.exc_info[2], limit=-8)
        )
    return fields
