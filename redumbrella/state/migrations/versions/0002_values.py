"""Details of scores, customers with their value, and weights of the qualification card."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds one column and two tables; nothing that exists is changed."""
    op.add_column("scores", sa.Column("details", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("scores", sa.Column("qualification", sa.Float(), nullable=True))
    op.create_index(
        "scores_by_qualification", "scores", ["target", "qualification", "lead_id"], unique=False
    )
    op.create_table(
        "customers",
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=True),
        sa.Column("purchases", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.Float(), nullable=False),
        sa.Column("last_purchase", sa.BigInteger(), nullable=True),
        sa.Column("alive", sa.Float(), nullable=True),
        sa.Column("expected_purchases", sa.Float(), nullable=True),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("value_low", sa.Float(), nullable=True),
        sa.Column("value_high", sa.Float(), nullable=True),
        sa.Column("churn", sa.Float(), nullable=True),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    for name, columns in (
        ("customers_by_value", ["value", "person_id"]),
        ("customers_by_churn", ["churn", "person_id"]),
        ("customers_by_alive", ["alive", "person_id"]),
        ("customers_by_segment", ["segment", "value"]),
    ):
        op.create_index(name, "customers", columns, unique=False)
    op.create_table(
        "weightings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("weights", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
