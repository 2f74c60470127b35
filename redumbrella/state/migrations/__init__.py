"""Alembic migrations of the state database, run by `state.schema` when it is behind."""
