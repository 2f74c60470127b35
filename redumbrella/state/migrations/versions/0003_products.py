"""An index of scores by product: who buys this one, best first."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds one index; nothing that exists is changed."""
    op.create_index(
        "scores_by_product", "scores", ["target", "product_id", "probability"], unique=False
    )
