"""The canonical tables: names, columns and kinds. Rooms exchange Arrow tables with these columns.

Times are UTC microseconds (Arrow timestamp[us, UTC]); ids are strings. Any further source column
is kept as a field of the record.
"""

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["id", "text", "number", "time", "flag"]


@dataclass(frozen=True)
class CanonicalColumn:
    """One canonical column: its name, what it holds, and whether a row needs it."""

    name: str
    kind: ColumnType
    required: bool = False


@dataclass(frozen=True)
class Table:
    """One canonical table.

    `key` names the columns that identify a record; with a known_at in it, each instant at which
    something became known is a record of its own. Tables with a key keep versions of a record: a
    changed row becomes a newer version. Facts (an empty key) are identified by their own id where
    they have one: all rows of an id are one fact, of which the newest reading counts; without one
    by all their values. A row needs at least one of the columns `one_of`, if there are any.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[CanonicalColumn, ...]
    one_of: tuple[str, ...] = ()
    own_id: str = ""

    def column(self, name: str) -> CanonicalColumn | None:
        """The canonical column of this name, or None when the name belongs to a field."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the canonical columns, in order."""
        return tuple(column.name for column in self.columns)


def _table(name: str, key: str, columns: str, one_of: str = "", own_id: str = "") -> Table:
    parsed = []
    for item in columns.split():
        column, kind = item.split(":")
        parsed.append(CanonicalColumn(column.rstrip("*"), kind, column.endswith("*")))  # type: ignore[arg-type]
    return Table(name, tuple(key.split()), tuple(parsed), tuple(one_of.split()), own_id)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "people",
            "person_id known_at",
            "person_id*:id known_at:time account_id:id email:text phone:text name:text "
            "country:text region:text",
        ),
        _table(
            "accounts",
            "account_id known_at",
            "account_id*:id known_at:time name:text domain:text industry:text employees:number",
        ),
        _table("identities", "", "anonymous_id*:id person_id*:id at*:time"),
        _table(
            "events",
            "",
            "person_id:id anonymous_id:id at*:time kind*:text event_id:id page_category:text "
            "referrer_kind:text product_id:id campaign_id:id duration_s:number value:number",
            one_of="person_id anonymous_id",
            own_id="event_id",
        ),
        _table(
            "activities",
            "",
            "person_id:id lead_id:id at*:time kind*:text activity_id:id product_id:id rep_id:id "
            "outcome:text duration_s:number",
            one_of="person_id lead_id",
            own_id="activity_id",
        ),
        _table(
            "purchases",
            "",
            "person_id*:id at*:time amount*:number purchase_id:id product_id:id quantity:number "
            "promotion:text margin:number cancelled_at:time",
            own_id="purchase_id",
        ),
        _table(
            "leads",
            "lead_id",
            "lead_id*:id person_id:id created_at:time product_id:id campaign_id:id source:text "
            "rep_id:id closed_at:time won:flag amount:number updated_at:time",
        ),
        _table(
            "products",
            "product_id",
            "product_id*:id name:text product_type:text price:number margin:number "
            "description:text listed_at:time withdrawn_at:time available:flag",
        ),
        _table(
            "campaigns",
            "campaign_id",
            "campaign_id*:id name:text channel:text starts_at:time ends_at:time",
        ),
        _table(
            "spend",
            "campaign_id date message",
            "campaign_id*:id date*:time cost*:number impressions:number clicks:number message:text",
        ),
        _table(
            "reps",
            "rep_id",
            "rep_id*:id name:text capacity_per_day:number minutes_per_day:number "
            "cost_per_hour:number product_types:text seniority:number",
        ),
        _table("feedback", "", "lead_id*:id at*:time rating*:number by:text"),
        _table(
            "treatments",
            "",
            "person_id*:id at*:time campaign_id*:id arm*:text propensity:number",
        ),
    )
}

# Every row of the lake also has these, written by ingestion.
INGESTED_AT = "_ingested_at"  # timestamp[us, UTC]: the instant Red Umbrella learned the row
ORDER = "_order"  # int64: position in the order of reading, across files and runs
ROW_HASH = "_row_hash"  # int64: content of the row, to recognise it when it is read again
INTERNAL = (INGESTED_AT, ORDER, ROW_HASH)
# bool, in tables where it ever happened: the row belongs to a newer version of a fact that the lake
# has under its own id.
REPLACES = "_replaces"
# text, in tables of leads whose outcome is read from a column of stages: what that column says of a
# lead that is still open. Of a closed one nothing is kept: it would be the outcome.
STAGE = "_stage"
# text, in tables where it ever happened: the row was logged here and comes from no source; which
# outcome it is. Of a lead such a row is a version on top of the newest one that a source gave.
LOGGED = "_logged"
WRITTEN = (*INTERNAL, REPLACES, STAGE, LOGGED)

# Records of people who have bought also have these (models.rhythm): the log-odds that the rhythm of
# their purchases gives to another one within the horizon, and their places among all who are asked
# about at the same instant, from 0 (lowest) to 1.
RHYTHM = "purchase_rhythm"
RANKS = ("recency_rank", "frequency_rank", "money_rank", "season_rank")
