"""What becomes of a text after it was handed over, what it costs, and what keeps texts back."""

import sqlalchemy as sa
from alembic import op

from kit_booking.database import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

IS_REMINDER = sa.text("kind IN ('reminder_day', 'reminder_soon')")
IS_TO_ASK = sa.text("ask_at IS NOT NULL")
OLD_STATES = "'queued', 'sending', 'accepted', 'failed', 'unknown', 'skipped'"
NEW_STATES = (
    "'queued', 'sending', 'accepted', 'sent', 'delivered', 'undelivered', 'failed', 'unknown', 'skipped', 'to_phone'"
)


def upgrade() -> None:
    # SQLite makes the table anew, and loses the condition of a partial index on the way.
    op.drop_index("uq_message_reminder", "message")
    with op.batch_alter_table("message") as message:
        message.drop_constraint(op.f("ck_message_state"), type_="check")
        message.alter_column("state", type_=sa.String(12), existing_type=sa.String(10), existing_nullable=False)
        message.add_column(sa.Column("commune_id", sa.Integer(), nullable=True))
        message.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
        message.add_column(sa.Column("tried_at", UtcDateTime(), nullable=True))
        message.add_column(sa.Column("ask_at", UtcDateTime(), nullable=True))
        message.add_column(sa.Column("former_id", sa.String(40), nullable=True))
        message.add_column(sa.Column("error_code", sa.Integer(), nullable=True))
        message.add_column(sa.Column("segments", sa.Integer(), nullable=False, server_default="1"))
        message.add_column(sa.Column("cost", sa.Integer(), nullable=False, server_default="0"))
        message.add_column(sa.Column("phoned_at", UtcDateTime(), nullable=True))
        message.add_column(sa.Column("phoned_by_id", sa.Integer(), nullable=True))
        message.create_check_constraint(op.f("ck_message_state"), f"state IN ({NEW_STATES})")
        message.create_check_constraint(
            op.f("ck_message_only_unknown_is_asked"), "ask_at IS NULL OR state = 'unknown'"
        )
        message.create_foreign_key(op.f("fk_message_commune_id"), "commune", ["commune_id"], ["id"])
        message.create_foreign_key(op.f("fk_message_phoned_by_id"), "staff", ["phoned_by_id"], ["id"])
    _index_reminders()
    op.create_index("ix_message_commune_id_created_at", "message", ["commune_id", "created_at"])
    op.create_index("ix_message_to", "message", ["to"])
    op.create_index("ix_message_ask_at", "message", ["ask_at"], sqlite_where=IS_TO_ASK, postgresql_where=IS_TO_ASK)
    op.execute(
        "UPDATE message SET commune_id = (SELECT commune_id FROM booking WHERE booking.id = message.booking_id)"
        " WHERE booking_id IS NOT NULL"
    )
    op.execute("UPDATE message SET state = 'to_phone', fault = '' WHERE fault = 'takes no texts'")
    op.execute("UPDATE message SET tries = 1, tried_at = settled_at WHERE state IN ('accepted', 'unknown')")
    op.create_table(
        "sending_pause",
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("since_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("fault", sa.String(length=60), nullable=False),
        sa.CheckConstraint("reason IN ('setup', 'limit', 'busy')", name=op.f("ck_sending_pause_reason")),
        sa.PrimaryKeyConstraint("reason", name=op.f("pk_sending_pause")),
    )
    op.add_column("household", sa.Column("bad_number_at", UtcDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("household", "bad_number_at")
    op.drop_table("sending_pause")
    op.execute("UPDATE message SET state = 'failed', fault = 'takes no texts' WHERE state = 'to_phone'")
    op.execute("UPDATE message SET state = 'accepted' WHERE state IN ('sent', 'delivered')")
    op.execute("UPDATE message SET state = 'failed' WHERE state = 'undelivered'")
    for index in ("ix_message_ask_at", "ix_message_to", "ix_message_commune_id_created_at", "uq_message_reminder"):
        op.drop_index(index, "message")
    with op.batch_alter_table("message") as message:
        message.drop_constraint(op.f("fk_message_phoned_by_id"), type_="foreignkey")
        message.drop_constraint(op.f("fk_message_commune_id"), type_="foreignkey")
        message.drop_constraint(op.f("ck_message_only_unknown_is_asked"), type_="check")
        message.drop_constraint(op.f("ck_message_state"), type_="check")
        for column in (
            "phoned_by_id", "phoned_at", "cost", "segments", "error_code", "former_id",
            "ask_at", "tried_at", "tries", "commune_id",
        ):  # fmt: skip
            message.drop_column(column)
        message.alter_column("state", type_=sa.String(10), existing_type=sa.String(12), existing_nullable=False)
        message.create_check_constraint(op.f("ck_message_state"), f"state IN ({OLD_STATES})")
    _index_reminders()


def _index_reminders() -> None:
    op.create_index(
        "uq_message_reminder",
        "message",
        ["booking_id", "kind", "pick_up_at", "kit_id"],
        unique=True,
        sqlite_where=IS_REMINDER,
        postgresql_where=IS_REMINDER,
    )
