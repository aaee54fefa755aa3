"""Every text of the screens stands in the English catalogue, current and with the same placeholders."""

import gettext
import io
import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import kit_booking
from tests.support.databases import on_sqlite
from tests.support.town import Town, words_of

PACKAGE = Path(kit_booking.__file__).parent
EN = PACKAGE / "translations/en/LC_MESSAGES"
MAPPING = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}


def _asked() -> dict[str, Any]:
    """What the code and the templates ask for, by the singular."""
    found = extract_from_dir(PACKAGE, MAPPING, keywords=KEYWORDS)
    return {_singular(message): message for _file, _line, message, _comments, _context in found}


def _singular(message: Any) -> str:
    return message if isinstance(message, str) else message[0]


def _catalogue() -> Catalog:
    with (EN / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


ASKED, CATALOGUE = _asked(), _catalogue()


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[a-z]|%[a-z%]", text))


@pytest.mark.parametrize("msgid", ASKED)
def test_a_text_is_translated_with_its_placeholders(msgid: str) -> None:
    message = CATALOGUE.get(msgid)
    assert message, "not in messages.po; `make translations` brings it in"
    assert not message.fuzzy
    assert message.pluralizable == isinstance(ASKED[msgid], tuple)
    texts = message.string if message.pluralizable else (message.string,)
    assert all(texts), "it has no English text"
    assert {frozenset(_placeholders(text)) for text in texts} == {frozenset(_placeholders(msgid))}


def test_nothing_is_translated_that_no_page_says() -> None:
    assert {_singular(message.id) for message in CATALOGUE if message.id} - set(ASKED) == set()
    assert not CATALOGUE.obsolete


def test_no_vietnamese_is_left_in_the_english() -> None:
    for message in CATALOGUE:
        if message.id:
            texts = message.string if message.pluralizable else (message.string,)
            assert not [char for text in texts for char in text if char.isalpha() and not char.isascii()], texts


def test_the_compiled_catalogue_is_up_to_date() -> None:
    fresh = io.BytesIO()
    write_mo(fresh, CATALOGUE)
    with (EN / "messages.mo").open("rb") as file:
        shipped, current = gettext.GNUTranslations(file), gettext.GNUTranslations(io.BytesIO(fresh.getvalue()))
    assert shipped._catalog == current._catalog, "run `make translations`"  # type: ignore[attr-defined]


@on_sqlite
def test_the_switch_is_remembered_and_turns_every_page_into_english(town: Town) -> None:
    reader = town.browser(town.owner)
    code = town.booking().code
    back = reader.get(f"/language/en?next=/bookings/{code}")
    assert back.headers["Location"] == f"/bookings/{code}"
    for path, says in {
        "/": "Borrow your commune's livestream kit, free of charge",
        "/communes/phuong-duc": "Evening",
        f"/bookings/{code}": "Waiting for approval",
        "/bookings": "Your bookings",
        "/privacy": "What are your rights?",
        "/no-such-page": "There is no such page",
    }.items():
        page = reader.get(path)
        assert says in words_of(page), path
        assert '<html lang="en">' in page.text
    reader.get("/language/vi")
    assert "miễn phí" in words_of(reader.get("/"))


@on_sqlite
def test_errors_of_forms_are_in_the_readers_language(town: Town) -> None:
    reader = town.browser()
    assert "Bà con ghi số điện thoại di động vào đây" in words_of(reader.post("/sign-in", phone=""))
    assert "This field" not in words_of(reader.post("/staff/sign-in", username=""))
    reader.get("/language/en")
    assert "Please enter your mobile number here" in words_of(reader.post("/sign-in", phone=""))
    assert "This field is required" in words_of(reader.post("/staff/sign-in", username=""))


@on_sqlite
def test_a_language_that_is_not_there_is_no_page(town: Town) -> None:
    assert town.browser().get("/language/fr").status_code == 404
    reader = town.browser()
    reader.client.set_cookie("lang", "../../etc")
    assert '<html lang="vi">' in reader.get("/").text
