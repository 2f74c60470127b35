"""The reference, generated from the code: `python docs/build_reference.py` writes docs/reference.

In: the package as it is installed. Out: one Markdown page per subject. Promise: what can be read
from the code is read from it; the few sentences of our own below stand beside names that the code
gives, and a name without a sentence, or a sentence without a name, stops the build.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args, get_origin, get_type_hints

import click
from fastapi import FastAPI

import redumbrella
from redumbrella import errors
from redumbrella.cli.main import umbrella
from redumbrella.columns import TABLES
from redumbrella.errors import SettingsError
from redumbrella.reports import model as report_document
from redumbrella.server.api import automation_routes, routes
from redumbrella.server.api.lists import list_routes
from redumbrella.server.api.openapi import API
from redumbrella.settings.section import FILE_NAME
from redumbrella.settings.settings import load_settings
from redumbrella.views.catalogue import SUMMARIES, VIEWS
from redumbrella.views.table import View

HERE = Path(__file__).parent / "reference"
NOTE = "Generated from the code by `docs/build_reference.py`; do not edit.\n"

# What each key of umbrella.toml means; the keys themselves and what they expect come from the code.
MEANING = {
    "workspace": {
        "name": "How people call this workspace. Default: the name of the folder.",
        "currency": "Currency of every amount. Default: EUR.",
        "timezone": "Time zone of times without an offset, and of what is shown. Default: UTC.",
        "state": "Where scores, models and runs are kept. Default: state.db in the folder.",
        "engine": "Where the heavy middle runs. Only duckdb works today.",
    },
    "tables.leads": {
        "path": "A file, a glob, or a list of them; relative to the workspace.",
        "url": 'Instead of path: `"sqlite:///file.db"`, `"postgresql://…"`, or `"duckdb:"`, which '
        "reads files of the workspace with SQL.",
        "query": "What to read from there: one `select`. With `duckdb:` files stand in quotes, "
        "`from 'cases.csv'` or `read_csv('log*.csv', delim = ';')`, and a column called at too: "
        '`"at"`. The dialect is that of DuckDB.',
        "delimiter": "Of delimited text; found by itself when absent.",
        "sheet": "Of workbooks; the one with the largest table when absent.",
        "ignore": "Columns that are not read at all.",
        "keep": "Columns that must stay, whatever the leak guard or the search for time says.",
        "join": 'Files whose columns are added by an id: `join = [{ path = "details.csv", on = '
        '"Deal ID" }]`, or `on = { here = "Deal ID", there = "deal" }`.',
        "lost_after_days": "Leads only: the age from which a lead without an outcome counts as "
        "lost. Without it such a lead stays open for ever.",
        "columns": "Which source column is which canonical column; the rest become fields.",
    },
    "tables.leads.columns.won": {
        "column": "The name in the source.",
        "format": "Of times that are not ISO 8601: a strptime format.",
        "row": "Take the number of the row as the id.",
        "won": "Values of the outcome that mean won.",
        "lost": "Values of the outcome that mean lost; all others mean open.",
        "decided": "Of an outcome that is no for open leads too: the column that says whether a "
        "lead is closed. Where it is empty, no or open, the lead is open.",
        "cents": "Of an amount: it is in hundredths of the currency.",
        "status": "Of the amount of a purchase: the column whose values `void` and `returned` "
        "name.",
        "void": "Values of `status` with which no money came: the row is no purchase.",
        "returned": "Values of `status` with which it was given back: the amount is taken off.",
        "times": "Of an amount: the column with the quantity that it is multiplied by.",
        "less": "Of an amount: the column with what was given back.",
        "currency": "Of an amount: the column with its currency.",
    },
    "[targets] no. 1": {
        "name": "What the target is called in commands, files and pages.",
        "from": "The outcome of the lead record: will this lead be won?",
        "event": "A kind of event: will this person do it within the horizon?",
        "purchase": "true: will this person buy within the horizon?",
        "per": '"product": how likely is each product? For purchase = true.',
        "absence_of": 'A kind of event, or "purchase": will it stay away for the whole horizon?',
        "horizon_days": "How far ahead targets of people look. Default: 30.",
        "active_days": "People with a fact in this many days are asked about. Default: 180.",
        "population": "Which of them: active (all), customers, or non_customers. Default: active.",
    },
    "labels": {
        "fields": '`[labels.fields]`: field = what it is called, `pdays = "days since the last '
        'contact"`. Names with dots stand in quotes. Without a label the name itself in words.',
        "values": '`[labels.values.FIELD]`: value in quotes = what it means, `"999" = "never"`; '
        "yes and no for flags.",
        "units": '`[labels.units]`: field = unit of its numbers, `income = "EUR"`; `""` for none. '
        "Without one what the name ends in: _days, _eur, _pct, _km and so on.",
    },
    "costs": {
        "per_hour": "What an hour of work costs, in the workspace's currency. Default: 0.",
        "per_contact": "What one call, mail or visit costs besides. Default: 0.",
        "margin": "Share of revenue that is profit, 0 to 1. Default: 1.",
    },
    "qualification": {
        "ease_of_conversion": "Weight of how likely a lead converts. Default: 1.",
        "ease_of_delivery": "Weight of how little work is to come. Default: 1.",
        "profit": "Weight of what the lead brings if it converts. Default: 1.",
        "fit": "Weight of the strategic fit. Default: 1. `umbrella weights` and the page "
        "Settings set newer weights, which then count instead of all four.",
        "lowest_rating": "Worst rating of the clients' feedback. Default: 1.",
        "highest_rating": "Best rating. Default: 5.",
    },
    "grades": {
        "by": "What leads are graded and ordered by: value (the expected value), probability, or "
        "auto: value where every lead has an amount and not all are equal. Default: auto.",
        "shares": "How much of the list is A, B and C; the rest is D. Default: [0.1, 0.2, 0.3].",
        "borders": "Instead of shares: the least value or probability of A, B and C. Needs by.",
    },
    "list": {
        "order": "What today's list goes by: value (per minute of work), probability, or auto: "
        "value where every lead has one. Default: auto.",
        "capacity": "Leads a day of a rep whose own capacity is not on record. Default: 20.",
        "explore": "Share of the list that is drawn from the rest, so that what is not called is "
        "learned about too. Default: 0.1.",
        "control": "Share that is drawn evenly, for comparison. Default: 0.02; 0 for none.",
        "quiet_days": "Days after a contact in which nobody contacts the lead again. Default: 2.",
        "do_not_contact": "Fields of leads or people that say with a yes that nobody may contact "
        "them. Default: those that are named so, such as do_not_call or opt_out.",
        "keep_owner": "What it must bring to move a lead from the rep that owns it, in the "
        "workspace's currency; 0: owners do not count. Default: 50.",
        "match": "Fields that a lead and its rep must have in common. Default: all text fields "
        "that both have.",
    },
    "worker": {
        "run": 'When everything is brought up to date, in words or as cron; "never" for not by '
        "itself. Default: every day at 03:00.",
        "ingest": "When sources are read in between, and the leads that something is new about "
        'are scored again, such as "every 15 minutes". Default: never.',
    },
    "outreach": {
        "quiet_hours": 'When nobody is written to, in their own time zone where it is known; "" '
        'for none. Default: "20:00 to 08:00".',
        "working_days": "Days of the week on which people work. Default: Monday to Friday.",
        "not_on": 'Days on which nothing leaves: "Sunday", "2026-12-24", or "12-25" of each year.',
        "a_day": "Most contacts of all automations in a day. Default: 500.",
        "cool_down_days": "Days between two contacts of a person. Default: 7.",
        "control": "Share of people that a rule leaves alone, to see what it brings. Default: 0.1.",
        "consent": "Fields that say with a yes who agreed to mails. Default: those that are named "
        "so, such as consent or newsletter.",
        "needs_consent": "false: mails need no consent on record. Default: true.",
    },
    "mail": {
        "server": "The host that mails are handed to.",
        "port": "Its port. Default: 587; 465 with tls, 25 with none.",
        "security": "starttls (nothing is sent without it), tls from the first byte, or none. "
        "Default: starttls.",
        "user": "Who logs in. Default: nobody.",
        "password_env": "The variable of the environment that holds the password, in capital "
        "letters. The password itself never stands in this file.",
        "from": 'Whose mails they are: `"Ana Sousa <sales@example.com>"`.',
        "reply_to": "Where answers go. Default: to from.",
        "public_url": "Where people reach this server to unsubscribe, https://…. Default: mails "
        "have no header for it.",
        "a_minute": "The most mails a minute. Default: 120.",
    },
    "[webhooks] no. 1": {
        "name": "What the webhook is called in automations and messages.",
        "url": "Where it is sent to: https://…, or http://… with `private`. Redirects are not "
        "followed.",
        "secret_env": "The variable of the environment that holds the secret that signs, `whsec_…` "
        "as [Standard Webhooks](https://www.standardwebhooks.com) write it.",
        "private": "true: it may stand on this machine or in its network. Default: false, then "
        "every address of the host must be public.",
        "header": 'A header of every request, such as "Authorization", for a CRM that wants a key.',
        "header_env": "The variable of the environment that holds the value of that header.",
    },
    "automations no. 1": {
        "name": "What people call the rule.",
        "where": "Which leads it is for: see [automations](../automations.md).",
        "trigger": "What fires it.",
        "action": "What is done.",
        "control": "Share of people left alone. Default: that of [outreach].",
        "cool_down_days": "Days after any contact of the person. Default: that of [outreach].",
        "a_day": "Most actions of the rule in a day. Default: no limit.",
        "goal": "What it is to bring: won, purchase, or the kind of an event. Default: won.",
        "goal_days": "Within how many days. Default: 30.",
    },
    "customers": {
        "horizon_days": "How far ahead customers are valued. Default: 365.",
        "discount": "Yearly rate at which money to come is discounted. Default: 0.1 for 10 %.",
        "margin": "Share of revenue that is profit; a value is revenue times it. Default: 1.",
        "unit": 'Unit of the purchase model\'s parameters, "day" or "week". Default: day.',
    },
    "success": {
        "min_auc": "Least chance that a won lead stands above a lost one.",
        "min_average_precision": "Least average precision.",
        "min_lift_at_10": "Least ratio of the best tenth's rate to the mean rate.",
        "max_log_loss": "Largest log loss.",
        "max_brier": "Largest Brier score.",
        "max_calibration_error": "Largest mean distance of what was said from what happened.",
    },
}
TITLES = {
    "tables.leads": "tables.TABLE",
    "tables.leads.columns.won": "tables.TABLE.columns: COLUMN = { … }",
    "[targets] no. 1": "[targets]",
    "[webhooks] no. 1": "[webhooks]",
    "automations no. 1": "[automations]",
}


def pages() -> dict[str, str]:
    """Every page by file name."""
    made = {
        "commands.md": _commands(),
        "settings.md": _settings(),
        "tables.md": _tables(),
        "lists.md": _lists(),
        "errors.md": _errors(),
        "rest.md": _rest(),
        "export.md": _export(),
        "report.md": _report(),
    }
    return {name: "\n".join(lines).rstrip() + "\n" for name, lines in made.items()}


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    cells = ([re.sub(r"\s+", " ", cell).replace("|", "\\|") for cell in row] for row in rows)
    return [*lines, *("| " + " | ".join(row) + " |" for row in cells), ""]


def _both(names: Sequence[str], sentences: Mapping[str, str], place: str) -> None:
    """The code and the sentences above must name the same things."""
    if set(names) != set(sentences):
        apart = sorted(set(names) ^ set(sentences))
        raise SystemExit(f"docs/build_reference.py, {place}: add or remove {', '.join(apart)}.")


# ---- commands ---------------------------------------------------------------------------------


def _commands() -> list[str]:
    lines = ["# Commands", "", NOTE]
    lines += [
        "Exit codes: 0 done, 1 failed, 2 bad input, 130 stopped. Every error is one message on "
        "standard error, with a code from [errors](errors.md).",
        "",
    ]
    context = click.Context(umbrella, info_name="umbrella")
    for name in umbrella.list_commands(context):
        command = umbrella.get_command(context, name)
        assert command is not None
        lines += _command(command, f"umbrella {name}", context)
    return lines


def _command(command: click.Command, name: str, parent: click.Context) -> list[str]:
    """A command with its options, then those below it."""
    inner = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    usage = " ".join(command.collect_usage_pieces(inner))
    lines = [f"## {name}", "", f"    {name} {usage}", "", _paragraphs(command.help or ""), ""]
    options = [_option(p, inner) for p in command.params if isinstance(p, click.Option)]
    lines += _table(("option", "meaning"), options) if options else []
    if isinstance(command, click.Group):
        for below in command.list_commands(inner):
            found = command.get_command(inner, below)
            assert found is not None
            lines += _command(found, f"{name} {below}", inner)
    return lines


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _option(option: click.Option, context: click.Context) -> tuple[str, str]:
    record = option.get_help_record(context)
    assert record is not None, f"{option.name} has no help"
    names, meaning = record
    return f"`{names}`", meaning


# ---- settings ---------------------------------------------------------------------------------

# A date is wrong everywhere, so that every key says what it expects.
WRONG = "1979-05-27"
PROBES = {
    "workspace": "[workspace]\n{}",
    "tables.leads": "[tables.leads]\n{}",
    "tables.leads.columns.won": "[tables.leads]\npath = 'x'\n[tables.leads.columns.won]\n{}",
    "[targets] no. 1": "[[targets]]\n{}",
    "list": "[list]\n{}",
    "worker": "[worker]\n{}",
    "outreach": "[outreach]\n{}",
    "automations no. 1": "[[automations]]\n{}",
    "mail": "[mail]\n{}",
    "[webhooks] no. 1": "[[webhooks]]\n{}",
    "customers": "[customers]\n{}",
    "costs": "[costs]\n{}",
    "labels": "[labels]\n{}",
    "qualification": "[qualification]\n{}",
    "grades": "[grades]\n{}",
    "success": "[success]\n{}",
}


def _settings() -> list[str]:
    lines = ["# umbrella.toml", "", NOTE]
    lines += [
        "An unknown key is an error that names the nearest valid one. All problems of the file "
        "are shown together. Example: what `umbrella init` writes.",
        "",
    ]
    for section, probe in PROBES.items():
        unknown = _problems(probe.format("no_such_key = 1"))
        found = re.search(r'unknown key "no_such_key".*Valid: ([^\n]*)\.$', unknown, re.MULTILINE)
        assert found is not None, unknown
        keys = found.group(1).split(", ")
        _both(keys, MEANING[section], section)
        said = _problems(probe.format("\n".join(f"{key} = {WRONG}" for key in keys)))
        rows = [(f"`{key}`", _expected(said, key), MEANING[section][key]) for key in keys]
        lines += [f"## [{TITLES.get(section, section)}]", ""]
        lines += _table(("key", "expects", "meaning"), rows)
    lines += ["Canonical columns of each table: [tables](tables.md).", ""]
    return lines


def _problems(text: str) -> str:
    with TemporaryDirectory() as folder:
        (Path(folder) / FILE_NAME).write_text(text, encoding="utf-8")
        try:
            load_settings(Path(folder))
        except SettingsError as problem:
            return problem.message
    raise AssertionError("the probe was accepted")


def _expected(said: str, key: str) -> str:
    found = re.search(rf"\b{key} = {WRONG}: expected ([^\n]*)\.$", said, re.MULTILINE)
    return found.group(1) if found else "columns of the table"


# ---- tables, export, report -------------------------------------------------------------------


def _tables() -> list[str]:
    lines = ["# Canonical tables", "", NOTE]
    lines += [
        "Times are UTC microseconds, ids are text. Any further source column becomes a field of "
        "the record. Leads, people, identities, events, activities, purchases, products (their "
        "types) and feedback are used in training, scoring and valuing. Accounts, campaigns, "
        "spend and treatments are read and kept, and nothing uses them yet. Today's list is dealt "
        "to reps.",
        "",
    ]
    for table in TABLES.values():
        key = f"Identified by {', '.join(table.key)}: a changed row becomes a newer version."
        lines += [f"## {table.name}", "", key if table.key else "Facts: a row never changes.", ""]
        if table.one_of:
            lines += [f"Each row needs {' or '.join(table.one_of)}.", ""]
        rows = [(f"`{c.name}`", c.kind, "yes" if c.required else "") for c in table.columns]
        lines += _table(("column", "holds", "required"), rows)
    return lines


def _export() -> list[str]:
    lines = ["# Lists as files", "", NOTE]
    lines += [
        "Columns of `umbrella export LIST` and of the downloads `/api/v1/LIST.csv`, `.json`, "
        "`.jsonl` and `.parquet`, in their order. In CSV times are ISO 8601 in UTC, an empty cell "
        "is an unknown value, and a text that a spreadsheet could run as a formula begins with an "
        "apostrophe: one that begins with = + - or @, in full width too, even after blanks, but no "
        "figure, no phone number such as +491701234567 and no id of one word such as -Nq3xYz. "
        "Inside a text an apostrophe stands after ; tab or a line break where a formula that calls "
        "something would follow. A text that had one there already gets another, so taking one "
        "away gives back the source's text; Parquet, JSON and JSON lines hold it as it is. "
        "What else a list can do: [lists](lists.md).",
        "",
    ]
    for view in VIEWS.values():
        lines += [f"## umbrella export {view.file_name}", ""]
        lines += [f"Downloads: `{API}/{view.name}.csv` and so on.", ""]
        rows = [(f"`{c.name}`", c.kind.arrow, c.meaning or c.heading + ".") for c in view.exported]
        lines += _table(("column", "type", "holds"), rows)
    return lines


def _lists() -> list[str]:
    lines = ["# Lists", "", NOTE]
    lines += [
        "Each list is a page, a command, a REST route and a file with the same filters and order. "
        "An unknown parameter, order or value of a filter is an error that names the nearest one. "
        "On the page and in REST a minus in front of an order runs downwards; on the command line "
        "`--sort` runs as people first want to see it and `--reverse` the other way. Columns of "
        "files: [export](export.md).",
        "",
    ]
    for view in VIEWS.values():
        lines += _list(view)
    return lines


def _list(view: View) -> list[str]:
    lines = [f"## {view.title}", "", f"{SUMMARIES[view.name]}.", ""]
    lines += _table(
        ("page", "command", "REST", "file"),
        [
            (
                f"`{view.page_address}`",
                f"`umbrella {view.name}`",
                f"`{API}/{view.name}`",
                f"`umbrella export {view.file_name}`",
            )
        ],
    )
    rows = [(f"`{name}`", meaning) for name, meaning in view.parameters.items()]
    lines += _table(("parameter", "meaning"), rows)
    rows = [
        (
            f"`{c.name}`",
            c.kind.name,
            f"`{c.sort}`" + ", largest first" * c.falling if c.sort else "",
            f"`{c.filter}`" if c.filter else "",
            "yes" if c.in_list else "",
            "yes" if c.in_export else "",
            c.meaning or c.heading + ".",
        )
        for c in view.columns
        if c.in_list or c.in_export
    ]
    headings = ("column", "holds", "order", "filter", "in JSON", "in files", "meaning")
    lines += [*_table(headings, rows), f"Usual order: `{view.order}`.", ""]
    if view.orders:
        named = ", ".join(f"{order.words} (`{order.sort}`)" for order in view.orders)
        lines += [f"The page offers: {named}.", ""]
    return lines


def _report() -> list[str]:
    lines = ["# The model report as JSON", "", NOTE]
    lines += [
        "What `umbrella report --format json` and `/api/v1/models/current` answer. Every metric "
        "is measured on leads that the model had not seen. A workspace without targets answers "
        "`format`, `workspace`, `currency` and `lifetime` alone.",
        "",
    ]
    whole = report_document.ReportDocument
    documents = [
        value for value in vars(report_document).values() if hasattr(value, "__required_keys__")
    ]
    for document in (whole, *(part for part in documents if part is not whole)):
        doc = document.__doc__ or ""
        lines += [f"## {document.__name__}", "", *([_paragraphs(doc), ""] if _own(doc) else [])]
        hints = get_type_hints(document)
        lines += _table(("key", "holds"), [(f"`{k}`", _type(v)) for k, v in hints.items()])
    return lines


def _own(doc: str) -> bool:
    return bool(doc) and not doc.startswith(("dict(", "TypedDict("))


def _type(hint: Any) -> str:
    if get_origin(hint) is None:
        return "null" if hint is type(None) else str(hint.__name__)
    inner = [
        repr(argument) if isinstance(argument, str) else _type(argument)
        for argument in get_args(hint)
    ]
    name = getattr(get_origin(hint), "__name__", "")
    return f"{name} of {' to '.join(inner)}" if name in ("list", "dict") else " or ".join(inner)


# ---- errors -----------------------------------------------------------------------------------


def _errors() -> list[str]:
    lines = ["# Errors", "", NOTE]
    lines += ["`…` stands for what depends on the case.", ""]
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.UmbrellaError)
    ]
    found = sorted(set(_raised({kind.__name__ for kind in classes})))
    for kind in classes:
        rows = [(f"`{code}`", text) for name, code, text in found if name == kind.__name__]
        lines += [
            f"## {kind.__name__}",
            "",
            f"{(kind.__doc__ or '').splitlines()[0]} Exit code {kind.exit_code}, HTTP "
            f"{kind.http_status}.",
            "",
        ]
        lines += _table(("code", "message"), rows) if rows else []
    return lines


def _raised(names: set[str]) -> Iterator[tuple[str, str, str]]:
    """Class, code and message of every error that the package can raise."""
    root = Path(str(redumbrella.__file__)).parent
    for path in sorted(root.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from _raised_in(function, names)


def _raised_in(
    function: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]
) -> Iterator[tuple[str, str, str]]:
    texts: dict[str, list[tuple[int, str]]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            texts.setdefault(node.targets[0].id, []).append((node.lineno, _words(node.value)))
    for node in ast.walk(function):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        code = next((k.value for k in node.keywords if k.arg == "reason"), None)
        if node.func.id in names and isinstance(code, ast.Constant):
            message = _message(node.args[0], node.lineno, texts)
            yield node.func.id, str(code.value), re.sub("…+", "…", message)


def _message(node: ast.expr, line: int, texts: Mapping[str, list[tuple[int, str]]]) -> str:
    if isinstance(node, ast.Name):
        before = [found for found in texts.get(node.id, []) if found[0] < line]
        return max(before)[1] if before else "…"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _message(node.left, line, texts) + _message(node.right, line, texts)
    return _words(node)


def _words(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_words(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _words(node.left) + _words(node.right)
    return "…"


# ---- REST -------------------------------------------------------------------------------------


def _rest() -> list[str]:
    app = FastAPI()
    for router in (list_routes(), routes.router, automation_routes.router):
        app.include_router(router)
    schema = app.openapi()
    lines = ["# REST", "", NOTE]
    lines += [
        "JSON from the server that `umbrella serve` starts; the page `/docs` shows the same with "
        "every field, and the full schema is at `/api/v1/openapi.json`. A server with users wants "
        "the header `Authorization: Bearer KEY`, with a key whose scopes hold the right that the "
        "route needs (403 else); one without users that is open to the network wants its token "
        "there. An error answers "
        '`{"error": {"reason": …, "message": …}}` with a code from [errors](errors.md); an '
        "unknown parameter is one. `HEAD` answers as `GET` does, without the body, "
        "`OPTIONS` with the header `Allow`. What a request may hold, and when 429 and 503 with "
        "`Retry-After` come: [operations](../operations.md).",
        "",
    ]
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            lines += [f"## {method.upper()} {path}", "", f"**{route['summary']}**", ""]
            lines += [route.get("description", ""), ""]
            whole = path.rpartition(".")[0]
            if whole in schema["paths"]:
                lines += [f"Parameters as `{whole}`, without page and page_size.", ""]
                continue
            rows = [_parameter(p) for p in route.get("parameters", [])]
            rows += _body(schema, route)
            lines += _table(("parameter", "in", "default", "meaning"), rows) if rows else []
    return lines


def _body(schema: Mapping[str, Any], route: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """The keys of the JSON that a route wants, if any."""
    content = route.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    model = schema["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    return [
        _parameter({"name": name, "in": "body", "schema": field, **field})
        for name, field in model["properties"].items()
    ]


def _parameter(parameter: Mapping[str, Any]) -> tuple[str, str, str, str]:
    default = parameter["schema"].get("default", "")
    meaning = parameter.get("description", "")
    return f"`{parameter['name']}`", parameter["in"], str(default), meaning


def main() -> None:
    """Writes the pages and removes what is no page any more."""
    HERE.mkdir(exist_ok=True)
    made = pages()
    for old in HERE.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (HERE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
