"""Each score says when it was made, and each list what of the lake it has read.

Lists of scores that stand apart are out of use until the next `umbrella run` writes them with this
column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the columns."""
    op.add_column("scores", sa.Column("scored_at", sa.BigInteger(), nullable=True))
    known = sa.Column("known", sa.Text(), nullable=False, server_default="{}")
    op.add_column("scorings", known)
    op.execute(
        "DELETE FROM scorings WHERE target IN "
        "(SELECT target FROM lists WHERE kind = 'scores' AND is_current)"
    )
    op.execute("UPDATE lists SET is_current = false, host = '', process = 0 WHERE kind = 'scores'")
