"""Recommendations: the lists of people, what products go with, and how they were chosen."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables, empty at first."""
    op.create_table(
        "recommendations",
        sa.Column("recommender", sa.String(), primary_key=True),
        sa.Column("list", sa.String(), primary_key=True),
        sa.Column("person_id", sa.String(), primary_key=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("probability", sa.Float()),
        sa.Column("expected_value", sa.Float()),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
    )
    for name, columns in {
        "person": ["person_id"],
        "probability": ["probability", "person_id"],
        "value": ["expected_value", "person_id"],
        "product": ["product_id", "probability"],
    }.items():
        op.create_index(f"recommendations_by_{name}", "recommendations", columns)
    op.create_table(
        "recommended_products",
        sa.Column("recommender", sa.String(), primary_key=True),
        sa.Column("product_id", sa.String(), primary_key=True),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("product_type", sa.String(), nullable=False),
        sa.Column("price", sa.Float()),
        sa.Column("buyers", sa.BigInteger(), nullable=False),
        sa.Column("popularity", sa.Float(), nullable=False),
        sa.Column("shown", sa.BigInteger(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
    )
    for name in ("shown", "buyers", "popularity"):
        op.create_index(
            f"recommended_products_by_{name}", "recommended_products", [name, "product_id"]
        )
    op.create_table(
        "recommendings",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("recommender", sa.String(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("inputs", sa.String(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
    )
    op.create_index("recommendings_by_name", "recommendings", ["recommender", "id"])
    op.create_table(
        "offers",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("action_key", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("recommender", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("offers_by_key", "offers", ["key"], unique=True)
    op.create_index("offers_by_action", "offers", ["action_key"])
    op.create_index("offers_by_person", "offers", ["person_id", "at"])
