"""The pages: each blueprint turns a request into values, calls one service, and renders or redirects."""

from flask import Flask, request
from jinja2 import StrictUndefined

from kit_booking.config import Settings
from kit_booking.web import desk, household, machines, operator
from kit_booking.web.desk import tabs
from kit_booking.web.frame import errors, formats, labels, language, readers, responses, security


def init_app(app: Flask, settings: Settings) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.context_processor(
        lambda: {
            "demo": settings.demo,
            "here": request.full_path.rstrip("?"),
            "lang": language.language(),
        }
    )
    for part in (security, language, readers, formats, labels, responses, errors, tabs):
        part.init_app(app)
    for package in (household, desk, operator, machines):
        for page in package.PAGES:
            app.register_blueprint(page.blueprint)
    if settings.demo:
        from kit_booking.web import demo  # Imported here, so that production never loads invented data.

        app.register_blueprint(demo.blueprint)
