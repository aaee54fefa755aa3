"""One history: the moves of bookings go into the audit list, whose details become values.

Both ways the old rows are first put into one table, by SQL, and from there into the new tables in batches.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from alembic import op

from kit_booking.database import UtcDateTime
from kit_booking.domain.messages.texts import Kind
from kit_booking.domain.text import slug

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


FORMS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("waits", "waits_no_more", "waiting_over"), ("{slot} {day}",)),
    "put_forward": ("{slot} {day}: {reason}",),
    "registered": ("{consent}, {consent_by}", "{consent}"),
    "corrected": ("{changed}",),
    "texts_stopped": ("by the {source}",),
    "paper_taken_over": (
        "{households} households, {bookings} bookings. {reason}",
        "{households} households, {bookings} bookings.",
    ),
    **dict.fromkeys(("joined", "joined_away"), ("household {household}",)),
    **dict.fromkeys(("text_resent", "phoned"), ("{kind}",)),
    **dict.fromkeys(
        ("closed", "closure_changed", "closure_ended"),
        ("* {from_at}/{until_at} {reason}", "{kit} {from_at}/{until_at} {reason}"),
    ),
    "commune_added": ("{name}, {province}",),
    "place_added": ("{name}",),
    **dict.fromkeys(("commune_changed", "place_changed"), ("{old_name} → {name}", "{name}")),
    "kit_added": ("{kit}, {place}",),
    "kit_changed": ("{kit}: {parts}",),
    "kit_moved": ("{kit} → {place}",),
    **dict.fromkeys(("staff_added", "role_added", "role_removed"), ("{username}, {role}", "{role}")),
    "staff_changed": ("{username}: {old_name} → {name}", "{username}"),
    **dict.fromkeys(("staff_disabled", "staff_enabled", "staff_password"), ("{username}",)),
    "settings_changed": tuple(
        f"{what}: {change}"
        for what in (
            "{field}.{weekday} @{place}",
            "{field}.{weekday}",
            "{field}.{since}",
            "{field} @{place}",
            "{field}",
        )
        for change in ("{old} → {new}", "{old} → ", " → {new}")
    ),
    "demo_filled": ("{kits} kits",),
    **dict.fromkeys((*STATUSES, "changed", "pause_lifted"), ("{reason}",)),
}
"""How the details of each action were written."""

COUNTS = ("households", "bookings", "household", "kits")
PATTERNS = {
    **dict.fromkeys(COUNTS, r"\d+"),
    **dict.fromkeys(("from_at", "until_at"), r"\d{4}-\d\d-\d\dT\d\d:\d\dZ"),
    **dict.fromkeys(("kit", "username"), r"\S+"),
    "slot": ".+?",
    "day": r"\d{4}-\d\d-\d\d",
    "consent": r"\d{4}-\d\d",
    "consent_by": "spoken|paper",
    "changed": "(?:name|village|craft)(?:, (?:name|village|craft))*",
    "source": "network",
    "kind": "|".join(Kind),
    "role": "clerk|leader|operator",
    "parts": ".*",
    "field": r"\w+",
    "weekday": "[0-6]",
    "since": r"\d{4}-\d\d-\d\d\.[a-z0-9-]+",
}
"""Of the values that are not any text."""


def _instant(text: str) -> str:
    datetime.fromisoformat(text)
    return text


def _setting(text: str) -> Any:
    """A number, yes or no, the hours of a weekday, a slot of a plan; a time of day and any other text as it is."""
    if slot := A_SLOT.fullmatch(text):
        return slot.groupdict()
    if re.fullmatch(r"\d\d:\d\d-\d\d:\d\d", text):
        return text.split("-")
    if text in ("True", "False"):
        return text == "True"
    return int(text) if text.isdecimal() else text


def _setting_text(value: Any) -> str:
    if isinstance(value, dict):
        return "{name} {from}-{until} {weekdays}".format_map(value)
    return "-".join(value) if isinstance(value, list) else str(value)


A_SLOT = re.compile(r"(?P<name>.+) (?P<from>\d\d:\d\d)-(?P<until>\d\d:\d\d) (?P<weekdays>[0-6]+)")
A_PART = re.compile(r"(.+?) (\d+) → (\d+)(?:, |$)")
READ: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(COUNTS, int),
    **dict.fromkeys(("day", "from_at", "until_at"), _instant),
    "weekday": int,
    "since": lambda text: _instant(text[:10]),
    **dict.fromkeys(("old", "new"), _setting),
    "changed": lambda text: text.split(", "),
    "parts": lambda text: [[name, int(old), int(new)] for name, old, new in A_PART.findall(text)],
}
"""Of the values that are no texts, or not any; ``ValueError`` where one can't be read."""

WRITE: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("old", "new"), _setting_text),
    "changed": ", ".join,
    "parts": lambda parts: ", ".join(f"{name} {old} → {new}" for name, old, new in parts),
}


def values_of(action: str, text: str) -> dict[str, Any]:
    """The values of a detail as it was written until now; as ``text`` where it can't be written again from them."""
    for form in FORMS.get(action, ()):
        if match := _pattern(form).fullmatch(text):
            try:
                values = {name: READ.get(name, str)(part) for name, part in match.groupdict().items()}
            except ValueError:
                continue
            if text_of(action, values) == text:
                return values
    return {"text": text} if text else {}


@cache
def _pattern(form: str) -> re.Pattern[str]:
    def group(match: re.Match[str]) -> str:
        return f"(?P<{match[1]}>{PATTERNS.get(match[1], '.+')})"

    return re.compile(re.sub(r"\\{(\w+)\\}", group, re.escape(form)), re.DOTALL)


def text_of(action: str, values: dict[str, Any]) -> str:
    """The detail as it was written before there were values."""
    texts = {name: WRITE.get(name, str)(value) for name, value in values.items() if name != "from_status"}
    if "since" in texts:  # The line of the plan stood beside the day.
        texts["since"] += "." + slug((values.get("new") or values["old"])["name"])
    for form in FORMS.get(action, ()):
        if _pattern(form).groupindex.keys() == texts.keys():
            return form.format_map(texts)
    return ", ".join(texts.values())
