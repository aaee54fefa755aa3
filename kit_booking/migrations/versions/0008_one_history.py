"""One history: the moves of bookings go into the audit list, whose details become values.

Both ways the old rows are first put into one table, by SQL, and from there into the new tables in batches.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from kit_booking.database import UtcDateTime
from kit_booking.domain.messages import Kind

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 5000
STATUSES = (
    "requested", "offered", "approved", "declined", "cancelled", "lapsed", "refused", "out", "returned", "no_show"
)  # fmt: skip
IS_VIEW = sa.text("action = 'viewed'")
INDEXES = {
    "ix_audit_entry_commune_id_at": ["commune_id", "at"],
    "ix_audit_entry_at": ["at"],
    "ix_audit_entry_action_at": ["action", "at"],
    "ix_audit_entry_staff_id_at": ["staff_id", "at"],
    "ix_audit_entry_booking_id": ["booking_id"],
}

# An entry and a move of the same booking, moment and action are one. Entries are numbered by time, and those of a
# booking in the order of its moves, should two of them have been written in another one.
MERGE = """
CREATE TABLE history_source AS
WITH everything AS (
    SELECT id AS audit_id, CAST(NULL AS INTEGER) AS move_id, at AS sort_at, at, at AS happened_at, action,
        commune_id, booking_id, household_id, staff_id, detail, CAST(NULL AS VARCHAR(10)) AS from_status,
        row_number() OVER (PARTITION BY booking_id, at, action ORDER BY id) AS nth
    FROM audit_entry
    UNION ALL
    SELECT NULL, id, max(written_at) OVER (PARTITION BY booking_id ORDER BY id), written_at, happened_at, action,
        NULL, booking_id, household_id, staff_id, reason, from_status,
        row_number() OVER (PARTITION BY booking_id, written_at, action ORDER BY id)
    FROM (SELECT *, CASE WHEN to_status = from_status THEN 'changed' ELSE to_status END AS action FROM booking_move)
        AS move
), merged AS (
    SELECT row_number() OVER (ORDER BY max(sort_at), coalesce(max(audit_id), 0), max(move_id)) AS id,
        at, action, booking_id, coalesce(max(CASE WHEN move_id > 0 THEN happened_at END), at) AS happened_at,
        max(commune_id) AS commune_id,
        coalesce(max(CASE WHEN audit_id > 0 THEN household_id END), max(household_id)) AS household_id,
        max(staff_id) AS staff_id, max(detail) AS detail, max(from_status) AS from_status, max(audit_id) AS audit_id
    FROM everything
    GROUP BY booking_id, at, action, nth
)
SELECT merged.id, merged.at, merged.happened_at, merged.action, merged.booking_id, merged.household_id,
    merged.staff_id, merged.detail,
    CASE WHEN merged.audit_id > 0 THEN merged.commune_id ELSE booking.commune_id END AS commune_id,
    CASE WHEN merged.action = 'changed' THEN coalesce(merged.from_status, booking.status)
        ELSE merged.from_status END AS from_status
FROM merged LEFT JOIN booking ON booking.id = merged.booking_id
"""

# Moves were given to the household that another one was joined to.
SPLIT = """
CREATE TABLE history_source AS
SELECT audit_entry.*, CASE WHEN audit_entry.household_id > 0 THEN booking.household_id END AS mover_id
FROM audit_entry LEFT JOIN booking ON booking.id = audit_entry.booking_id
"""


def upgrade() -> None:
    op.execute(MERGE)
    op.drop_table("booking_move")
    op.drop_table("audit_entry")
    _create_audit_entry(
        sa.Column("happened_at", UtcDateTime(), nullable=False), sa.Column("detail", sa.JSON(), nullable=False)
    )
    new = _audit_entry(sa.JSON(), "happened_at")
    for rows in _source(sa.String(), "from_status"):
        entries = [{**_common(row), "happened_at": row.happened_at, "detail": _upgraded(row)} for row in rows]
        op.get_bind().execute(new.insert(), entries)
    op.drop_table("history_source")
    _create_indexes()


def downgrade() -> None:
    op.execute(SPLIT)
    op.drop_table("audit_entry")
    _create_audit_entry(sa.Column("detail", sa.String(length=200), nullable=False))
    _create_booking_move()
    old = _audit_entry(sa.String())
    names = ("booking_id", "from_status", "to_status", "household_id", "staff_id", "reason")
    instants = (sa.column(name, UtcDateTime()) for name in ("happened_at", "written_at"))
    move = sa.table("booking_move", *(sa.column(name) for name in names), *instants)
    for rows in _source(sa.JSON(), "mover_id"):
        entries = [{**_common(row), "detail": text_of(row.action, row.detail)[:200]} for row in rows]
        op.get_bind().execute(old.insert(), entries)
        if moves := [_move(row) for row in rows if row.booking_id and row.action in (*STATUSES, "changed")]:
            op.get_bind().execute(move.insert(), moves)
    op.drop_table("history_source")
    _create_indexes()
    op.create_index("ix_booking_move_booking_id", "booking_move", ["booking_id"])


def _create_audit_entry(*columns: sa.Column[Any]) -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("commune_id", sa.Integer(), nullable=True),
        sa.Column("booking_id", sa.Integer(), nullable=True),
        sa.Column("household_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        *columns,
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_audit_entry_booking_id")),
        sa.ForeignKeyConstraint(["commune_id"], ["commune.id"], name=op.f("fk_audit_entry_commune_id")),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_audit_entry_household_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_audit_entry_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )


def _create_booking_move() -> None:
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


def _create_indexes() -> None:
    for name, columns in INDEXES.items():
        op.create_index(name, "audit_entry", columns)
    op.create_index(
        "ix_audit_entry_household_id_viewed",
        "audit_entry",
        ["household_id", "at"],
        sqlite_where=IS_VIEW,
        postgresql_where=IS_VIEW,
    )


COMMON = ("action", "commune_id", "booking_id", "household_id", "staff_id")


def _common(row: sa.Row[Any]) -> dict[str, Any]:
    return {"at": row.at, **{name: getattr(row, name) for name in COMMON}}


def _audit_entry(detail: Any, *instants: str) -> sa.TableClause:
    columns = [sa.column(name, UtcDateTime()) for name in ("at", *instants)]
    return sa.table("audit_entry", *(sa.column(name) for name in COMMON), *columns, sa.column("detail", detail))


def _source(detail: Any, *more: str) -> Iterator[list[sa.Row[Any]]]:
    """The rows of the source table in batches, by their ids."""
    op.create_index("ix_history_source_id", "history_source", ["id"])
    source = sa.table(
        "history_source",
        *(sa.column(name) for name in ("id", *COMMON, *more)),
        *(sa.column(name, UtcDateTime()) for name in ("at", "happened_at")),
        sa.column("detail", detail),
    )
    batch = sa.select(source).order_by(source.c.id).limit(BATCH)
    last = 0
    while rows := list(op.get_bind().execute(batch.where(source.c.id > last))):
        yield rows
        last = rows[-1].id


def _upgraded(row: sa.Row[Any]) -> dict[str, Any]:
    values = values_of(row.action, row.detail)
    return {"from_status": row.from_status, **values} if row.from_status else values


def _move(row: sa.Row[Any]) -> dict[str, Any]:
    from_status = row.detail.get("from_status")
    return {
        "booking_id": row.booking_id,
        "from_status": from_status,
        "to_status": from_status if row.action == "changed" else row.action,
        "household_id": row.mover_id,
        "staff_id": row.staff_id,
        "happened_at": row.happened_at,
        "written_at": row.at,
        "reason": row.detail.get("reason", ""),
    }


DAY, MINUTE = r"\d{4}-\d\d-\d\d", r"\d{4}-\d\d-\d\dT\d\d:\d\dZ"
SPOKEN = {", spoken": "voice", ", paper": "paper"}
_PATTERNS = {
    **dict.fromkeys((*STATUSES, "changed", "pause_lifted"), r"(?P<reason>.+)"),
    **dict.fromkeys(("waits", "waits_no_more", "waiting_over"), rf"(?P<slot>.+?) (?P<day>{DAY})"),
    "put_forward": rf"(?P<slot>.+?) (?P<day>{DAY}): (?P<reason>.*)",
    "registered": r"(?P<consent>\d{4}-\d\d)(?P<consent_by>, spoken|, paper)?",
    "corrected": r"(?P<changed>(?:name|village|craft)(?:, (?:name|village|craft))*)",
    "texts_stopped": r"by the (?P<source>network)",
    "paper_taken_over": r"(?P<households>\d+) households, (?P<bookings>\d+) bookings\.(?: (?P<reason>.+))?",
    **dict.fromkeys(("joined", "joined_away"), r"household (?P<household>\d+)"),
    **dict.fromkeys(("text_resent", "phoned"), rf"(?P<kind>{'|'.join(Kind)})"),
    **dict.fromkeys(
        ("closed", "closure_changed", "closure_ended"),
        rf"(?P<kit>\S+) (?P<from_at>{MINUTE})/(?P<until_at>{MINUTE}) (?P<reason>.*)",
    ),
    "commune_added": r"(?P<name>.+), (?P<province>.+)",
    **dict.fromkeys(("commune_changed", "place_changed"), r"(?:(?P<old_name>.+) → )?(?P<name>.+)"),
    "place_added": r"(?P<name>.+)",
    "kit_added": r"(?P<kit>\S+), (?P<place>.+)",
    "kit_changed": r"(?P<kit>\S+): (?P<parts>.*)",
    "kit_moved": r"(?P<kit>\S+) → (?P<place>.+)",
    **dict.fromkeys(
        ("staff_added", "role_added", "role_removed"), r"(?:(?P<username>\S+), )?(?P<role>clerk|leader|operator)"
    ),
    "staff_changed": r"(?P<username>\S+)(?:: (?P<old_name>.+) → (?P<name>.+))?",
    **dict.fromkeys(("staff_disabled", "staff_enabled", "staff_password"), r"(?P<username>\S+)"),
    "demo_filled": r"(?P<kits>\d+) kits",
}
PATTERNS = {action: re.compile(pattern, re.DOTALL) for action, pattern in _PATTERNS.items()}
_A_PART = re.compile(r"(.+?) (\d+) → (\d+)(?:, |$)")

READ: dict[str, Callable[[str], Any]] = {
    "consent_by": SPOKEN.__getitem__,
    "changed": lambda text: text.split(", "),
    "kit": lambda text: text if text != "*" else "",
    "day": lambda text: str(date.fromisoformat(text)),
    "from_at": lambda text: datetime.fromisoformat(text) and text,
    "until_at": lambda text: datetime.fromisoformat(text) and text,
    "parts": lambda text: [[name, int(old), int(new)] for name, old, new in _A_PART.findall(text)],
    **dict.fromkeys(("households", "bookings", "household", "kits"), int),
}
"""How values other than texts are read; ``ValueError`` where they can't be."""


def values_of(action: str, text: str) -> dict[str, Any]:
    """The values of a detail as it was written until now; as ``text`` where it can't be written again from them."""
    if not text:
        return {}
    match = PATTERNS[action].fullmatch(text) if action in PATTERNS else None
    if match:
        try:
            read = {name: READ.get(name, str)(part) for name, part in match.groupdict().items() if part}
        except ValueError:
            return {"text": text}
        values = {name: value for name, value in read.items() if value != ""}
        if text_of(action, values) == text:
            return values
    return {"text": text}


def text_of(action: str, values: dict[str, Any]) -> str:
    """The detail as it was written before there were values."""
    get = values.get
    reason = get("reason", "")
    if "text" in values:
        return str(values["text"])
    if not values.keys() - {"from_status"}:
        return ""
    match action:
        case "waits" | "waits_no_more" | "waiting_over":
            return f"{get('slot')} {get('day')}"
        case "put_forward":
            return f"{get('slot')} {get('day')}: {reason}"
        case "registered":
            spoken = next((text for text, by in SPOKEN.items() if by == get("consent_by")), "")
            return f"{get('consent')}{spoken}"
        case "corrected":
            return ", ".join(values["changed"])
        case "texts_stopped":
            return f"by the {get('source')}"
        case "paper_taken_over":
            return f"{get('households')} households, {get('bookings')} bookings. {reason}".strip()
        case "joined" | "joined_away":
            return f"household {get('household')}"
        case "text_resent" | "phoned":
            return str(get("kind"))
        case "closed" | "closure_changed" | "closure_ended":
            return f"{get('kit', '*')} {get('from_at')}/{get('until_at')} {reason}"
        case "commune_added":
            return f"{get('name')}, {get('province')}"
        case "commune_changed" | "place_changed" | "place_added":
            return f"{get('old_name')} → {get('name')}" if "old_name" in values else str(get("name"))
        case "kit_added":
            return f"{get('kit')}, {get('place')}"
        case "kit_changed":
            parts = (f"{name} {old} → {new}" for name, old, new in values["parts"])
            return f"{get('kit')}: {', '.join(parts)}"
        case "kit_moved":
            return f"{get('kit')} → {get('place')}"
        case "staff_added" | "role_added" | "role_removed":
            return ", ".join(filter(None, (get("username"), get("role"))))
        case "staff_changed" | "staff_disabled" | "staff_enabled" | "staff_password":
            renamed = f": {get('old_name')} → {get('name')}" if "old_name" in values else ""
            return f"{get('username')}{renamed}"
        case "demo_filled":
            return f"{get('kits')} kits"
    return str(reason)
