"""One lead as a model sees it, from what was known at some reading and at some instant.

In: an extract of the lake, an instant, a model. Out: the lead's record and its design, one row
each, the same that scoring the whole list makes of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from redumbrella.columns import ORDER
from redumbrella.errors import ModelError, NotFoundError
from redumbrella.features.facts import read_facts, read_leads
from redumbrella.features.history import Asked
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
    position = np.array([_position(own, reading, model)])
    facts = read_facts(known, as_of)
    at = np.array([as_of], np.int64)
    if reading.order == "created_at":
        own = with_profiles(facts, own, at)
    history, asked = None, None
    if model.history is not None:
        history = model.history.group(facts.tables)
        product = own["product_id"] if "product_id" in own.column_names else None
        asked = Asked(person_ids(own), at, product, position.astype(np.int64))
    return LeadLook(model, own, model.design(own, position, history, asked))


def _position(own: pa.Table, reading: ReadSoFar, model: LeadModel) -> float:
    """Where the lead stands in time, as among all leads."""
    if reading.order == "none":
        if model.arrival is not None:
            message = "The leads of this file are in no order of time, so its place is not known."
            raise ModelError(message, reason="no_order")
        return 0.0
    if reading.order == "rows":
        return float(own[ORDER][0].as_py())
    created = begun_at(own["created_at"]).cast(pa.int64())[0].as_py()
    return reading.first if created is None else float(created)
