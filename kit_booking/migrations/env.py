"""How Alembic reaches the application's database and tables."""

from alembic import context
from flask import current_app

migrate = current_app.extensions["migrate"]
database = migrate.db


def run() -> None:
    """Run the migrations in one transaction: all of them, or none."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # The driver begins none by itself.
        context.configure(connection=connection, target_metadata=database.Model.metadata, **migrate.configure_args)
        context.run_migrations()


run()
