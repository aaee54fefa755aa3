"""For every WSGI server, and for `flask --app wsgi`."""

from kit_booking import create_app

app = create_app()
