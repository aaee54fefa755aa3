"""The tables."""

from kit_booking.domain.messages.delivery import MessageState
from kit_booking.models.audit import AuditEntry, Mark
from kit_booking.models.booking import Booking
from kit_booking.models.closure import Closure
from kit_booking.models.commune import Commune, Place, PlannedSlot, Province, Village
from kit_booking.models.handover import HandedPart, Handover, Photo
from kit_booking.models.household import Household, LoginCode, Throttle
from kit_booking.models.kit import Hold, Kit, Part
from kit_booking.models.message import Message, PauseReason, SendingPause
from kit_booking.models.register import RegisterFile
from kit_booking.models.staff import FeedToken, Role, Staff, StaffRole
from kit_booking.models.waiting import WaitingEntry, WaitingState
