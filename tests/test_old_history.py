"""The history that was written before it was one table is shown as before, and can be taken back."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Connection, MetaData, Table, select, text
from sqlalchemy.exc import DBAPIError

from kit_booking import create_app
from kit_booking.config import Settings
from kit_booking.database import db
from kit_booking.services.audit import AuditFilter, Cursor, audit_page, booking_history
from kit_booking.web.desk.audit_labels import sentence
from kit_booking.web.frame.labels import by_word
from tests.support.fakes import FakeSms
from tests.times import NOW, days_ahead

BEFORE = "0007"
HOUR = timedelta(hours=1)
COMMUNE, KEPT, GONE, CLERK = 1, 1, 2, 1
LONG_REASON = "Nhường hội chợ làng nghề " * 8

SHOWN = [
    ("pause_lifted", "Nhà có tang", "Nhà có tang"),
    ("pause_lifted", "gọi 0912 345 678 ngày 2026-12-05", "gọi ••• ngày T7 05/12"),
    ("waits", "Tối 2026-12-04", "Tối T6 04/12"),
    ("waits_no_more", "Buổi 2 2026-12-04", "Buổi 2 T6 04/12"),
    ("waiting_over", "Sáng 2026-02-31", "Sáng 2026-02-31"),
    ("put_forward", "Tối 2026-12-04: nhà có việc: cưới", "Tối T6 04/12: nhà có việc: cưới"),
    ("put_forward", f"Tối 2026-12-04: {LONG_REASON}"[:200], f"Tối T6 04/12: {LONG_REASON}"[:198]),
    ("registered", "2026-11", "bản 2026-11"),
    ("registered", "2026-11, spoken", "bản 2026-11, cán bộ đọc cho hộ nghe"),
    ("registered", "2026-11, paper", "bản 2026-11, theo sổ giấy"),
    ("registered", "bản cũ", "bản cũ"),
    ("corrected", "name, craft", "tên, nghề"),
    ("corrected", "tuổi", "tuổi"),
    ("number_changed", "", ""),
    ("joined", "household 12", "hộ số 12"),
    ("joined_away", "household 12", "hộ số 12"),
    ("viewed", "", ""),
    ("texts_stopped", "", ""),
    ("texts_stopped", "by the network", "nhà mạng báo"),
    ("paper_taken_over", "3 households, 2 bookings.", "thêm 3 hộ, 2 phiếu"),
    ("paper_taken_over", "3 households, 0 bookings. Sổ năm cũ.", "thêm 3 hộ, 0 phiếu. Sổ năm cũ."),
    ("text_resent", "approved", "Báo đã duyệt"),
    ("phoned", "reminder_day", "Nhắc trước một ngày"),
    ("phoned", "telegram", "telegram"),
    ("closed", "PD-2 2026-12-04T00:42Z/2026-12-08T17:00Z đèn", "PD-2 · 7h42 T6 04/12 – hết T3 08/12 · đèn"),
    ("closure_changed", "* 2026-12-03T17:00Z/2026-12-04T17:00Z Tết", "cả xã · cả ngày T6 04/12 · Tết"),
    ("closure_ended", "PD-2 soon", "PD-2 soon"),
    ("closed", "PD-2 2026-13-04T00:42Z/2026-12-08T17:00Z đèn", "PD-2 2026-13-04T00:42Z/2026-12-08T17:00Z đèn"),
    (
        "settings_changed",
        "most_ahead: 2 → 3",
        "Mỗi hộ được có nhiều nhất bao nhiêu phiếu sắp tới của các buổi khác: từ 2 phiếu thành 3 phiếu",
    ),
    ("settings_changed", "day_opens: 07:00 → 06:30", "Ngày mới mở lúc mấy giờ: từ 7h thành 6h30"),
    ("settings_changed", "open_to_others: True → False", "Cho hộ của xã khác mượn: từ Có thành Không"),
    (
        "settings_changed",
        "phone: 0243 *** 321 → 0243 *** 999",
        "Điện thoại của xã: từ 0243 *** 321 thành 0243 *** 999",
    ),
    ("settings_changed", "office.6: 07:30-17:00 → ", "Giờ làm việc CN: từ 7h30–17h thành nghỉ"),
    ("settings_changed", "handover.0 @Phú Túc:  → 08:00-11:00", "Giờ giao bộ T2 ở Phú Túc: từ nghỉ thành 8–11h"),
    ("settings_changed", "keeper @Phú Túc:  → Chú Ba", "Người giữ bộ ở Phú Túc: từ chưa có thành Chú Ba"),
    (
        "settings_changed",
        "plan.2026-12-10.toi: Tối 19:00-22:00 0123456 → Tối 20:00-22:00 01234",
        "Buổi Tối, từ T5 10/12: từ 19–22h, cả tuần thành 20–22h, T2–T6",
    ),
    (
        "settings_changed",
        "plan.2026-12-10.cho-dem:  → Chợ đêm 23:00-01:00 5",
        "Buổi Chợ đêm, từ T5 10/12: từ không có thành 23–1h, T7",
    ),
    ("settings_changed", "handover.0 @Phú Túc: x", "handover.0 @Phú Túc: x"),
    ("commune_added", "Phú Túc, Hà Nội", "Phú Túc, Hà Nội"),
    ("commune_changed", "Phú Túc", "Phú Túc"),
    ("place_added", "Nhà văn hóa, xóm 2", "Nhà văn hóa, xóm 2"),
    ("place_changed", "Trụ sở → Nhà văn hóa", "Trụ sở → Nhà văn hóa"),
    ("kit_added", "PD-9, Trụ sở", "PD-9, Trụ sở"),
    ("kit_changed", "PD-9: dây, 5 m 1 → 2, đèn 3 → 0", "PD-9: dây, 5 m 1 → 2, đèn 3 → 0"),
    ("kit_changed", "PD-9: ", "PD-9: "),
    ("kit_changed", ("PD-9: " + "đèn 2 → 3, " * 30)[:200], ("PD-9: " + "đèn 2 → 3, " * 30)[:200]),
    ("kit_moved", "PD-9 → Trụ sở", "PD-9 → Trụ sở"),
    ("staff_added", "canbo9, clerk", "canbo9, Cán bộ xã"),
    ("staff_added", "leader", "Lãnh đạo xã"),
    ("role_removed", "canbo9, king", "canbo9, king"),
    ("staff_changed", "canbo9", "canbo9"),
    ("staff_changed", "canbo9: Lan → Hoa", "canbo9: Lan → Hoa"),
    ("staff_password", "0912345678", "•••"),
    ("calendar_added", "", ""),
    ("demo_filled", "23 kits", "23 bộ"),
    ("demo_filled", "23 kits, 60 households", "23 kits, 60 households"),
    ("lantern_lit", "Tết", "Tết"),
]
"""Actions that are no change of a booking, their details as they were written, and as the audit list shows them."""

Move = tuple[str | None, str, datetime, datetime, int | None, int | None, str]
MOVES: dict[str, list[Move]] = {
    "TAKEN": [
        (None, "requested", NOW, NOW, KEPT, None, ""),
        ("requested", "approved", NOW + HOUR, NOW + HOUR, None, CLERK, ""),
        ("approved", "approved", NOW + 2 * HOUR, NOW + 2 * HOUR, None, CLERK, "Nhường hội chợ"),
        ("approved", "approved", NOW + 2 * HOUR, NOW + 2 * HOUR, KEPT, None, ""),
        ("approved", "out", NOW + 5 * HOUR, NOW + 9 * HOUR, None, CLERK, ""),
        ("out", "returned", NOW + 8 * HOUR, NOW + 9 * HOUR, None, CLERK, ""),
    ],
    "LATER": [  # The second waited for the first, but had begun before it.
        (None, "requested", NOW, NOW, GONE, None, ""),
        ("requested", "approved", NOW + 2 * HOUR, NOW + 2 * HOUR, None, CLERK, ""),
        ("approved", "cancelled", NOW + HOUR, NOW + HOUR, None, CLERK, "Gọi 0912 345 678"),
    ],
    "DEMO": [
        (None, "offered", NOW, NOW, None, None, ""),
        ("offered", "lapsed", NOW + 3 * HOUR, NOW + 3 * HOUR, None, None, ""),
    ],
}
"""By the codes of bookings: from and to which status, when it happened, when it was written, by whom, and why."""


@pytest.fixture
def app(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The app on a database of the schema before, that holds all of the above."""
    settings = Settings(secret_key="x" * 32, database_url=empty_database_url, sms_file=tmp_path / "sms.jsonl")
    app = create_app(settings, FakeSms())
    with app.app_context():
        upgrade(revision=BEFORE)
        with db.engine.begin() as connection:
            _fill(connection)
    yield app
    with app.app_context():
        db.engine.dispose()


def _fill(connection: Connection) -> None:
    add = _adder(connection)
    add("province", id=1, name="Hà Nội", slug="ha-noi")
    add("commune", id=COMMUNE, province_id=1, slug="phuong-duc")
    add("place", id=1, commune_id=COMMUNE)
    add("kit", id=1, commune_id=COMMUNE, place_id=1, code="PD-1")
    for household in (KEPT, GONE):
        add("household", id=household, commune_id=COMMUNE)
    add("staff", id=CLERK, username="canbo1", name="Lan")
    for n, (action, detail, _) in enumerate(SHOWN):
        add("audit_entry", at=NOW - HOUR + timedelta(seconds=n), action=action, detail=detail, staff_id=CLERK)
    whose = {"household_id": KEPT, "commune_id": COMMUNE, "place_id": 1, "kit_id": 1}
    times = {"from_at": NOW + 4 * HOUR, "until_at": NOW + 5 * HOUR, "pick_up_at": NOW, "return_at": NOW + 6 * HOUR}
    for booking_id, (code, moves) in enumerate(MOVES.items(), 1):
        add("booking", id=booking_id, code=code, status=moves[-1][1], **whose, **times)
        for from_status, to_status, happened_at, written_at, household_id, staff_id, reason in moves:
            by = {"booking_id": booking_id, "staff_id": staff_id}
            if code != "DEMO":  # It wrote no entries.
                action = to_status if to_status != from_status else "changed"
                about = {"action": action, "commune_id": COMMUNE, "household_id": household_id, "detail": reason}
                add("audit_entry", at=written_at, **about, **by)
            about = {"from_status": from_status, "to_status": to_status, "household_id": household_id and KEPT}
            add("booking_move", happened_at=happened_at, written_at=written_at, reason=reason, **about, **by)
    add("audit_entry", at=NOW + 9 * HOUR, action="kit_usable", booking_id=1, staff_id=CLERK, commune_id=COMMUNE)


def _adder(connection: Connection) -> Callable[..., None]:
    """Adds a row to a table as the database has it; what may not be NULL and is not given is empty."""
    tables = MetaData()
    tables.reflect(connection)
    empty = {str: "", int: 0, bool: True, dict: [], datetime: NOW, date: days_ahead(1), time: time(9)}

    def add(table_name: str, /, **columns: Any) -> None:
        table = tables.tables[table_name]
        needed = [one for one in table.columns if not one.nullable and not one.primary_key]
        connection.execute(table.insert(), {one.name: empty[one.type.python_type] for one in needed} | columns)

    return add


def _shown(app: Flask) -> tuple[list[tuple[str, str]], dict[str, list[Any]]]:
    """Actions and sentences of the audit list, the oldest first, and the history of each booking."""
    with app.test_request_context():
        entries, after = [], None
        while after or not entries:
            page = audit_page(AuditFilter(), after)
            entries += page.entries
            after = Cursor.parse(str(page.next)) if page.next else None
        lines = [(entry.action, sentence(entry.action, entry.detail)) for entry in reversed(entries)]
        return lines, {code: [_move(entry) for entry in booking_history(code)] for code in MOVES}


def _move(entry: Any) -> tuple[Any, ...]:
    status = entry.detail["from_status"] if entry.action == "changed" else entry.action
    return status, entry.happened_at, by_word(entry), entry.detail.get("reason", "")


def test_what_was_written_before_is_shown_as_before(app: Flask):
    with app.app_context():
        upgrade()
    lines, histories = _shown(app)
    assert lines[: len(SHOWN)] == [(action, shown) for action, _, shown in SHOWN]
    assert Counter(lines[len(SHOWN) :]) == Counter(
        [("kit_usable", "")]
        + [
            (to if to != from_ else "changed", reason.replace("0912 345 678", "•••"))
            for moves in MOVES.values()
            for from_, to, _, _, _, _, reason in moves
        ]
    )
    assert histories == {
        code: [
            (to, happened_at, "cán bộ Lan" if staff else "nhà mượn" if household else "tự động", reason)
            for _, to, happened_at, _, household, staff, reason in moves
        ]
        for code, moves in MOVES.items()
    }


def test_going_back_restores_both_tables_and_up_again_shows_the_same(app: Flask):
    before = _tables(app)
    with app.app_context():
        upgrade()
        shown = _shown(app)
        downgrade(revision=BEFORE)
    moves, entries = _tables(app)
    assert moves == before[0]
    unwritten = len(MOVES["DEMO"])
    assert len(entries) == len(before[1]) + unwritten
    assert [entry for entry in before[1] if entry not in entries] == []
    with app.app_context():
        upgrade()
        checked = app.test_cli_runner().invoke(args=["db", "check"])
    assert checked.exit_code == 0, checked.output
    assert _shown(app) == shown


def test_a_migration_that_fails_leaves_everything_as_it_was(app: Flask):
    before = _tables(app)
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("CREATE INDEX ix_history_source_id ON kit (code)"))  # A name that it needs later.
        with pytest.raises(DBAPIError, match="ix_history_source_id"):
            upgrade()
        assert _tables(app) == before
        with db.engine.begin() as connection:
            connection.execute(text("DROP INDEX ix_history_source_id"))
        upgrade()
    assert _shown(app)


def _tables(app: Flask) -> list[list[dict[str, Any]]]:
    """The rows of both tables without their ids, moves by their bookings."""
    found = []
    with app.app_context(), db.engine.connect() as connection:
        for name, order in (("booking_move", ("booking_id", "id")), ("audit_entry", ("id",))):
            table = Table(name, MetaData(), autoload_with=connection)
            rows = connection.execute(select(table).order_by(*(table.c[column] for column in order)))
            found.append([{key: value for key, value in row._asdict().items() if key != "id"} for row in rows])
    return found
