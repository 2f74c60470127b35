"""The tables of the state database, as SQLAlchemy Core objects.

Instants are integers of UTC microseconds; JSON is text, written by orjson. A change here needs a
new migration in `migrations/versions` and its number in SCHEMA_VERSION (tested).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

SCHEMA_VERSION = "0003"

metadata = MetaData()

# Every command that changed something: when it ran and how it ended.
runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("verb", String, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("status", String, nullable=False),  # running | done | failed | interrupted
    Column("message", Text, nullable=False, default=""),
    Column("detail", Text, nullable=False, default="{}"),
    Index("runs_by_start", "started_at"),
)

# Every file or query as it was last read, to skip it while it is unchanged.
sources = Table(
    "sources",
    metadata,
    Column("table_name", String, primary_key=True),
    Column("path", String, primary_key=True),  # or the database and its query
    Column("fingerprint", String, nullable=False),  # of the content and of how it was read
    Column("mapping", String, nullable=False),  # of how it was read alone
    Column("size", BigInteger, nullable=False),
    Column("modified", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("ingested_at", BigInteger, nullable=False),
)

# Every row that was set aside, and why.
rejected_rows = Table(
    "rejected_rows",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("run_id", Integer, nullable=False),
    Column("table_name", String, nullable=False),
    Column("file", String, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("raw", Text, nullable=False),  # at most 2,000 characters
    Index("rejected_rows_by_file", "table_name", "file"),
    Index("rejected_rows_by_reason", "reason"),
)

models = Table(
    "models",
    metadata,
    Column("version", String, primary_key=True),
    Column("target", String, nullable=False),
    Column("trained_at", BigInteger, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("family", String, nullable=False),
    Column("regime", String, nullable=False),
    Column("reliable", Boolean, nullable=False),
    Column("verdict", String, nullable=False),
    Column("is_current", Boolean, nullable=False),
    Column("lake_version", BigInteger),
    Column("report", Text, nullable=False),
    Index("models_by_target", "target", "is_current"),
)

# Today's beliefs, as the list shows them. The long text stands last, so that reading a row's other
# columns does not touch it.
scores = Table(
    "scores",
    metadata,
    Column("target", String, primary_key=True),
    Column("lead_id", String, primary_key=True),
    Column("product_id", String, primary_key=True, default=""),
    Column("person_id", String),
    Column("as_of", BigInteger, nullable=False),
    Column("probability", Float, nullable=False),
    Column("low", Float),
    Column("high", Float),
    Column("percentile", Float),
    Column("grade", String),
    Column("amount", Float),
    Column("ltv", Float),
    Column("expected_value", Float),
    Column("regime", String, nullable=False),
    Column("reliable", Boolean, nullable=False),
    Column("model_version", String, nullable=False),
    Column("label", String, nullable=False),
    Column("created_at", BigInteger),
    Column("source", String),
    Column("campaign_id", String),
    Column("rep_id", String),
    Column("search", String, nullable=False),  # lower case "lead_id label", for contains-search
    Column("reasons", Text, nullable=False),
    Column("qualification", Float),  # total of the card, 0 to 100
    Column("details", Text, nullable=False, default="{}"),  # value, time, effort, fit, card
    Index("scores_by_qualification", "target", "qualification", "lead_id"),
    Index("scores_by_probability", "target", "probability", "lead_id"),
    Index("scores_by_percentile", "target", "percentile", "lead_id"),
    Index("scores_by_expected_value", "target", "expected_value", "lead_id"),
    Index("scores_by_label", "target", "label", "lead_id"),
    Index("scores_by_created_at", "target", "created_at", "lead_id"),
    Index("scores_by_grade", "target", "grade", "probability"),
    Index("scores_by_source", "target", "source", "probability"),
    Index("scores_by_campaign", "target", "campaign_id", "probability"),
    Index("scores_by_rep", "target", "rep_id", "probability"),
    Index("scores_by_product", "target", "product_id", "probability"),
    # Narrow and complete for "contains x, best first": the wide rows are fetched only for a page.
    Index("scores_by_search", "target", "search", "probability", "lead_id", "product_id"),
)

# What each customer is worth, and whether he is leaving; replaced as one list.
customers = Table(
    "customers",
    metadata,
    Column("person_id", String, primary_key=True),
    Column("as_of", BigInteger, nullable=False),
    Column("label", String, nullable=False),
    Column("segment", String),
    Column("purchases", BigInteger, nullable=False),
    Column("spent", Float, nullable=False),
    Column("last_purchase", BigInteger),
    Column("alive", Float),  # P(still a customer)
    Column("expected_purchases", Float),
    Column("value", Float),  # expected within the horizon, discounted
    Column("value_low", Float),
    Column("value_high", Float),
    Column("churn", Float),  # probability of the churn target, where there is one
    Column("search", String, nullable=False),
    Column("details", Text, nullable=False, default="{}"),
    Index("customers_by_value", "value", "person_id"),
    Index("customers_by_churn", "churn", "person_id"),
    Index("customers_by_alive", "alive", "person_id"),
    Index("customers_by_segment", "segment", "value"),
)

# The company's objectives as weights of the qualification card; the newest row counts.
weightings = Table(
    "weightings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("set_at", BigInteger, nullable=False),
    Column("set_by", String, nullable=False, default=""),
    Column("weights", Text, nullable=False),
    Column("note", Text, nullable=False, default=""),
)
