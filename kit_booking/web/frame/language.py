"""The language of the screen: Vietnamese first, English second, remembered in a cookie."""

from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.support import NullTranslations, Translations
from flask import Blueprint, Flask, abort, current_app, g, redirect, request
from flask_babel import Babel
from flask_babel.speaklater import LazyString
from werkzeug.wrappers import Response

from kit_booking.web.frame.security import own_path

LANGUAGES = ("vi", "en")
COOKIE = "lang"
TRANSLATIONS = Path(__file__).parents[2] / "translations"

blueprint = Blueprint("language", __name__)


def init_app(app: Flask) -> None:
    Babel(
        app,
        default_locale="vi",
        default_timezone="Asia/Ho_Chi_Minh",
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=language,
    )
    app.register_blueprint(blueprint)
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["ngettext"] = ngettext  # Jinja's own asks for a second text.


@lru_cache
def _catalogue(code: str, domain: str = "messages") -> NullTranslations:
    return Translations.load(str(TRANSLATIONS), [code], domain)


def gettext(text: str, **values: Any) -> str:
    """The text in the reader's language. Flask-Babel's own looks up the request context several times a call."""
    translated = _catalogue(language()).ugettext(text)
    return translated % values if values else translated


def ngettext(text: str, num: int, **values: Any) -> str:
    """The text for this number, which it may name as ``num``; Vietnamese says one and many alike."""
    return _catalogue(language()).ungettext(text, text, num) % {"num": num, **values}


def lazy_gettext(text: str, **values: Any) -> LazyString:
    """A text of a module or class, translated when it is shown."""
    return LazyString(gettext, text, **values)


def language() -> str:
    """The reader's language: "vi" or "en"."""
    chosen: str | None = g.get("language")
    if chosen is None:
        cookie = request.cookies.get(COOKIE, "")
        chosen = g.language = cookie if cookie in LANGUAGES else LANGUAGES[0]
    return chosen


@blueprint.get("/language/<code>")
def switch(code: str) -> Response:
    if code not in LANGUAGES:
        abort(404)
    response = redirect(own_path(request.args.get("next")), 303)
    response.set_cookie(
        COOKIE,
        code,
        max_age=timedelta(days=400),
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
    )
    return response


class FormTranslations:
    """WTForms' own messages: Vietnamese from the catalogue ``wtforms``, English as they are."""

    def gettext(self, text: str) -> str:
        return str(_catalogue(language(), "wtforms").ugettext(text))

    def ngettext(self, singular: str, plural: str, count: int) -> str:
        return str(_catalogue(language(), "wtforms").ungettext(singular, plural, count))
