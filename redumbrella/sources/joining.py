# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""Columns of a second file, added to the staged records of a table by an id.

Staged records and the files to be joined come in; the records have the columns of these files
then, and notes say how many rows were found. Raises SettingsError when a file lacks its id.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from redumbrella.errors import SettingsError, nearest
from redumbrella.lake.quoting import quoted
from redumbrella.sources.formats.files import JoinedFile, read_file
from redumbrella.sources.identifiers import id_sql
from redumbrella.sources.staging import FILE, ROW, Staging


def join_files(staging: Staging, joined: Sequence[JoinedFile], delimiter: str | None) -> list[str]:
    """Adds the columns of files to the staged records by their ids; what was found, as notes.

    Ids are equal by the rule of ids (`identifiers`) and without regard to capitals. Of several rows
    of one id the last one in its file counts. A name that is taken gets the file's name behind it.
    """
    notes = []
    for number, one in enumerate(joined):
        there = Staging(staging.connection, f"{staging.name}_join{number}")
        there.create()
        records = read_file(one.file, delimiter)
        for chunk in records.chunks:
            there.add(0, chunk)
        notes += [f"{one.file.name}: {note}" for note in records.notes]
        _check_ids(staging, there, one)
        notes += _joined(staging, there, one)
        staging.missing_texts.update(there.missing_texts)
        there.drop()
    return notes


def _check_ids(staging: Staging, there: Staging, one: JoinedFile) -> None:
    for name, columns, where in (
        (one.here, staging.columns, "the table"),
        (one.there, there.columns, one.file.name),
    ):
        if name not in columns:
            message = (
                f'join with {one.file.name}: "{name}" is no column of {where}.'
                f"{nearest(name, list(columns))} Columns: {', '.join(columns)}."
            )
            raise SettingsError(message, reason="bad_mapping")


def _joined(staging: Staging, there: Staging, one: JoinedFile) -> list[str]:
    """Copies the columns of one file into the records; says how many were found."""
    added = {
        name: joined_name(name, staging.columns, one.file.path)
        for name in there.columns
        if name != one.there
    }
    staging.know(list(added.values()))
    here, id_there = staging.columns[one.here], there.columns[one.there]
    newest = (
        f"SELECT * FROM (SELECT *, {_alike(id_there)} AS _id FROM {quoted(there.name)} "
        f"WHERE {_alike(id_there)} IS NOT NULL) "
        f"QUALIFY row_number() OVER (PARTITION BY _id ORDER BY {FILE} DESC, {ROW} DESC) = 1"
    )
    values = ", ".join(
        f"{staging.columns[new]} = {_as_text(there, name)}" for name, new in added.items()
    )
    match = f"{_alike(f'{quoted(staging.name)}.{here}')} = j._id"
    if values:
        staging.connection.execute(
            f"UPDATE {quoted(staging.name)} SET {values} FROM ({newest}) AS j WHERE {match}"
        )
    rows, found = staging.one(
        f"SELECT count(*), count(*) FILTER ({_alike(here)} IN "
        f"(SELECT {_alike(id_there)} FROM {quoted(there.name)})) "
        f"FROM {quoted(staging.name)}"
    )
    ids, used, rows_there = there.one(
        f"SELECT count(DISTINCT {_alike(id_there)}), count(DISTINCT "
        f"{_alike(id_there)}) FILTER ({_alike(id_there)} IN "
        f"(SELECT {_alike(here)} FROM {quoted(staging.name)})), count({_alike(id_there)}) "
        f"FROM {quoted(there.name)}"
    )
    return _said(one, rows, found, (ids, used, rows_there), added)


def _alike(column: str) -> str:
    """SQL: an id by the rule of ids, in small letters."""
    return f"lower({id_sql(f'({column})::VARCHAR')})"


def _said(
    one: JoinedFile, rows: int, found: int, there: tuple[int, int, int], added: dict[str, str]
) -> list[str]:
    ids, used, rows_there = there
    name = one.file.name
    told = f'Joined with {name} by "{one.here}": {found:,} of {rows:,} rows have one there.'
    if not used:
        told += " No id is in both: is it the right column? Its columns stay empty."
    elif used < ids:
        told += f" {ids - used:,} of the {ids:,} ids there belong to no row here."
    notes = [told]
    if rows_there > ids:
        notes.append(
            f"{name} has {rows_there - ids:,} further rows of ids that it has already: the last "
            "row of an id in the file counts."
        )
    renamed = [f'"{old}" is called "{new}"' for old, new in added.items() if old != new]
    if renamed:
        notes.append(f"{name}: {', '.join(renamed)}, as the table has a column of that name.")
    return notes


def _as_text(there: Staging, name: str) -> str:
    """The column as a text; instants are written out."""
    here = there.columns[name]
    if here not in there.instants:
        return f"j.{here}"
    return f"strftime(j.{here} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"


def joined_name(name: str, taken: Iterable[str], path: Path) -> str:
    """What a joined column is called: one whose name is taken gets that of its file behind it."""
    is_taken = name.casefold() in {column.casefold() for column in taken}
    return f"{name} ({path.name.split('.')[0]})" if is_taken else name
