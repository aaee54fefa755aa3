"""The pages: each blueprint turns a request into values, calls one service, and renders or redirects."""

from flask import Flask, request
from jinja2 import StrictUndefined

from kit_booking.config import Settings
from kit_booking.web import (
    accounts,
    audit,
    bookings,
    calendars,
    closures,
    communes,
    counter,
    demo,
    desk,
    errors,
    formats,
    health,
    hooks,
    households,
    language,
    last_modified,
    messages,
    moving,
    on_behalf,
    operator,
    own_data,
    paper_register,
    parts,
    printing,
    readers,
    responses,
    security,
    sign_in,
    staff,
    today,
    waiting_list,
)
from kit_booking.web import settings as commune_settings

PAGES = (
    communes,
    bookings,
    waiting_list,
    sign_in,
    calendars,
    own_data,
    staff,
    today,
    messages,
    counter,
    closures,
    moving,
    printing,
    households,
    on_behalf,
    paper_register,
    commune_settings,
    parts,
    audit,
    operator,
    accounts,
    health,
    hooks,
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
    for part in (security, language, readers, formats, responses, last_modified, errors, desk):
        part.init_app(app)
    for page in PAGES:
        app.register_blueprint(page.blueprint)
    if settings.demo:
        app.register_blueprint(demo.blueprint)
