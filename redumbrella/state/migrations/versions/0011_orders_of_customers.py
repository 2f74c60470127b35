"""Customers have an index for every order that their list offers.

Lists that stand apart get it when they are written the next time.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COLUMNS = ("label", "spent", "purchases", "last_purchase", "expected_purchases")


def upgrade() -> None:
    """Adds the indexes."""
    for name in _COLUMNS:
        op.create_index(f"customers_by_{name}", "customers", [name, "person_id"])
