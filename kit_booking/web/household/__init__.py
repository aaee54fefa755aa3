"""The pages of the public and of households."""

from kit_booking.web.household import bookings, calendars, communes, own_data, sign_in, waiting

PAGES = (communes, bookings, waiting, sign_in, calendars, own_data)
