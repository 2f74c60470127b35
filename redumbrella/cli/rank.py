"""`umbrella rank`: the products of a file in the order in which each person would want them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from redumbrella.cli.terminal import say, workspace_option
from redumbrella.destinations.files import FileColumn, format_of, write_rows
from redumbrella.errors import DataError, nearest
from redumbrella.figures import count, counted
from redumbrella.workspace import Workspace, open_workspace

NEEDED = ("person_id", "product_id")
FIELDS = (
    FileColumn("person_id", "string", str),
    FileColumn("rank", "int64", str),
    FileColumn("product_id", "string", str),
    FileColumn("score", "float64", lambda value: "" if value is None else value),
    FileColumn("known", "bool", lambda value: "true" if value else "false"),
)
_PEOPLE_AT_ONCE = 1_000


@click.command("rank")
@workspace_option
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
              default=Path("ranked.csv"), show_default=True,
              help="Where to write: .csv, .parquet or .jsonl.")  # fmt: skip
@click.option("--recommender", default=None, help="Its name in umbrella.toml; default: the first.")
def command(workspace: Path, file: Path, *, output: Path, recommender: str | None) -> None:
    """Put the products of a file in the order in which each person would want them.

    FILE is a CSV with person_id and product_id: a search result or a shelf, one line a product. Who
    has done nothing yet gets what sells. Products that may not be shown are left out.
    """
    form = format_of(output)
    opened = open_workspace(workspace)
    asked = _asked(file)
    withheld, strangers, unknown = set[str](), set[str](), set[str]()
    rows = _ranked(opened, asked, recommender, (withheld, strangers, unknown))
    written = write_rows(output, form, FIELDS, rows)
    say(f"{counted(written, 'product')} for {counted(len(asked), 'person', 'people')} in {output}.")
    if strangers:
        say(f"{count(len(strangers))} of them have done nothing yet: they get what sells.")
    if unknown:
        say(f"{counted(len(unknown), 'product')} not known, which come last.")
    if withheld:
        say(f"{counted(len(withheld), 'product')} left out, which may not be shown now.")


def _asked(file: Path) -> dict[str, list[str]]:
    """The products of each person, in the order of the file."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            head = opened.readline()
            mark = max(",;\t", key=head.count)
            names = next(csv.reader([head], delimiter=mark), [])
            missing = [name for name in NEEDED if name not in names]
            if missing:
                raise DataError(
                    f"{file} has no column {' and no column '.join(missing)}. It has: "
                    f"{', '.join(names) or 'nothing'}.{nearest(missing[0], names)} Name its "
                    "columns person_id and product_id in the first line.",
                    reason="missing_columns",
                )
            found: dict[str, list[str]] = {}
            for row in csv.DictReader(opened, names, delimiter=mark):
                if row["person_id"] and row["product_id"]:
                    found.setdefault(row["person_id"], []).append(row["product_id"])
    except FileNotFoundError:
        raise DataError(f"There is no file {file}.", reason="missing_file") from None
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        message = f"{file} cannot be read as CSV in UTF-8: {problem}. Save it as such a file."
        raise DataError(message, reason="unreadable_file") from problem
    if not found:
        message = (
            f"{file} has no line with a person_id and a product_id, so there is nothing to do."
        )
        raise DataError(message, reason="empty_file")
    return found


def _ranked(
    workspace: Workspace,
    asked: dict[str, list[str]],
    recommender: str | None,
    told: tuple[set[str], set[str], set[str]],
) -> Iterator[dict[str, Any]]:
    from redumbrella.clock import now
    from redumbrella.views.ranked_products import rank_products

    people, instant = list(asked), now()
    withheld, strangers, unknown = told
    for first in range(0, len(people), _PEOPLE_AT_ONCE):
        some = people[first : first + _PEOPLE_AT_ONCE]
        products = [asked[person] for person in some]
        for each in rank_products(workspace, some, products, instant, recommender):
            withheld.update(each["withheld"])
            if not each["is_known"]:
                strangers.add(each["person_id"])
            for one in each["products"]:
                if not one["is_known"]:
                    unknown.add(one["product_id"])
                yield {
                    "person_id": each["person_id"],
                    "rank": one["rank"],
                    "product_id": one["product_id"],
                    "score": one["score"],
                    "known": one["is_known"],
                }
