"""Outcomes that people log, and which lines of a list they did."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes two tables, empty at first."""
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.String(), nullable=False),
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=True),
        sa.Column("is_lead", sa.Boolean(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("closes", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=True),
        sa.Column("due_day", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Float(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("rep_id", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("moves", sa.Text(), nullable=False),
    )
    op.create_index("outcomes_by_key", "outcomes", ["key"], unique=True)
    op.create_index("outcomes_by_lead", "outcomes", ["lead_id", "id"])
    op.create_index("outcomes_pending", "outcomes", ["pending"])
    op.create_index("outcomes_by_what", "outcomes", ["what", "due_day"])
    op.create_table(
        "work_done",
        sa.Column("target", sa.String(), primary_key=True),
        sa.Column("number", sa.BigInteger(), primary_key=True),
        sa.Column("lead_id", sa.String(), primary_key=True),
        sa.Column("rep_id", sa.String(), nullable=False),
        sa.Column("outcome_id", sa.Integer(), nullable=False),
    )
    op.create_index("work_done_by_outcome", "work_done", ["outcome_id"])
