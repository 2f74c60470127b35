"""A few leads as a model sees them, from what was known at some reading and at some instant.

In: an extract of the lake, an instant, a model. Out: the records and the design of the leads, the
same that scoring the whole list makes of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from redumbrella.columns import ORDER
from redumbrella.errors import ModelError, NotFoundError
from redumbrella.features.facts import read_facts, read_leads
from redumbrella.features.history import Asked
from redumbrella.features.matrix import Design
from redumbrella.lake.extract import Extract
from redumbrella.learning.gathering import person_ids, with_profiles
from redumbrella.models.registry import LeadModel
from redumbrella.scores.changes import LeadLook
from redumbrella.training.observations import begun_at

# When something of a table happened, for telling what came since from what was corrected.
_HAPPENED = {"events": "at", "activities": "at", "identities": "at", "people": "known_at"}


@dataclass(frozen=True)
class ReadSoFar:
    """What a scoring had read. rows: the place of the last row of each table. order, first: by what
    the leads were put in time, and the earliest of all places."""

    rows: Mapping[str, int]
    order: str
    first: float

    @staticmethod
    def of(document: Mapping[str, Any]) -> "ReadSoFar":
        """From the JSON of `score_days.known`."""
        return ReadSoFar(document["rows"], document["order"], document["first"])


def known_at_reading(
    everything: Extract, then: ReadSoFar, now: ReadSoFar | None = None, since: int | None = None
) -> Extract:
    """What was read then; with since (UTC microseconds), also what happened since, as read now."""

    def wanted(name: str, rows: pa.Table) -> Any:
        last = then.rows.get(name, -1)
        newest = None if now is None else now.rows.get(name, -1)
        if last < 0 and (newest is None or newest < 0 or since is None):
            return None  # the table was not there
        old = pc.less_equal(rows[ORDER], last)
        if since is None or newest is None:
            return old
        recent = pc.and_(pc.less_equal(rows[ORDER], newest), _happened_since(name, rows, since))
        return pc.or_(old, recent)

    return everything.keeping(wanted)


def _happened_since(name: str, rows: pa.Table, since: int) -> Any:
    """Which rows tell of something that happened at or after an instant."""
    at = None
    if name in _HAPPENED and _HAPPENED[name] in rows.column_names:
        at = rows[_HAPPENED[name]]
    elif name == "purchases":  # that a purchase was cancelled is told by a newer version of it
        at = rows["at"]
        if "cancelled_at" in rows.column_names:
            at = pc.coalesce(rows["cancelled_at"], at)
    if at is None:
        return pc.and_(pc.is_valid(rows[ORDER]), False)
    return pc.fill_null(pc.greater_equal(at.cast(pa.int64()), since), False)


def look_at_lead(
    model: LeadModel, known: Extract, lead_id: str, as_of: int, reading: ReadSoFar, timezone: str
) -> LeadLook:
    """The lead as the model sees it with what is known, at an instant (UTC microseconds).

    Raises NotFoundError where nothing is known of the lead, ModelError where the leads are in no
    order of time but the model counts on one.
    """
    leads = read_leads(known, timezone) if known.exists("leads") else None
    own = None if leads is None else leads.filter(pc.equal(leads["lead_id"], lead_id))
    if own is None or own.num_rows == 0:
        raise NotFoundError(f'Nothing was known of the lead "{lead_id}".', reason="not_known")
    seen = see_few(model, known, own, (as_of, as_of), reading)
    return LeadLook(model, seen.records, seen.design_of(slice(0, 1)))


@dataclass(frozen=True, eq=False)
class SeenLeads:
    """A few leads as a model sees them. records: (n rows), with profiles. position: (n,) their
    places in time. design_of: makes the design of some of them."""

    records: pa.Table
    position: NDArray[np.float64]
    design_of: Callable[[slice], Design]


def see_few(
    model: LeadModel, known: Extract, leads: pa.Table, instants: tuple[int, int], reading: ReadSoFar
) -> SeenLeads:
    """Some leads (n rows, the newest version of each) with all that the extract knows of them.

    instants: which reading of the facts counts, and when the leads are asked about, both UTC
    microseconds. Raises ModelError where the leads are in no order of time but the model counts on
    one.
    """
    moment, as_of = instants
    position = _positions(leads, reading, model)
    facts = read_facts(known, moment)
    at = np.full(leads.num_rows, as_of, np.int64)
    if reading.order == "created_at":
        leads = with_profiles(facts, leads, at)
    history = None if model.history is None else model.history.group(facts.tables)

    def design_of(rows: slice) -> Design:
        part = leads.slice(rows.start, rows.stop - rows.start)
        asked = None
        if history is not None:
            product = part["product_id"] if "product_id" in part.column_names else None
            asked = Asked(person_ids(part), at[rows], product, position[rows].astype(np.int64))
        return model.design(part, position[rows], history, asked)

    return SeenLeads(leads, position, design_of)


def _positions(own: pa.Table, reading: ReadSoFar, model: LeadModel) -> NDArray[np.float64]:
    """Where leads stand in time, as among all leads."""
    if reading.order == "none":
        if model.arrival is not None:
            message = "The leads of this file are in no order of time, so its place is not known."
            raise ModelError(message, reason="no_order")
        return np.zeros(own.num_rows)
    if reading.order == "rows":
        return np.asarray(own[ORDER].cast(pa.float64()).to_numpy(), np.float64)
    created = begun_at(own["created_at"]).cast(pa.int64()).cast(pa.float64(), safe=False)
    return np.asarray(pc.fill_null(created, reading.first).to_numpy(), np.float64)
