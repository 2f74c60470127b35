"""The first schema: runs, sources, rejected rows, models, scores."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates all tables."""
    op.create_table(
        "models",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("trained_at", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("regime", sa.String(), nullable=False),
        sa.Column("reliable", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("lake_version", sa.BigInteger(), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_index("models_by_target", "models", ["target", "is_current"], unique=False)
    op.create_table(
        "rejected_rows",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("rejected_rows_by_file", "rejected_rows", ["table_name", "file"], unique=False)
    op.create_index("rejected_rows_by_reason", "rejected_rows", ["reason"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("runs_by_start", "runs", ["started_at"], unique=False)
    op.create_table(
        "scores",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("percentile", sa.Float(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("amount", sa.Float(), nullable=True),
        sa.Column("ltv", sa.Float(), nullable=True),
        sa.Column("expected_value", sa.Float(), nullable=True),
        sa.Column("regime", sa.String(), nullable=False),
        sa.Column("reliable", sa.Boolean(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("campaign_id", sa.String(), nullable=True),
        sa.Column("rep_id", sa.String(), nullable=True),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("target", "lead_id", "product_id"),
    )
    op.create_index(
        "scores_by_campaign", "scores", ["target", "campaign_id", "probability"], unique=False
    )
    op.create_index(
        "scores_by_created_at", "scores", ["target", "created_at", "lead_id"], unique=False
    )
    op.create_index(
        "scores_by_expected_value", "scores", ["target", "expected_value", "lead_id"], unique=False
    )
    op.create_index("scores_by_grade", "scores", ["target", "grade", "probability"], unique=False)
    op.create_index("scores_by_label", "scores", ["target", "label", "lead_id"], unique=False)
    op.create_index(
        "scores_by_percentile", "scores", ["target", "percentile", "lead_id"], unique=False
    )
    op.create_index(
        "scores_by_probability", "scores", ["target", "probability", "lead_id"], unique=False
    )
    op.create_index("scores_by_rep", "scores", ["target", "rep_id", "probability"], unique=False)
    op.create_index(
        "scores_by_search",
        "scores",
        ["target", "search", "probability", "lead_id", "product_id"],
        unique=False,
    )
    op.create_index("scores_by_source", "scores", ["target", "source", "probability"], unique=False)
    op.create_table(
        "sources",
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("mapping", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("ingested_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "path"),
    )
