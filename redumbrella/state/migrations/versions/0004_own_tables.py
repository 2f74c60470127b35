"""Lifetime, product forecasts, backtests, weight changes and freshness get tables of their own.

What the log of runs held of them is carried over; the log keeps what people read.
"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables, carries the contents of `runs.detail` over, and drops that column."""
    _create_tables()
    connection = op.get_bind()
    query = "SELECT verb, started_at, detail FROM runs WHERE status = 'done' ORDER BY id"
    for verb, started_at, text in connection.execute(sa.text(query)).all():
        detail = json.loads(text)
        carry = {"value": _carry_valuation, "backtest": _carry_backtest, "weights": _carry_changes}
        if verb in carry and detail:
            carry[verb](connection, started_at, detail)
    with op.batch_alter_table("runs") as runs:
        runs.drop_column("detail")
        runs.add_column(sa.Column("host", sa.String(), nullable=False, server_default=""))
        runs.add_column(sa.Column("process", sa.Integer(), nullable=False, server_default="0"))
    # Without a fingerprint the next run trains once: earlier ones left settings out.
    op.add_column("models", sa.Column("inputs", sa.String(), nullable=False, server_default=""))


def _create_tables() -> None:
    op.add_column("weightings", sa.Column("changes", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "scorings",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("scored_at", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("inputs", sa.String(), nullable=False),
        sa.Column("lake", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("target"),
    )
    op.create_table(
        "valuations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("valued_at", sa.BigInteger(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("customers", sa.BigInteger(), nullable=False),
        sa.Column("inputs", sa.String(), nullable=False),
        sa.Column("lifetime", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "product_forecasts",
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), nullable=False),
        sa.Column("sales", sa.BigInteger(), nullable=False),
        sa.Column("regime", sa.String(), nullable=False),
        sa.Column("reliable", sa.Boolean(), nullable=False),
        sa.Column("price", sa.Float(), nullable=False),
        sa.Column("expected_sales", sa.Float(), nullable=True),
        sa.Column("expected_revenue", sa.Float(), nullable=True),
        sa.Column("later_sales", sa.BigInteger(), nullable=False),
        sa.Column("log_loss", sa.Float(), nullable=False),
        sa.Column("prior_log_loss", sa.Float(), nullable=False),
        sa.Column("gain", sa.Float(), nullable=False),
        sa.Column("search", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("target", "product_id"),
    )
    op.create_table(
        "backtests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ran_at", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("backtests_by_target", "backtests", ["target"], unique=False)


def _carry_valuation(connection: Any, valued_at: int, detail: dict[str, Any]) -> None:
    insertion = sa.text(
        "INSERT INTO valuations (valued_at, as_of, customers, inputs, lifetime) "
        "VALUES (:valued_at, :as_of, :customers, '', :lifetime)"
    )
    row = {"valued_at": valued_at, "as_of": detail["as_of"]}
    lifetime = detail["lifetime"]
    row |= {"customers": lifetime["customers"], "lifetime": json.dumps(lifetime)}
    connection.execute(insertion, row)


def _carry_backtest(connection: Any, ran_at: int, detail: dict[str, Any]) -> None:
    insertion = sa.text(
        "INSERT INTO backtests (ran_at, target, document) VALUES (:ran_at, :target, :document)"
    )
    row = {"ran_at": ran_at, "target": detail["target"], "document": json.dumps(detail)}
    connection.execute(insertion, row)


def _carry_changes(connection: Any, _at: int, detail: dict[str, Any]) -> None:
    update = sa.text("UPDATE weightings SET changes = :changes WHERE id = :id")
    row = {"id": detail["current"]["version"], "changes": json.dumps(detail)}
    connection.execute(update, row)
