"""The pages of the commune office."""

from kit_booking.web.desk import audit, closures, counter, messages, moving, office, on_behalf, printing, today
from kit_booking.web.desk.register import households, paper_register
from kit_booking.web.desk.settings import pages, parts

PAGES = (
    office,
    today,
    messages,
    counter,
    closures,
    moving,
    printing,
    households,
    on_behalf,
    paper_register,
    pages,
    parts,
    audit,
)
