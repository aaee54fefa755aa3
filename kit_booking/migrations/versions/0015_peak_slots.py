"""Peak slots: what a plan says of them, and what a booking was when it was made."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("planned_slot", sa.Column("is_peak", sa.Boolean, nullable=True))
    op.add_column("booking", sa.Column("is_peak", sa.Boolean, nullable=False, server_default=sa.false()))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    # Vietnam's clocks are seven hours ahead of UTC, summer and winter.
    day = "date({}, '+7 hours')" if is_sqlite else "({} AT TIME ZONE 'Asia/Ho_Chi_Minh')::date"
    spans_night = f"{day.format('pick_up_at')} <> {day.format('return_at')}"
    op.execute(f"UPDATE booking SET is_peak = true WHERE {spans_night}")  # noqa: S608 (nothing of it was typed)


def downgrade() -> None:
    op.drop_column("booking", "is_peak")
    op.drop_column("planned_slot", "is_peak")
