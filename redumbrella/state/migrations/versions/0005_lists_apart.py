"""Lists that are replaced as a whole stand apart; models are in the order of their training.

Lists that are there stay where they are and are read until they are replaced.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table of lists and the number of models, by the clock as far as it can be known."""
    op.create_table(
        "lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("process", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.add_column(
        "models", sa.Column("number", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute(
        "UPDATE models SET number = (SELECT count(*) FROM models AS earlier "
        "WHERE (earlier.trained_at, earlier.version) <= (models.trained_at, models.version))"
    )
