"""join = [{ path = "details.csv", on = "Deal ID" }]: files that add columns to those of a table."""

from dataclasses import dataclass
from typing import Any

from redumbrella.settings.section import Section, as_written


@dataclass(frozen=True)
class Join:
    """A file whose columns are added by an id: `here` is its column in the table, `there` in the
    file.
    """

    path: str
    here: str
    there: str


def read_joins(section: Section) -> tuple[Join, ...]:
    """The joins of a section [tables.…]; problems are noted in the section."""
    listed = section._get("join", 'a list such as [{ path = "b.csv", on = "Deal ID" }]', list, dict)
    joins = []
    for content in listed if isinstance(listed, list) else [listed] if listed else []:
        if not isinstance(content, dict):
            section.problem('join: expected entries such as { path = "b.csv", on = "Deal ID" }.')
            continue
        joins.append(_join(Section(f"{section.place} join", content, section.problems)))
    return tuple(one for one in joins if one is not None)


def _join(section: Section) -> Join | None:
    path = section.text("path")
    on = section._get("on", 'a column, or { here = "…", there = "…" }', str, dict)
    here, there = _sides(on)
    section.finish()
    if path and here and there:
        return Join(path, here, there)
    section.problem(
        f"path = {as_written(path)}, on = {as_written(on)}: expected the path of a file and the "
        'column with the id: on = "Deal ID", or on = { here = "Deal ID", there = "deal" } where '
        "the two files call it otherwise."
    )
    return None


def _sides(on: Any) -> tuple[str, str]:
    """The name of the id in the table and in the file."""
    sides = (on.get("here"), on.get("there")) if isinstance(on, dict) else (on, on)
    here, there = (one if isinstance(one, str) else "" for one in sides)
    return here, there
