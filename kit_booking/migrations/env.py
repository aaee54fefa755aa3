"""How Alembic reaches the application's database and tables."""

from alembic import context
from flask import current_app

migrate = current_app.extensions["migrate"]
database = migrate.db


def run() -> None:
    with database.engine.connect().execution_options(writes=True) as connection:
        context.configure(connection=connection, target_metadata=database.Model.metadata, **migrate.configure_args)
        with context.begin_transaction():
            context.run_migrations()


run()
