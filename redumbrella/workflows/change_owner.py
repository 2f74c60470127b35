# ruff: noqa: S608  names and texts in SQL go through lake.quoting
"""A lead gets another owner: a newer version of it in the lake, and its row on the lists.

A source that later gives a newer row of the lead wins, as with everything that is known of it.
"""

import pyarrow as pa

from redumbrella.clock import now, to_datetime
from redumbrella.columns import INGESTED_AT, ORDER
from redumbrella.errors import DataError, NotFoundError, nearest
from redumbrella.lake.quoting import literal
from redumbrella.state.scores import changed_scores, scored_targets, scores_of_leads
from redumbrella.workflows.recorded import recorded
from redumbrella.workspace import Workspace


class OwnerBusyError(Exception):
    """Another command is writing the lake."""


def change_owner(workspace: Workspace, lead_id: str, rep_id: str) -> str:
    """Gives a lead to a rep; says whose it was. Raises OwnerBusyError, DataError, NotFoundError."""

    def refuse(_message: str) -> None:
        raise OwnerBusyError

    with workspace.lock(refuse), recorded(workspace, "owner") as run:
        lake = workspace.lake
        if not lake.exists("leads") or "rep_id" not in lake.schema("leads").names:
            message = "Leads have no owner: map rep_id in [tables.leads.columns]."
            raise DataError(message, reason="no_owner")
        if lake.exists("reps"):
            known = lake.current("reps", ["rep_id"])["rep_id"].to_pylist()
            if rep_id not in known:
                message = f'There is no rep "{rep_id}".{nearest(rep_id, known)}'
                raise NotFoundError(message, reason="unknown_rep")
        found = lake.query(
            f"SELECT * FROM leads WHERE lead_id = {literal(lead_id)} ORDER BY {ORDER} DESC LIMIT 1"
        )
        if not found.num_rows:
            raise NotFoundError(f'There is no lead "{lead_id}".', reason="unknown_lead")
        row = found.to_pylist()[0]
        before = row["rep_id"] or "nobody"
        if row["rep_id"] != rep_id:
            last = lake.query(f"SELECT max({ORDER}) AS last FROM leads")["last"][0].as_py()
            row |= {"rep_id": rep_id, ORDER: last + 1, INGESTED_AT: to_datetime(now())}
            lake.append("leads", pa.Table.from_pylist([row], found.schema))
        _on_lists(workspace, lead_id, rep_id)
        run.message = f"lead {lead_id}: {before} to {rep_id}"
        return f"was {before}'s"


def _on_lists(workspace: Workspace, lead_id: str, rep_id: str) -> None:
    with workspace.state.reading() as connection:
        targets = scored_targets(connection)
    for target in targets:
        while True:
            with workspace.state.reading() as connection:
                old = scores_of_leads(connection, target, [lead_id])
            if not old:
                break
            rows = [{**_without_keys(row), "rep_id": rep_id} for row in old]
            with (
                changed_scores(workspace.state, target, [lead_id], rows) as changed,
                workspace.state.writing() as connection,
            ):
                if changed.take(connection):
                    break


def _without_keys(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in ("target", "search")}
