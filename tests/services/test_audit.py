"""The audit list: order, pages, filters, and indexes for five years of entries."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from kit_booking.database import db
from kit_booking.models import AuditEntry
from kit_booking.services.audit import PAGE, AuditFilter, Cursor, audit_page
from tests.support.builders import World
from tests.support.databases import on_sqlite
from tests.times import NOW, days_ahead


def add_entries(world: World, count: int, **columns: Any) -> None:
    """So many entries, a second after each other, in pairs of the same second."""
    with world.app.app_context(), Session(db.engine) as session:
        times = [NOW - timedelta(seconds=n // 2) for n in range(count)]
        rows = [{"at": at, "happened_at": at, "action": "approved", **columns} for at in times]
        session.execute(insert(AuditEntry), rows)
        session.commit()


def test_pages_show_every_entry_once_the_newest_first(world: World) -> None:
    commune = world.commune()
    add_entries(world, 2 * PAGE + 7, commune_id=commune.id)
    seen, after, pages = [], None, 0
    while after or not pages:
        page = world.do(audit_page, AuditFilter(commune.id), after)
        seen += page.entries
        after = Cursor.parse(str(page.next)) if page.next else None
        pages += 1
    assert pages == 3
    assert [(entry.at, entry.id) for entry in seen] == sorted(((e.at, e.id) for e in seen), reverse=True)
    assert len({entry.id for entry in seen}) == 2 * PAGE + 7


def test_the_list_can_be_filtered(world: World) -> None:
    commune, other = world.commune(), world.commune("Đại Xuyên")
    clerk = world.clerk(commune)
    household, [kit] = world.household(commune), world.kits(commune)
    booking = world.booking(kit, household, days_ahead(2), asked_at=NOW - timedelta(days=2))
    here = {"commune_id": commune.id}
    for at, action, columns in (
        (NOW, "approved", {**here, "booking_id": booking.id, "staff_id": clerk.id}),
        (NOW - timedelta(days=3), "registered", {**here, "household_id": household.id}),
        (NOW, "approved", {"commune_id": other.id}),
        (NOW, "demo_filled", {}),
    ):
        world.add(AuditEntry(at=at, happened_at=at, action=action, **columns))

    def found(**wanted: Any) -> list[str]:
        return [entry.action for entry in world.do(audit_page, AuditFilter(**wanted)).entries]

    assert len(found()) == 5
    assert found(commune_id=commune.id) == ["approved", "requested", "registered"]
    assert found(commune_id=commune.id, action="registered") == ["registered"]
    assert found(commune_id=commune.id, first=days_ahead(0)) == ["approved"]
    assert found(commune_id=commune.id, last=days_ahead(-3)) == ["registered"]
    assert found(staff=clerk.username.upper()) == ["approved"]
    assert found(commune_id=commune.id, staff="can bo") == ["approved"]
    assert found(staff="can bo") == [], "without a commune it takes the user name"
    assert found(booking_code=booking.code.lower()) == ["approved", "requested"]
    assert found(booking_code="NONE") == found(staff="nobody") == found(commune_id=0) == []


@pytest.mark.parametrize("written", ["", "x", "2026-12-01~1", "2026-12-01T00:00:00Z~x", "2026-12-01T00:00:00Z~0"])
def test_a_broken_cursor_begins_at_the_newest(written: str) -> None:
    assert Cursor.parse(written) is None


@on_sqlite
@pytest.mark.parametrize(
    "wanted",
    [
        AuditFilter(),
        AuditFilter(1),
        AuditFilter(1, action="approved"),
        AuditFilter(action="approved"),
        AuditFilter(1, first=days_ahead(-30), last=days_ahead(0)),
        AuditFilter(first=days_ahead(-30)),
        AuditFilter(staff="canbo1"),
        AuditFilter(1, staff="canbo1"),
        AuditFilter(booking_code="PD123"),
    ],
    ids=str,
)
def test_no_filter_scans_or_sorts_the_whole_table(world: World, wanted: AuditFilter) -> None:
    commune = world.commune()
    clerk = world.staff(commune, username="canbo1")
    booking = world.booking(world.kits(commune)[0], world.household(commune), days_ahead(2), code="PD123")
    add_entries(world, 300, commune_id=commune.id, staff_id=clerk.id, booking_id=booking.id)
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        statements.append((statement, values))

    def steps() -> list[str]:
        event.listen(db.engine, "before_cursor_execute", note)
        audit_page(wanted, Cursor(NOW, 10))
        event.remove(db.engine, "before_cursor_execute", note)
        with db.engine.connect() as connection:
            return [
                row[3]
                for statement, values in statements
                if "audit_entry" in statement
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            ]

    plan = world.do(steps)
    assert not [step for step in plan if step.startswith("SCAN audit_entry") and "USING INDEX" not in step], plan
    if not wanted.booking_code:
        assert not [step for step in plan if "TEMP B-TREE" in step], plan
