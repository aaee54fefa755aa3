"""The pages of the commune office."""

from types import ModuleType

from kit_booking.web.desk import (
    audit,
    booking,
    closures,
    corrections,
    messages,
    office,
    on_behalf,
    printing,
    queue,
    today,
)
from kit_booking.web.desk.register import households, paper_register
from kit_booking.web.desk.settings import pages, parts

PAGES: tuple[ModuleType, ...] = (office, today, messages, booking, corrections, queue, closures, printing, on_behalf)
PAGES += (audit, households, paper_register, pages, parts)
