"""The pages of the operator."""

from kit_booking.web.operator import accounts, communes

PAGES = (communes, accounts)
