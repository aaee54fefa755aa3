"""Queueing texts: to whom, until when they are of use, and which one takes the place of another."""

import pytest

from kit_booking.database import transaction
from kit_booking.domain.booking.status import Status
from kit_booking.domain.messages.texts import Kind
from kit_booking.models import Booking, Commune, Household, Message, MessageState
from kit_booking.services.timeline.locks import lock_booking
from kit_booking.services.timeline.texts import queue_booking_text
from tests.support.builders import World
from tests.times import NOW, at, days_ahead


@pytest.fixture
def commune(world: World) -> Commune:
    return world.commune()


@pytest.fixture
def hanh(world: World, commune: Commune) -> Household:
    return world.household(commune)


@pytest.fixture
def booking(world: World, commune: Commune, hanh: Household) -> Booking:
    return world.booking(world.kits(commune)[0], hanh, days_ahead(3), status=Status.APPROVED)


@transaction
def _queue(session, code, kind, *, now=NOW, to=None):
    return queue_booking_text(session, kind, lock_booking(session, code), now=now, due_at=NOW, to=to)


def test_who_gets_texts_is_sent_them(world: World, booking: Booking, hanh: Household):
    assert world.do(_queue, booking.code, Kind.APPROVED)
    [text] = world.all(Message)
    assert (text.to, text.state, text.settled_at) == (hanh.phone, MessageState.QUEUED, None)
    assert (text.kit_id, text.pick_up_at, text.due_at) == (booking.kit_id, booking.pick_up_at, NOW)


@pytest.mark.parametrize("columns", [{"takes_texts": False}, {"bad_number_at": NOW}])
def test_who_gets_none_is_on_the_list_of_those_to_phone(
    world: World, booking: Booking, hanh: Household, columns: dict[str, object]
):
    world.change(hanh, **columns)
    assert not world.do(_queue, booking.code, Kind.APPROVED)
    [text] = world.all(Message)
    assert (text.to, text.state, text.settled_at) == (hanh.phone, MessageState.TO_PHONE, NOW)


def test_a_landline_is_phoned(world: World, booking: Booking, hanh: Household):
    world.change(hanh, phone="", landline="02433859999")
    assert not world.do(_queue, booking.code, Kind.APPROVED)
    assert [(text.to, text.state) for text in world.all(Message)] == [("02433859999", MessageState.TO_PHONE)]


def test_a_text_for_a_clerk_goes_to_the_clerks_mobile_whatever_the_household_wants(
    world: World, booking: Booking, hanh: Household
):
    world.change(hanh, takes_texts=False)
    assert world.do(_queue, booking.code, Kind.STAFF_DUE, to="+84988888888")
    assert [(text.to, text.state) for text in world.all(Message)] == [("+84988888888", MessageState.QUEUED)]


def test_an_offer_is_told_until_its_own_deadline(world: World, booking: Booking):
    world.do(_queue, booking.code, Kind.OFFER)
    world.do(_queue, booking.code, Kind.APPROVED)
    offer, approved = world.all(Message)
    assert (offer.useful_until_at, approved.useful_until_at) == (booking.answer_by_at, booking.pick_up_at)


def test_in_the_quiet_hours_a_text_is_due_in_the_morning(world: World, booking: Booking):
    world.do(_queue, booking.code, Kind.APPROVED, now=at(days_ahead(0), "23:00"))
    assert [text.due_at for text in world.all(Message)] == [at(days_ahead(1), "06:30")]


def test_the_move_of_another_booking_and_one_that_was_sent_are_left_alone(
    world: World, booking: Booking, commune: Commune, hanh: Household
):
    other = world.booking(world.kits(commune)[0], hanh, days_ahead(4), status=Status.APPROVED)
    world.do(_queue, other.code, Kind.MOVED)
    world.do(_queue, booking.code, Kind.MOVED)
    world.change(world.all(Message)[1], state=MessageState.ACCEPTED, settled_at=NOW)
    world.do(_queue, booking.code, Kind.MOVED)
    assert [text.state for text in world.all(Message)] == [
        MessageState.QUEUED,
        MessageState.ACCEPTED,
        MessageState.QUEUED,
    ]


def test_what_a_later_text_says_better_is_not_sent_whatever_its_kind(world: World, booking: Booking):
    """Changed there and back in the quiet hours, then moved by the office: only the last is true and new."""
    for kind in (Kind.APPROVED, Kind.CHANGED, Kind.CHANGED, Kind.MOVED):
        world.do(_queue, booking.code, kind)
    states = [(text.kind, text.state) for text in world.all(Message)]
    assert [state for _, state in states] == [*3 * [MessageState.SKIPPED], MessageState.QUEUED]
    assert states[-1][0] == Kind.MOVED


def test_a_reminder_is_not_replaced_by_a_change(world: World, booking: Booking):
    world.do(_queue, booking.code, Kind.REMINDER_DAY)
    world.do(_queue, booking.code, Kind.CHANGED)
    assert [text.state for text in world.all(Message)] == [MessageState.QUEUED, MessageState.QUEUED]


def states_of(world: World) -> list[MessageState]:
    return [MessageState(text.state) for text in world.all(Message)]


def test_a_household_causes_six_texts_a_day_by_its_own_acts(world: World, booking: Booking):
    for number in range(8):
        world.do(_queue, booking.code, Kind.RECEIVED if number % 2 else Kind.WITHDRAWN)
    assert states_of(world)[-2:] == [MessageState.SKIPPED, MessageState.SKIPPED]
    assert world.all(Message)[-1].settled_at == NOW
    assert all(text.settled_at is None for text in world.all(Message)[:6] if text.state == MessageState.QUEUED)
    world.do(_queue, booking.code, Kind.CANCELLED)
    assert states_of(world)[-1] == MessageState.QUEUED, "what the office does is told"
    world.do(_queue, booking.code, Kind.WITHDRAWN, now=at(days_ahead(1), "00:01"))
    assert states_of(world)[-1] == MessageState.QUEUED, "the next day"


def test_another_household_is_told(world: World, commune: Commune, booking: Booking):
    for _ in range(6):
        world.do(_queue, booking.code, Kind.WITHDRAWN)
    other = world.booking(world.kits(commune)[0], world.household(commune, "Hoa"), days_ahead(4))
    world.do(_queue, other.code, Kind.RECEIVED)
    assert states_of(world)[-1] == MessageState.QUEUED


def test_who_gets_no_texts_is_phoned_however_often(world: World, booking: Booking, hanh: Household):
    world.change(hanh, takes_texts=False)
    for _ in range(7):
        world.do(_queue, booking.code, Kind.WITHDRAWN)
    assert set(states_of(world)) == {MessageState.TO_PHONE}


def test_a_place_is_called_in_texts_by_its_short_name(world: World, commune: Commune):
    hall = world.change(world.place(commune, "Nhà văn hóa thôn Lưu Thượng"), short_name="NVH Lưu Thượng")
    booking = world.booking(world.kit(hall), world.household(commune, "Hoa"), days_ahead(3), status=Status.APPROVED)
    world.do(_queue, booking.code, Kind.APPROVED)
    assert " tai NVH Luu Thuong, " in world.all(Message)[-1].body
