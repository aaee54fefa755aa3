"""The first tables, and the refusal of overlapping holds on both databases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from kit_booking.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "message",
    "hold",
    "booking_move",
    "audit_entry",
    "part",
    "booking",
    "village",
    "kit",
    "feed_token",
    "staff_role",
    "planned_slot",
    "place",
    "household",
    "commune",
    "throttle",
    "staff",
    "province",
    "mark",
    "login_code",
)

# SQLite has no exclusion constraint. Its instants are texts that compare as they sort, and only in one format.
INSTANT = "dddd-dd-dd dd:dd:dd.dddddd".replace("d", "[0-9]")

OVERLAP = """
    SELECT RAISE(ABORT, 'ex_hold_overlap') WHERE EXISTS (
        SELECT 1 FROM hold
        WHERE kit_id = NEW.kit_id AND from_at < NEW.until_at AND NEW.from_at < until_at AND id IS NOT NEW.id
    );
"""


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _no_overlap() -> list[sa.Constraint]:
    if _is_sqlite():
        return [
            sa.CheckConstraint(f"from_at GLOB '{INSTANT}' AND until_at GLOB '{INSTANT}'", name="ck_hold_one_format")
        ]
    return [
        ExcludeConstraint(
            (sa.text("int4range(kit_id, kit_id, '[]')"), "&&"),
            (sa.text("tstzrange(from_at, until_at, '[)')"), "&&"),
            name="ex_hold_overlap",
            using="gist",
        )
    ]


def _refuse_overlaps_on_sqlite() -> None:
    if _is_sqlite():
        op.execute(f"CREATE TRIGGER hold_overlap_insert BEFORE INSERT ON hold BEGIN {OVERLAP} END")
        op.execute(f"CREATE TRIGGER hold_overlap_update BEFORE UPDATE ON hold BEGIN {OVERLAP} END")


def upgrade() -> None:
    op.create_table(
        "login_code",
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_login_code_tries")),
        sa.PrimaryKeyConstraint("phone", name=op.f("pk_login_code")),
    )
    op.create_index("ix_login_code_expires_at", "login_code", ["expires_at"])

    op.create_table(
        "mark",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mark")),
    )
    op.create_table(
        "province",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_province")),
        sa.UniqueConstraint("slug", name=op.f("uq_province_slug")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("mobile", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("username", name=op.f("uq_staff_username")),
    )
    op.create_table(
        "throttle",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("window_at", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", "window_at", name=op.f("pk_throttle")),
    )
    op.create_index("ix_throttle_window_at", "throttle", ["window_at"])

    op.create_table(
        "commune",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("province_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("search", sa.String(length=2000), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("office_hours", sa.JSON(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["province_id"], ["province.id"], name=op.f("fk_commune_province_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commune")),
        sa.UniqueConstraint("code", name=op.f("uq_commune_code")),
        sa.UniqueConstraint("slug", name=op.f("uq_commune_slug")),
    )
    op.create_index("ix_commune_province_id_name", "commune", ["province_id", "name"])

    op.create_table(
        "household",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=16), nullable=False),
        sa.Column("village", sa.String(length=80), nullable=False),
        sa.Column("craft", sa.String(length=80), nullable=False),
        sa.Column("sells", sa.String(length=120), nullable=False),
        sa.Column("streams_on", sa.String(length=120), nullable=False),
        sa.Column("consent_version", sa.String(length=20), nullable=False),
        sa.Column("consent_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_household_commune_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
    )
    op.create_index("ix_household_commune_id", "household", ["commune_id"])
    op.create_index("ix_household_phone", "household", ["phone"])

    op.create_table(
        "place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("keeper", sa.String(length=80), nullable=False),
        sa.Column("keeper_phone", sa.String(length=20), nullable=False),
        sa.Column("handover_hours", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_place_commune_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place")),
    )
    op.create_index("ix_place_commune_id", "place", ["commune_id"])

    op.create_table(
        "planned_slot",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("from_time", sa.Time(), nullable=False),
        sa.Column("until_time", sa.Time(), nullable=False),
        sa.Column("weekdays", sa.String(length=7), nullable=False),
        sa.CheckConstraint("weekdays <> ''", name=op.f("ck_planned_slot_some_weekday")),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_planned_slot_commune_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_planned_slot")),
        sa.UniqueConstraint(
            "commune_id", "valid_from", "name", name=op.f("uq_planned_slot_commune_id_valid_from_name")
        ),
    )
    op.create_table(
        "staff_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "(role = 'operator') = (commune_id IS NULL)", name=op.f("ck_staff_role_operator_has_no_commune")
        ),
        sa.CheckConstraint("role IN ('clerk', 'leader', 'operator')", name=op.f("ck_staff_role_role")),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_staff_role_commune_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_role_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_role")),
    )
    op.create_index("ix_staff_role_commune_id_role", "staff_role", ["commune_id", "role"])
    op.create_index("uq_staff_role", "staff_role", ["staff_id", "commune_id", "role"], unique=True)

    op.create_table(
        "feed_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("last_agent", sa.String(length=80), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(household_id IS NULL) <> (staff_id IS NULL)", name=op.f("ck_feed_token_one_owner")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_feed_token_household_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_feed_token_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feed_token_token_hash")),
    )
    op.create_index("ix_feed_token_household_id", "feed_token", ["household_id"])
    op.create_index("ix_feed_token_staff_id", "feed_token", ["staff_id"])

    op.create_table(
        "kit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_kit_commune_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_kit_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit")),
        sa.UniqueConstraint("code", name=op.f("uq_kit_code")),
    )
    op.create_index("ix_kit_commune_id", "kit", ["commune_id"])

    op.create_table(
        "village",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("craft", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_village_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_village")),
    )
    op.create_index("ix_village_place_id", "village", ["place_id"])

    op.create_table(
        "booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.Integer(), nullable=False),
        sa.Column("kit_id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("slot_name", sa.String(length=40), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("pick_up_at", UtcDateTime(), nullable=False),
        sa.Column("return_at", UtcDateTime(), nullable=False),
        sa.Column("sells", sa.String(length=120), nullable=False),
        sa.Column("streams_on", sa.String(length=120), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("answer_by_at", UtcDateTime(), nullable=False),
        sa.Column("approved_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("status <> 'declined' OR reason <> ''", name=op.f("ck_booking_declined_has_reason")),
        sa.CheckConstraint(
            "status IN ('requested', 'offered', 'approved', 'declined', 'cancelled', 'lapsed', 'refused', 'out', 'returned', 'no_show')",  # noqa: E501
            name=op.f("ck_booking_status"),
        ),
        sa.CheckConstraint(
            "pick_up_at <= from_at AND from_at < until_at AND until_at <= return_at",
            name=op.f("ck_booking_times_in_order"),
        ),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_booking_commune_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_booking_household_id")),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_booking_kit_id")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_booking_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("code", name=op.f("uq_booking_code")),
    )
    op.create_index("ix_booking_commune_id_status_pick_up_at", "booking", ["commune_id", "status", "pick_up_at"])
    op.create_index("ix_booking_household_id_pick_up_at", "booking", ["household_id", "pick_up_at"])
    op.create_index("ix_booking_kit_id_pick_up_at", "booking", ["kit_id", "pick_up_at"])
    op.create_index("ix_booking_status_pick_up_at", "booking", ["status", "pick_up_at"])
    op.create_index(
        "uq_booking_kit_id_out",
        "booking",
        ["kit_id"],
        unique=True,
        sqlite_where=sa.text("status = 'out'"),
        postgresql_where=sa.text("status = 'out'"),
    )

    op.create_table(
        "part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kit_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.CheckConstraint("count > 0", name=op.f("ck_part_some")),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_part_kit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part")),
    )
    op.create_index("ix_part_kit_id", "part", ["kit_id"])

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=True),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_audit_entry_booking_id")),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_audit_entry_commune_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_audit_entry_household_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_audit_entry_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_commune_id_at", "audit_entry", ["commune_id", "at"])

    op.create_table(
        "booking_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("from_status", sa.String(length=10), nullable=True),
        sa.Column("to_status", sa.String(length=10), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_booking_move_booking_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_booking_move_household_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_booking_move_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_move")),
    )
    op.create_index("ix_booking_move_booking_id", "booking_move", ["booking_id"])

    op.create_table(
        "hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kit_id", sa.Integer(), nullable=False),
        sa.Column("from_at", UtcDateTime(), nullable=False),
        sa.Column("until_at", UtcDateTime(), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        *_no_overlap(),
        sa.CheckConstraint("from_at < until_at", name=op.f("ck_hold_from_before_until")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_hold_booking_id")),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_hold_kit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sa.UniqueConstraint("booking_id", name=op.f("uq_hold_booking_id")),
    )
    op.create_index("ix_hold_kit_id_until_at", "hold", ["kit_id", "until_at"])

    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column("kit_id", sa.Integer(), nullable=True),
        sa.Column("pick_up_at", UtcDateTime(), nullable=True),
        sa.Column("to", sa.String(length=16), nullable=False),
        sa.Column("body", sa.String(length=320), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("useful_until_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("lease_by", sa.String(length=60), nullable=True),
        sa.Column("lease_until_at", UtcDateTime(), nullable=True),
        sa.Column("provider_id", sa.String(length=40), nullable=True),
        sa.Column("fault", sa.String(length=60), nullable=False),
        sa.CheckConstraint(
            "state <> 'sending' OR lease_until_at IS NOT NULL", name=op.f("ck_message_sending_has_lease")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'failed', 'unknown', 'skipped')",
            name=op.f("ck_message_state"),
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_message_booking_id")),
        sa.ForeignKeyConstraint(["kit_id"], ["kit.id"], name=op.f("fk_message_kit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("provider_id", name=op.f("uq_message_provider_id")),
    )
    op.create_index("ix_message_booking_id", "message", ["booking_id"])
    op.create_index("ix_message_state_due_at", "message", ["state", "due_at"])
    op.create_index(
        "uq_message_reminder",
        "message",
        ["booking_id", "kind", "pick_up_at", "kit_id"],
        unique=True,
        sqlite_where=sa.text("kind IN ('reminder_day', 'reminder_soon')"),
        postgresql_where=sa.text("kind IN ('reminder_day', 'reminder_soon')"),
    )
    _refuse_overlaps_on_sqlite()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
