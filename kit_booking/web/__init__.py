"""The pages: each blueprint turns a request into values, calls one service, and renders or redirects."""

from flask import Flask, request
from jinja2 import StrictUndefined

from kit_booking.config import Settings
from kit_booking.web import (
    accounts,
    audit,
    bookings,
    calendars,
    communes,
    demo,
    errors,
    formats,
    health,
    language,
    operator,
    parts,
    readers,
    responses,
    security,
    sign_in,
    staff,
)
from kit_booking.web import (
    settings as commune_settings,
)


def init_app(app: Flask, settings: Settings) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.context_processor(
        lambda: {
            "demo": settings.demo,
            "here": request.full_path.rstrip("?"),
            "lang": language.language(),
        }
    )
    for part in (security, language, readers, formats, responses, errors):
        part.init_app(app)
    for page in (communes, bookings, sign_in, calendars, staff, health):
        app.register_blueprint(page.blueprint)
    for page in (commune_settings, parts, audit, operator, accounts):
        app.register_blueprint(page.blueprint)
    if settings.demo:
        app.register_blueprint(demo.blueprint)
