"""The events of a calendar feed; always in Vietnamese, because feeds carry no language."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row

from kit_booking.adapters.ical import FeedEvent
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import moment_text
from kit_booking.domain.phone import national
from kit_booking.domain.time.closure import whole_days
from kit_booking.domain.time.hours import Span
from kit_booking.domain.time.local_time import local
from kit_booking.services.calendars.feeds import Feed, bookings_of, closures_of

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ENDED_SHOWS = timedelta(days=7)
"""So many days long is the event that says in the feed of a revoked address that it has ended."""


def name_of(feed: Feed) -> str:
    if feed.ended_on:
        return "Lịch này đã ngừng"
    if feed.household_id is not None:
        return "Phiếu mượn bộ livestream"
    if feed.staff_id is not None:
        return f"Giao nhận bộ livestream xã {feed.communes}"
    if feed.kit_code:
        return f"Bộ livestream {feed.kit_code}, xã {feed.communes}"
    return f"Bộ livestream xã {feed.communes}"


def events_of(feed: Feed, base_url: str, host: str) -> list[FeedEvent]:
    """All events of the feed, one at least; ``host`` makes their UIDs globally unique (RFC 7986, 5.3)."""
    return list(_events(feed, base_url, host)) or [nothing_yet(host)]


def _events(feed: Feed, base_url: str, host: str) -> Iterator[FeedEvent]:
    if feed.ended_on:
        yield _ended(feed, base_url, host)
        return
    say: Callable[[Row[Any], str], FeedEvent] = _public
    if feed.is_private:
        say = _for_household if feed.household_id is not None else _for_staff
    for booking in bookings_of(feed):
        yield say(booking, host)
    if feed.household_id is None:
        for kit, span, changed_at in closures_of(feed):
            yield _closed(kit, span, changed_at, host)


def nothing_yet(host: str) -> FeedEvent:
    """Stands in a feed that has no other event.

    Evolution and vdirsyncer take a feed without any for a mistake, and keep what they had for ever.
    """
    return FeedEvent(
        uid=f"nothing@{host}",
        from_at=_LONG_AGO.date(),
        until_at=_LONG_AGO.date() + timedelta(days=1),
        summary="Lịch bộ livestream: chưa có buổi nào",
        changed_at=_LONG_AGO,
    )


@lru_cache(maxsize=8192)
def _public(booking: Row[Any], host: str) -> FeedEvent:
    """A booking in a public feed: that the kit is taken, and where it is, without the household."""
    is_asked = booking.status == Status.REQUESTED
    word = "Chờ duyệt" if is_asked else "Đã có người"
    return _event(booking, host, f"{word}: {_kit(booking)}", _times(booking), is_tentative=is_asked)


@lru_cache(maxsize=8192)
def _for_household(booking: Row[Any], host: str) -> FeedEvent:
    where = f"bộ livestream ở {booking.place_name}"
    match booking.status:
        case Status.REQUESTED:
            summary = f"Chờ duyệt: mượn {where}"
        case Status.OFFERED:
            summary = f"Có chỗ trống, chờ nhà mình nhận: {where}"
        case _:
            summary = f"Mượn {where}"
    phone = national(booking.office_phone)
    details = f"Phiếu {booking.code}\n{_times(booking)}\nHỏi xã {booking.commune_name}: {phone}"
    return _event(booking, host, summary, details, is_tentative=booking.status in _OPEN)


def for_keeping(booking: Row[Any], base_url: str, host: str) -> FeedEvent:
    """The event of a file that is imported once: its text says that it is not updated, with the booking's address."""
    event = _for_household(booking, host)
    note = f"Phiếu đổi thì mục này không tự đổi theo, xem lại ở {base_url}/bookings/{booking.code}"
    return replace(event, description=f"{event.description}\n{note}")


@lru_cache(maxsize=8192)
def _for_staff(booking: Row[Any], host: str) -> FeedEvent:
    summary = f"{_kit(booking)}: {booking.household_name}, {booking.village}"
    if word := _OPEN.get(booking.status):
        summary = f"{word}: {summary}"
    details = f"Phiếu {booking.code}\n{_times(booking)}"
    event = _event(booking, host, summary, details, is_tentative=booking.status in _OPEN)
    if booking.renamed_at is None:
        return event
    sequence = booking.version + _seconds(booking.renamed_at)
    return replace(event, sequence=sequence, changed_at=max(event.changed_at, booking.renamed_at))


_OPEN = {Status.REQUESTED: "Chờ duyệt", Status.OFFERED: "Chờ nhà nhận chỗ"}
"""The statuses that are still open, as staff call them."""


def _kit(booking: Row[Any]) -> str:
    return f"bộ {booking.kit_code}, buổi {booking.slot_name.lower()}"


def _times(booking: Row[Any]) -> str:
    return f"Nhận bộ {moment_text(booking.pick_up_at)}, trả trước {moment_text(booking.return_at)}."


def _event(booking: Row[Any], host: str, summary: str, description: str, *, is_tentative: bool) -> FeedEvent:
    return FeedEvent(
        # With the second, because after a restore another booking may get the same id.
        uid=f"booking-{booking.id}-{booking.asked_at:%y%m%d%H%M%S}@{host}",
        from_at=booking.from_at,
        until_at=booking.until_at,
        summary=summary,
        description=description,
        location=f"{booking.place_name}, {booking.place_address}",
        is_tentative=is_tentative,
        sequence=booking.version,
        changed_at=booking.changed_at,
    )


def _closed(kit: Row[Any], span: Span, changed_at: datetime, host: str) -> FeedEvent:
    """Whole days as an all-day event. The UID holds both ends, because closed time has no id of its own."""
    from_at, until_at = whole_days(span) or (span.from_at, span.until_at)
    return FeedEvent(
        uid=f"closed-{kit.kit_id}-{span.from_at:%Y%m%d%H%M}-{span.until_at:%Y%m%d%H%M}@{host}",
        from_at=from_at,
        until_at=until_at,
        summary=f"Nghỉ, không cho mượn: bộ {kit.kit_code}",
        location=f"{kit.place_name}, {kit.place_address}",
        sequence=_seconds(changed_at),
        changed_at=changed_at,
    )


def _seconds(at: datetime) -> int:
    """A SEQUENCE that rises with the time of a change, and fits its 31 bits until 2088."""
    return max(0, int((at - _LONG_AGO).total_seconds()))


def _ended(feed: Feed, base_url: str, host: str) -> FeedEvent:
    """The one event of a revoked feed, which replaces the bookings in the subscriber's calendar."""
    assert feed.ended_on
    return FeedEvent(
        uid=f"ended-{feed.ended_on:%Y%m%d}@{host}",
        from_at=feed.ended_on,
        until_at=feed.ended_on + ENDED_SHOWS,
        summary="Lịch bộ livestream này đã ngừng",
        description=f"Không còn phiếu nào ở đây, xóa lịch được. Muốn xem tiếp, thêm lịch mới:\n{base_url}/calendar",
        changed_at=local(feed.ended_on, time()),
    )
