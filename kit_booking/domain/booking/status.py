"""The statuses of a booking and the moves between them; there are no others."""

from datetime import timedelta
from enum import StrEnum


class Status(StrEnum):
    REQUESTED = "requested"
    OFFERED = "offered"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    REFUSED = "refused"
    OUT = "out"
    RETURNED = "returned"
    NO_SHOW = "no_show"


S = Status

MOVES: dict[Status, frozenset[Status]] = {
    S.REQUESTED: frozenset({S.APPROVED, S.DECLINED, S.CANCELLED, S.LAPSED}),
    S.OFFERED: frozenset({S.APPROVED, S.REFUSED, S.LAPSED, S.CANCELLED}),
    S.APPROVED: frozenset({S.OUT, S.CANCELLED, S.NO_SHOW}),
    S.OUT: frozenset({S.RETURNED}),
    S.NO_SHOW: frozenset({S.OUT}),
}

AHEAD = frozenset({S.REQUESTED, S.OFFERED, S.APPROVED})
"""A booking whose kit was not picked up yet."""

LIVE = AHEAD | {S.OUT}
"""A booking that holds its slot; each has exactly one hold."""

USED = frozenset({S.OUT, S.RETURNED, S.NO_SHOW})
"""A booking whose slot was used or not collected; it counts in the weekly quota."""

HAD_KIT = frozenset({S.OUT, S.RETURNED})
"""A booking whose kit was really picked up."""


IN_CALENDARS = LIVE | {S.RETURNED}
"""A booking that feeds contain; calendar programs remove those that a feed no longer contains."""


UNDO_TIME = timedelta(minutes=2)
"""How long the office can undo its last action on a booking."""


def may_move(from_status: Status, to_status: Status) -> bool:
    return to_status in MOVES.get(from_status, frozenset())
