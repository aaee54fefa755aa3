"""A booking as a page showed it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kit_booking.domain.booking.seen import SeenBooking
from kit_booking.domain.booking.status import Status

SEEN = SeenBooking("PD7K2", "PD-3", datetime(2026, 12, 5, 10, tzinfo=UTC), Status.REQUESTED, 17)


def test_a_form_gives_back_what_the_page_showed():
    assert SeenBooking.parse(str(SEEN)) == SEEN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PD7K2",
        str(SEEN) + " 1",
        str(SEEN).replace("requested", "gone"),
        str(SEEN).replace(" 17", " x"),
        str(SEEN).replace("+00:00", ""),
        str(SEEN).replace("2026", "26"),
    ],
)
def test_any_other_text_is_nothing_that_was_seen(text: str):
    assert SeenBooking.parse(text) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kit_code", "PD-4"),
        ("pick_up_at", datetime(2026, 12, 5, 6, tzinfo=UTC)),
        ("status", Status.APPROVED),
        ("household_id", 18),
    ],
)
def test_each_difference_is_named(name: str, value: object):
    assert SEEN.differences(replace(SEEN, **{name: value})) == {name}
    assert SEEN.differences(SEEN) == set()
