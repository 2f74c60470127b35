"""The days that were scored, and the scores that moved on them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes two tables, which the next scoring begins to fill."""
    op.create_table(
        "score_days",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("day", sa.Integer(), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("scored_at", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("known", sa.Text(), nullable=False),
    )
    op.create_table(
        "score_changes",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("day", sa.Integer(), primary_key=True),
        sa.Column("lead_id", sa.String(), primary_key=True),
        sa.Column("product_id", sa.String(), primary_key=True),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("change", sa.Float(), nullable=True),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sqlite_with_rowid=False,
    )
