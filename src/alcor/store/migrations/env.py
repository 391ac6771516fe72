"""Alembic's environment: runs on the connection it is given, in that connection's transaction."""

from alembic import context

from alcor.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
