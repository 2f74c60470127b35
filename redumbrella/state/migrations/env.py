"""Alembic calls this file: it runs the migrations on the connection that `state.schema` opened."""

from alembic import context

from redumbrella.state.metadata import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
