"""Numbers of erased households whose pause still runs, as keyed hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("household", sa.Column("number_key", sa.String(64), nullable=True))
    op.create_index("ix_household_number_key", "household", ["number_key"])


def downgrade() -> None:
    op.drop_index("ix_household_number_key", "household")
    op.drop_column("household", "number_key")
