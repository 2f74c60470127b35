"""Scores know the stage and the month of a deal, and how sales differ in amount.

Lists that stand apart are out of use until the next `umbrella run` writes them with these columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SUMS = (
    "target", "probability", "expected_value", "ltv", "value_spread", "stage", "month", "rep_id",
    "product_id", "grade", "source", "campaign_id", "regime", "search",
)  # fmt: skip


def upgrade() -> None:
    """Adds the columns and their indexes."""
    op.add_column("scores", sa.Column("stage", sa.String(), nullable=True))
    op.add_column("scores", sa.Column("month", sa.String(), nullable=True))
    op.add_column("scores", sa.Column("value_spread", sa.Float(), nullable=True))
    op.create_index("scores_by_stage", "scores", ["target", "stage", "probability"])
    op.create_index("scores_by_month", "scores", ["target", "month", "probability"])
    op.create_index("scores_sums", "scores", list(_SUMS))
    for name, default in (("ranked_by", "probability"), ("month_of", "")):
        column = sa.Column(name, sa.String(), nullable=False, server_default=default)
        op.add_column("scorings", column)
    op.execute(
        "DELETE FROM scorings WHERE target IN "
        "(SELECT target FROM lists WHERE kind = 'scores' AND is_current)"
    )
    op.execute("UPDATE lists SET is_current = false, host = '', process = 0 WHERE kind = 'scores'")
