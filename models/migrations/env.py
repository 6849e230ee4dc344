"""Run by Alembic: see `models/migrate.py`, which hands over an open connection."""

from alembic import context

from models.migrate import is_comparable
from models.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    compare_type=True,
    include_object=is_comparable,
    render_as_batch=connection.dialect.name == "sqlite",
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
