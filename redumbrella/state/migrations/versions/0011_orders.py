"""Customers have an index for every order; those of scores hold the whole key of a row.

Lists that stand apart get them when they are written the next time.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COLUMNS = ("label", "spent", "purchases", "last_purchase", "expected_purchases")
_OF_SCORES = ("qualification", "probability", "percentile", "expected_value", "label", "created_at")


def upgrade() -> None:
    """Adds the indexes, and the product to those of scores."""
    for name in _OF_SCORES:
        op.drop_index(f"scores_by_{name}", "scores")
        columns = ["target", name, "lead_id", "product_id"]
        op.create_index(f"scores_by_{name}", "scores", columns)
    for name in _COLUMNS:
        op.create_index(f"customers_by_{name}", "customers", [name, "person_id"])
