"""The register of households: searching it, spoken consent, erasing, who viewed it, and taking the paper one over."""

import sqlalchemy as sa
from alembic import op

from kit_booking.database import UtcDateTime
from kit_booking.domain.register.household import search_text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BATCH = 1000
IS_ERASED = sa.text("erased_at IS NOT NULL")
IS_VIEW = sa.text("action = 'viewed'")


def upgrade() -> None:
    op.add_column("household", sa.Column("search", sa.String(length=300), nullable=False, server_default=""))
    op.add_column("household", sa.Column("consent_to", sa.String(length=80), nullable=False, server_default=""))
    op.add_column("household", sa.Column("erased_at", UtcDateTime(), nullable=True))
    _fill_search()
    op.drop_index("ix_household_commune_id", "household")
    op.create_index("ix_household_commune_id_search", "household", ["commune_id", "search"])
    op.create_index("ix_household_seen_at", "household", ["seen_at"])
    op.create_index(
        "ix_household_erased_at", "household", ["erased_at"], sqlite_where=IS_ERASED, postgresql_where=IS_ERASED
    )
    op.create_index(
        "ix_audit_entry_household_id_viewed",
        "audit_entry",
        ["household_id", "at"],
        sqlite_where=IS_VIEW,
        postgresql_where=IS_VIEW,
    )
    op.create_index("ix_waiting_entry_household_id", "waiting_entry", ["household_id"])
    op.create_table(
        "register_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_register_file_commune_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_register_file_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_file")),
    )
    op.create_index("ix_register_file_uploaded_at", "register_file", ["uploaded_at"])


def _fill_search() -> None:
    household = sa.table(
        "household", *(sa.column(c) for c in ("id", "name", "village", "phone", "landline", "search"))
    )
    known = sa.select(household).order_by(household.c.id).limit(BATCH)
    connection, last = op.get_bind(), 0
    while rows := connection.execute(known.where(household.c.id > last)).all():
        values = [
            {"row_id": row.id, "text": search_text(row.name, row.village, row.phone, row.landline)} for row in rows
        ]
        is_row = household.c.id == sa.bindparam("row_id")
        connection.execute(household.update().where(is_row).values(search=sa.bindparam("text")), values)
        last = rows[-1].id


def downgrade() -> None:
    op.drop_table("register_file")
    op.drop_index("ix_waiting_entry_household_id", "waiting_entry")
    op.drop_index("ix_audit_entry_household_id_viewed", "audit_entry")
    for index in ("ix_household_erased_at", "ix_household_seen_at", "ix_household_commune_id_search"):
        op.drop_index(index, "household")
    op.create_index("ix_household_commune_id", "household", ["commune_id"])
    for column in ("erased_at", "consent_to", "search"):
        op.drop_column("household", column)
