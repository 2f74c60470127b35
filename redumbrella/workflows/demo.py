"""The demo: a workspace made from the UCI Bank Marketing calls that come with Red Umbrella.

The file has month and weekday of each call but no year; as its rows are in the order of dates, the
date follows: a new weekday is a new day, a new month a new month. The calls of the last weeks
become open leads: their outcomes are put in a second file that Red Umbrella never reads, so that
anyone can check the scores against what happened.
"""

import csv
import gzip
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from redumbrella.errors import DataError

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
FIRST_YEAR = 2008
OPEN_FROM = date(2010, 9, 1)
SETTINGS = """\
# The demo of Red Umbrella: whom should the bank call next about a term deposit?
# Data: UCI Bank Marketing (Moro, Cortez, Rita 2014), CC BY 4.0.
[workspace]
name = "Bank campaign"
currency = "EUR"
timezone = "Europe/Lisbon"

[tables.leads]
path = "calls.csv"
ignore = [
    # The length of the call is known only when it is over: it must not decide whom to call.
    "duration",
    # The same for everybody in a quarter: they say which quarter it is, not who the customer is.
    "emp.var.rate", "cons.price.idx", "cons.conf.idx", "euribor3m", "nr.employed",
]

[tables.leads.columns]
lead_id = "call"
created_at = { column = "called_on", format = "%Y-%m-%d" }
won = "y"

[[targets]]
name = "conversion"
from = "leads.won"

[success]
max_log_loss = 0.45
max_calibration_error = 0.15

# What the bank's fields and values are called when people read about them.
[labels.fields]
pdays = "days since the last call of an earlier campaign"
campaign = "calls in this campaign"
previous = "calls in earlier campaigns"
poutcome = "result of the earlier campaign"
contact = "phone"
marital = "marital status"
default = "credit in default"
housing = "housing loan"
loan = "personal loan"

[labels.values.pdays]
999 = "never called before"
[labels.values.poutcome]
nonexistent = "none"
[labels.values.contact]
cellular = "a mobile"
telephone = "a landline"
[labels.values.job]
"admin." = "office work"
[labels.values.education]
"university.degree" = "a university degree"
"professional.course" = "a professional course"
"high.school" = "high school"
"basic.9y" = "nine years of school"
"basic.6y" = "six years of school"
"basic.4y" = "four years of school"
"""


def write_demo(folder: Path) -> None:
    """Writes umbrella.toml, calls.csv and outcomes_of_open_calls.csv.

    Raises DataError when the folder holds a workspace that is not the demo's.
    """
    settings = folder / "umbrella.toml"
    if settings.exists() and settings.read_text(encoding="utf-8") != SETTINGS:
        raise DataError(
            f"{folder} already has a workspace of its own. Choose another folder for the demo: "
            "umbrella demo DIR",
            reason="workspace_exists",
        )
    folder.mkdir(parents=True, exist_ok=True)
    header, rows = _read()
    columns = [name for name in header if name not in ("month", "day_of_week")]
    days = list(_dates(header, rows))
    y = header.index("y")
    with (folder / "calls.csv").open("w", newline="", encoding="utf-8") as calls:
        writer = csv.writer(calls)
        writer.writerow(["call", "called_on", *columns])
        for number, (row, day) in enumerate(zip(rows, days, strict=True), start=1):
            shown = [row[header.index(name)] for name in columns]
            if day >= OPEN_FROM:
                shown[columns.index("y")] = ""
            writer.writerow([f"call-{number:05d}", day.isoformat(), *shown])
    with (folder / "outcomes_of_open_calls.csv").open("w", newline="", encoding="utf-8") as later:
        writer = csv.writer(later)
        writer.writerow(["call", "y"])
        for number, (row, day) in enumerate(zip(rows, days, strict=True), start=1):
            if day >= OPEN_FROM:
                writer.writerow([f"call-{number:05d}", row[y]])
    settings.write_text(SETTINGS, encoding="utf-8")


def _read() -> tuple[list[str], list[list[str]]]:
    source = files("redumbrella.workflows") / "demo_data" / "bank-additional-full.csv.gz"
    with source.open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text, delimiter=";"))
    return rows[0], rows[1:]


def _dates(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[date]:
    month_column, weekday_column = header.index("month"), header.index("day_of_week")
    day = date(FIRST_YEAR, 1, 1)
    for row in rows:
        month = MONTHS.index(row[month_column]) + 1
        weekday = WEEKDAYS.index(row[weekday_column])
        if month != day.month:
            day = date(day.year + (month < day.month), month, 1)
            day += timedelta(days=(weekday - day.weekday()) % 7)
        elif weekday != day.weekday():
            following = day + timedelta(days=(weekday - day.weekday()) % 7)
            # A month has fewer than five weeks of some weekdays in this record; stay in it.
            day = following if following.month == month else following - timedelta(days=7)
        yield day
