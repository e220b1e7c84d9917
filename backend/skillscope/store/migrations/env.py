"""What alembic runs: the connection comes from `skillscope.store.database`, already in its transaction."""

from alembic import context

from skillscope.store.tables import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
context.run_migrations()
