"""Short names of places, for texts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("place", sa.Column("short_name", sa.String(18), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("place", "short_name")
