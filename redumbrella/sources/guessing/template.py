"""The text of a commented umbrella.toml: guesses about files come in, TOML for a person goes out.

Promise: what is written can be read by `load_settings`, and every choice says why it was made and
what else it could have been.
"""

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.guess import TableGuess

_HEAD = """\
# Settings of this workspace. After a change: umbrella check, then umbrella run.

[workspace]
name = {name}
currency = "EUR"
timezone = "UTC"     # of times that carry no offset, such as "Europe/Lisbon"
# state = "postgresql://user@host/database"     # default: state.db in this folder
"""

_EMPTY_LEADS = """\
# Where the leads come from. Remove the "# " and put your own names.
# [tables.leads]
# path = "leads.csv"          # csv, tsv, csv.gz, parquet, jsonl; globs; or a list of them
# url = "postgresql://…"      # or a database, together with query = "select …"
# url = "duckdb:"             # or SQL over files: query = "select … from 'a.csv' join 'b.csv' …"
# delimiter = ";"             # found by itself when absent
# ignore = ["Prospect ID"]    # columns to leave out
# keep = ["duration"]         # columns that must stay, whatever speaks against them
# [tables.leads.columns]      # canonical column = your column
# lead_id = "Lead Number"     # required; { row = true } when rows have no id
# won = "Converted"           # 1/0, yes/no, true/false, won/lost; empty = still open
# created_at = { column = "Created", format = "%m/%d/%Y" }     # ISO 8601 needs no format
"""

_ABOUT_LEADS = """\
[[targets]]
name = "conversion"
from = "leads.won"     # what is to be predicted: the outcome of a lead
"""

_ABOUT_BUYERS = """\
# Who buys which product within 30 days; without `per`: who buys anything.
# [[targets]]
# name = "products"
# purchase = true
# per = "product"
# horizon_days = 30

# Who will not buy for 90 days.
# [[targets]]
# name = "churn"
# absence_of = "purchase"
# horizon_days = 90
"""

_TAIL = """\
# [success]                       # a model must pass these to be used
# min_auc = 0.7
# max_calibration_error = 0.03
"""

_WIDTH = 96


def settings_text(name: str, folder: Path, guesses: Sequence[TableGuess]) -> str:
    """The whole file for a workspace in `folder`."""
    parts = [_HEAD.format(name=_text(name))]
    done: set[str] = set()
    for guess in guesses:
        section = _section(guess, folder)
        if guess.table in done:  # a second file of a table: a list of paths would be needed
            again = f"# [tables.{guess.table}] stands above. If this file belongs there, add it"
            section = f"{again} to path = [ … ].\n" + _commented(section)
        done.add(guess.table)
        parts.append(section)
    if not guesses:
        parts.append(_EMPTY_LEADS)
    parts.append(_ABOUT_LEADS if "leads" in done else _commented(_ABOUT_LEADS))
    if "purchases" in done:
        parts.append(_ABOUT_BUYERS)
    parts.append(_TAIL)
    return "\n".join(parts)


def _section(guess: TableGuess, folder: Path) -> str:
    lines = [
        *_wrapped(
            f"{guess.file.path.name}: {guess.rows:,} rows looked at; taken for {guess.table}, "
            f"because {guess.why}."
        ),
        *(f"# {note}" for note in guess.notes),
        f"[tables.{guess.table}]",
        f"path = {_text(_relative(guess.file.path, folder))}",
    ]
    if guess.ignore:
        lines.append(f"ignore = {_list(list(guess.ignore))}")
        lines += [f"#   {_quoted(name)}: {why}" for name, why in guess.ignore.items()]
    else:
        lines.append("# ignore = []     # columns to leave out")
    if guess.leaks:
        lines += _wrapped(
            "Only known after the outcome? Then add to ignore: "
            + ", ".join(map(_quoted, guess.leaks))
        )
    lines += ["", f"[tables.{guess.table}.columns]"]
    for choice in guess.choices:
        lines += _choice(choice)
    lines += ["# Every other column is kept as a field.", ""]
    return "\n".join(lines)


def _choice(choice: Choice) -> list[str]:
    lines = _wrapped(f"{choice.name}: {choice.why}.")
    if choice.origin is not None and choice.origin.row:
        lines += _wrapped(
            "The id is the number of the line in the file, so it stays the same only while new "
            "rows are added at the end: never sort the file or take rows out."
        )
    if choice.other:
        lines += _wrapped("Also possible: " + ", ".join(map(_quoted, choice.other)))
    if choice.proposal is not None:
        lines.append('# To be filled in; remove the "# " before it:')
        lines.append(f"# {choice.name} = {_origin(choice.proposal, is_proposed=True)}")
    elif choice.origin is None:
        lines.append(f'# {choice.name} = ""')
    else:
        lines.append(f"{choice.name} = {_origin(choice.origin)}")
    return lines


def _origin(origin: ColumnSource, *, is_proposed: bool = False) -> str:
    if origin.row:
        return "{ row = true }"
    if is_proposed or origin.won or origin.decided:
        parts = [f"column = {_text(origin.column)}"]
        if is_proposed or origin.won:
            parts += [f"won = {_list(origin.won)}", f"lost = {_list(origin.lost)}"]
        if origin.decided:
            parts.append(f"decided = {_text(origin.decided)}")
        return f"{{ {', '.join(parts)} }}"
    if origin.format is not None:
        return f"{{ column = {_text(origin.column)}, format = {_text(origin.format)} }}"
    return _text(origin.column)


def _relative(path: Path, folder: Path) -> str:
    """Relative inside the workspace, absolute outside, where a move would break the way."""
    resolved, root = path.resolve(), folder.resolve()
    inside = resolved.is_relative_to(root)
    return str(resolved.relative_to(root)) if inside else str(resolved)


def _text(value: str) -> str:
    # JSON text is TOML text, but for one character that TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _quoted(name: str) -> str:
    """A name inside a comment, which must stay on its line."""
    return _text(name)


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"


def _wrapped(comment: str) -> list[str]:
    # Names of columns stand in comments too, and TOML forbids control characters even there.
    flat = " ".join("".join(c if c.isprintable() else " " for c in comment).split())
    return textwrap.wrap(
        flat, _WIDTH, initial_indent="# ", subsequent_indent="#   ", break_long_words=False
    )


def _commented(section: str) -> str:
    return "".join(
        line if line.startswith("#") or not line.strip() else f"# {line}"
        for line in section.splitlines(keepends=True)
    )
