"""The text of a commented umbrella.toml: guesses about files come in, TOML for a person goes out.

Promise: what is written can be read by `load_settings`, and every choice says why it was made and
what else it could have been.
"""

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from redumbrella.settings.sources import ColumnSource
from redumbrella.sources.guessing.choice import Choice
from redumbrella.sources.guessing.guess import TableGuess
from redumbrella.sources.guessing.outcomes import LOST_AFTER_DAYS
from redumbrella.sources.guessing.questions import MARK, is_asked

_HEAD = """\
# Settings of this workspace. After a change: umbrella check, then umbrella run.

[workspace]
name = {name}
currency = {currency}     # {why_currency}
timezone = {timezone}     # of times that carry no offset, such as "Europe/Lisbon"; {why_timezone}
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

_ABOUT_ANY_PURCHASE = """\
# Who buys anything within {days} days.{why}
[[targets]]
name = "purchase"
purchase = true
horizon_days = {days}
"""

_ABOUT_PRODUCTS = """\
# Who buys which product within {days} days; without `per`: who buys anything.{why}
[[targets]]
name = "products"
purchase = true
per = "product"
horizon_days = {days}
"""

_ABOUT_CHURN = """\
# Who will not buy for {days} days.{why}
[[targets]]
name = "churn"
absence_of = "purchase"
horizon_days = {days}
"""

_ABOUT_RECOMMENDERS = """\
# Which products to offer whom, as lists that stay true for {days} days.{why}
[[recommenders]]
name = "next"
horizon_days = {days}
# views = ["product_view"]        # kinds of events that count beside purchases
# explore_share = 0.05            # share of the places that new products get
# order = "expected_value"        # chance times margin; default: the chance alone
# exclude = {{ product_type = ["spare part"] }}
"""

# Days within which somebody buys, and for which somebody stays away.
_SOON, _GONE = 30, 90
_HORIZONS = (7, 14, 30, 60, 90)
# Of the time that is known: before it there must be history, after it enough to learn from.
_SHARE_OF_THE_SPAN = 4

_ABOUT_LABELS = """\
# What fields, their values and their units are called in reasons; models never see it.
# Put in the words of your company.\
"""

_NO_LABELS = """\
# [labels.fields]                 # what fields are called in reasons; models never see it
# pdays = "days since the last contact"
# [labels.values.pdays]           # and what their values mean
# "999" = "never"
"""

_TAIL = """\
# [success]                       # a model must pass these to be used
# min_auc = 0.7
# max_calibration_error = 0.03
"""

_WIDTH = 96


def settings_text(name: str, folder: Path, guesses: Sequence[TableGuess]) -> str:
    """The whole file for a workspace in `folder`."""
    parts = [_head(name, guesses)]
    done: set[str] = set()
    for guess in guesses:
        section = _section(guess, folder)
        if guess.table in done:  # other columns: the two cannot be one list of paths
            again = f"# [tables.{guess.table}] stands above, and this file has other columns. If it"
            section = f"{again}\n# belongs there too, add it to path = [ … ].\n" + _commented(
                section
            )
        done.add(guess.table)
        parts.append(section)
    if not guesses:
        parts.append(_EMPTY_LEADS)
    parts += _currencies(guesses)
    parts += _targets(guesses)
    parts += _labels(guesses)
    parts.append(_TAIL)
    return "\n".join(parts)


def _head(name: str, guesses: Sequence[TableGuess]) -> str:
    currencies = [guess.currency for guess in guesses if guess.currency[0] is not None]
    zones = [guess.timezone for guess in guesses if guess.timezone[0] is not None]
    currency, why_currency = currencies[0] if currencies else ("EUR", None)
    timezone, why_timezone = zones[0] if zones else ("UTC", None)
    return _HEAD.format(
        name=_text(name),
        currency=_text(currency or "EUR"),
        why_currency=_flat(why_currency or "no file says which: change it if it is another"),
        timezone=_text(timezone or "UTC"),
        why_timezone=_flat(why_timezone or "no file says which"),
    )


def _currencies(guesses: Sequence[TableGuess]) -> list[str]:
    """Lines for what foreign currencies are worth, where amounts are in several."""
    codes = list(dict.fromkeys(code for guess in guesses for code in guess.currencies))
    own = next((guess.currency[0] for guess in guesses if guess.currency[0]), "EUR")
    foreign = [code for code in codes if code != own]
    if not foreign:
        return []
    rates = [f"# {code} = 0.00{MARK}what one {code} is worth in {own}" for code in foreign]
    said = (
        '# Amounts are of several currencies: put in the rates, and remove the "# " of these lines.'
    )
    return ["\n".join([said, "# [currencies]", *rates, ""])]


def _labels(guesses: Sequence[TableGuess]) -> list[str]:
    """What fields, values and units are called, where names or values say it."""
    fields = {k: v for guess in reversed(guesses) for k, v in guess.labels.fields.items()}
    units = {k: v for guess in reversed(guesses) for k, v in guess.labels.units.items()}
    values = {k: v for guess in reversed(guesses) for k, v in guess.labels.values.items()}
    lines = [_ABOUT_LABELS]
    for name, texts in (("fields", fields), ("units", units)):
        if texts:
            lines += [f"[labels.{name}]", *_label_lines(texts), ""]
    for name, of_field in values.items():
        lines += [f"[labels.values.{_key(name)}]", *_label_lines(of_field), ""]
    return ["\n".join(lines)] if len(lines) > 1 else [_NO_LABELS]


def _label_lines(texts: Mapping[str, str]) -> list[str]:
    return [f"{_key(name)} = {_text(text)}" for name, text in texts.items()]


def _key(name: str) -> str:
    """A key in TOML, in quotes only where it needs them."""
    return name if re.fullmatch("[A-Za-z_][A-Za-z0-9_-]*", name) else _text(name)


def _targets(guesses: Sequence[TableGuess]) -> list[str]:
    """Targets that suit the tables: an outcome to predict, else what buyers will do."""
    tables = {guess.table: guess for guess in reversed(guesses)}
    parts = [_ABOUT_LEADS if "leads" in tables else _commented(_ABOUT_LEADS)]
    if "purchases" not in tables:
        return parts
    has_products = any(
        choice.name == "product_id" and choice.origin for choice in tables["purchases"].choices
    )
    span = tables["purchases"].span
    buying = _ABOUT_PRODUCTS if has_products else _ABOUT_ANY_PURCHASE
    offered = [_within(buying, _SOON, span), _within(_ABOUT_CHURN, _GONE, span)]
    if has_products:
        offered.append(_within(_ABOUT_RECOMMENDERS, _SOON, span))
    return parts + [_commented(one) if "leads" in tables else one for one in offered]


def _within(target: str, days: int, span: tuple[float, float] | None) -> str:
    """A target over so many days, or fewer where the purchases span too short a time for them."""
    if span is None or (known := span[1] - span[0]) >= _SHARE_OF_THE_SPAN * days:
        return target.format(days=days, why="")
    fitting = [one for one in _HORIZONS if _SHARE_OF_THE_SPAN * one <= known]
    chosen = max(fitting, default=_HORIZONS[0])
    why = (
        f"\n# {days} days would be usual, but the purchases span only {known:.0f} days: a quarter "
        "of them\n# is as far as can be learned."
    )
    return target.format(days=chosen, why=why)


def _section(guess: TableGuess, folder: Path) -> str:
    lines = [
        *_wrapped(
            f"{_files(guess)}: {guess.rows:,} rows looked at; taken for {guess.table}, "
            f"because {guess.why}."
        ),
        *(line for note in guess.notes for line in _wrapped(note)),
        f"[tables.{guess.table}]",
        f"path = {_path(guess, folder)}",
        *_joins(guess, folder),
    ]
    if guess.ignore:
        lines.append(f"ignore = {_list(list(guess.ignore))}")
        lines += [f"#   {_quoted(name)}: {why}" for name, why in guess.ignore.items()]
    else:
        lines.append("# ignore = []     # columns to leave out")
    if any(choice.lost_by_age for choice in guess.choices):
        lines.append(
            f"# lost_after_days = {LOST_AFTER_DAYS}     # nobody is lost: leads that are open "
            'longer count as lost; remove the "# "'
        )
    if guess.leaks:
        lines += _wrapped(
            "Only known after the outcome? Then add to ignore: "
            + ", ".join(map(_quoted, guess.leaks))
        )
    lines += ["", f"[tables.{guess.table}.columns]"]
    for choice in guess.choices:
        lines += _choice(choice, guess.table)
    lines += ["# Every other column is kept as a field.", ""]
    return "\n".join(lines)


def _choice(choice: Choice, table: str) -> list[str]:
    lines = _wrapped(f"{choice.name}: {choice.why}.")
    if choice.origin is not None and choice.origin.row:
        lines += _wrapped(
            "The id is the number of the line in the file, so it stays the same only while new "
            "rows are added at the end: never sort the file or take rows out."
        )
    if choice.other:
        lines += _wrapped("Also possible: " + ", ".join(map(_quoted, choice.other)))
    if choice.origin is None:
        lists = ("won",) if choice.lost_by_age else ("won", "lost")
        shown = '""' if choice.proposal is None else _origin(choice.proposal, lists)
        mark = f'{MARK}say which, and remove the "# " before it' if is_asked(choice, table) else ""
        lines.append(f"# {choice.name} = {shown}{mark}")
    else:
        lines += _wrapped(choice.question + ".") if choice.question else []
        mark = f"{MARK}say which" if choice.question else ""
        lines.append(f"{choice.name} = {_origin(choice.origin)}{mark}")
    return lines


def _origin(origin: ColumnSource, proposed: Sequence[str] = ()) -> str:
    """A column in TOML; proposed: lists that are to be filled in, written even where empty."""
    if origin.row:
        return "{ row = true }"
    options = [
        f"{name} = {_text(value)}"
        for name in ("format", "times", "less", "currency", "status", "decided")
        if (value := getattr(origin, name)) is not None
    ]
    options += [
        f"{name} = {_list(getattr(origin, name))}"
        for name in ("won", "lost")
        if getattr(origin, name) or name in proposed
    ]
    options += [
        f"{name} = {_list(values)}"
        for name in ("void", "returned")
        if (values := getattr(origin, name))
    ]
    options += ["cents = true"] if origin.cents else []
    if not options:
        return _text(origin.column)
    return f"{{ {', '.join([f'column = {_text(origin.column)}', *options])} }}"


def _joins(guess: TableGuess, folder: Path) -> list[str]:
    """The files that tell more about the same rows, and why they are joined."""
    if not guess.joins:
        return []
    said = [
        line
        for one in guess.joins
        for line in _wrapped(
            f"{one.look.file.path.name} has the same ids and tells more about these rows: its "
            "columns are added."
        )
    ]
    parts = []
    for one in guess.joins:
        on = _text(one.here)
        if one.here != one.there:
            on = f"{{ here = {_text(one.here)}, there = {_text(one.there)} }}"
        parts.append(f"{{ path = {_text(_relative(one.look.file.path, folder))}, on = {on} }}")
    return [*said, f"join = [{', '.join(parts)}]"]


def _files(guess: TableGuess) -> str:
    return ", ".join(file.path.name for file in (guess.file, *guess.more))


def _path(guess: TableGuess, folder: Path) -> str:
    names = [_relative(file.path, folder) for file in (guess.file, *guess.more)]
    return _text(names[0]) if len(names) == 1 else _list(names)


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
    return textwrap.wrap(
        _flat(comment),
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
    )


def _flat(comment: str) -> str:
    # Names of columns stand in comments too, and TOML forbids control characters even there.
    return " ".join("".join(c if c.isprintable() else " " for c in comment).split())


def _commented(section: str) -> str:
    return "".join(
        line if line.startswith("#") or not line.strip() else f"# {line}"
        for line in section.splitlines(keepends=True)
    )
