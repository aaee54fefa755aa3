"""Every text has its translation, current and with the same placeholders: ours in English, WTForms' in Vietnamese."""

import gettext
import io
import re
from pathlib import Path
from typing import Any

import pytest
import wtforms
from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

import kit_booking

PACKAGE = Path(kit_booking.__file__).parent
EN = PACKAGE / "translations/en/LC_MESSAGES/messages.po"
VI = PACKAGE / "translations/vi/LC_MESSAGES/wtforms.po"
WTFORMS = Path(wtforms.__file__).parent / "locale/wtforms.pot"
MAPPING = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 1)}


@pytest.fixture(scope="module")
def asked() -> set[str | tuple[str, ...]]:
    """What the code and the templates ask for; with its plural where it has one."""
    return {message for _file, _line, message, *_ in extract_from_dir(PACKAGE, MAPPING, keywords=KEYWORDS)}


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def ids(path: Path) -> set[str | tuple[str, ...]]:
    return {message.id for message in catalogue(path) if message.id}


def texts(message: Message) -> list[str]:
    return [message.string] if isinstance(message.string, str) else list(message.string or [""])


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%(?:\(\w+\))?[a-z]|%%", text))


def fault(msgid: str | tuple[str, ...], message: Message | None) -> str:
    """What is wrong with the translation of a text, if anything."""
    if message is None:
        return "is not in the catalogue"
    if message.fuzzy or not all(texts(message)):
        return "has no translation"
    if message.pluralizable == isinstance(msgid, str):
        return "has a plural on one side only"
    singular = msgid if isinstance(msgid, str) else msgid[0]
    is_same = all(placeholders(text) == placeholders(singular) for text in texts(message))
    return "" if is_same else "has other placeholders"


def faults(msgids: set[str | tuple[str, ...]], path: Path) -> str:
    """What is wrong with the translations of these texts, a line for each."""
    messages = catalogue(path)
    of_each = [(msgid, fault(msgid, messages.get(msgid))) for msgid in sorted(msgids, key=str)]
    return "\n".join(f"{msgid!r} {wrong}" for msgid, wrong in of_each if wrong)


def test_our_texts_are_in_the_english_catalogue(asked: set[str | tuple[str, ...]]) -> None:
    """`make translations` brings new ones in."""
    wrong = faults(asked, EN)
    assert not wrong, wrong


def test_the_texts_of_wtforms_are_in_the_vietnamese_catalogue() -> None:
    assert len(ids(WTFORMS)) >= 39, "WTForms still brings its texts"
    wrong = faults(ids(WTFORMS), VI)
    assert not wrong, wrong


def test_nothing_is_translated_that_no_page_says(asked: set[str | tuple[str, ...]]) -> None:
    assert {_singular(msgid) for msgid in ids(EN)} - {_singular(msgid) for msgid in asked} == set()
    assert not catalogue(EN).obsolete


def test_no_vietnamese_is_left_in_the_english() -> None:
    english = [text for message in catalogue(EN) if message.id for text in texts(message)]
    assert [text for text in english if any(char.isalpha() and not char.isascii() for char in text)] == []


@pytest.mark.parametrize("path", [EN, VI], ids=["en", "vi"])
def test_the_compiled_catalogue_is_up_to_date(path: Path) -> None:
    fresh = io.BytesIO()
    write_mo(fresh, catalogue(path))
    with path.with_suffix(".mo").open("rb") as file:
        shipped, current = gettext.GNUTranslations(file), gettext.GNUTranslations(io.BytesIO(fresh.getvalue()))
    assert shipped._catalog == current._catalog, "run `make translations`"  # type: ignore[attr-defined]


def _singular(msgid: Any) -> str:
    return msgid if isinstance(msgid, str) else msgid[0]
