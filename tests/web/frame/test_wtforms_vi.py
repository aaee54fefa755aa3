"""Every message WTForms can say has a Vietnamese one that takes the same values."""

import gettext
import re
from pathlib import Path

import pytest
import wtforms
from babel.messages import Message
from babel.messages.pofile import read_po

VI = Path(__file__).parents[3] / "kit_booking/translations/vi/LC_MESSAGES"
POT = Path(wtforms.__file__).parent / "locale/wtforms.pot"


def _messages(path: Path) -> dict[str, Message]:
    with path.open("rb") as file:
        return {_singular(message): message for message in read_po(file) if message.id}


def _singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _texts(message: Message) -> list[str]:
    """What stands in the catalogue for a message; Vietnamese has no plural, so it is one text."""
    return [message.string] if isinstance(message.string, str) else list(message.string or [""])


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%(?:\(\w+\))?[a-z]", text))


ASKED = _messages(POT)


def test_wtforms_still_brings_its_catalogue() -> None:
    assert len(ASKED) >= 39


@pytest.mark.parametrize("msgid", ASKED)
def test_a_message_is_translated_with_its_placeholders(msgid: str) -> None:
    answer = _messages(VI / "wtforms.po").get(msgid)
    assert answer is not None, "wtforms.po has no such message"
    assert not answer.fuzzy
    texts = _texts(answer)
    assert all(texts)
    assert {frozenset(_placeholders(text)) for text in texts} == {frozenset(_placeholders(msgid))}
    assert answer.pluralizable == ASKED[msgid].pluralizable


def test_the_compiled_catalogue_says_the_same() -> None:
    with (VI / "wtforms.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for msgid, message in _messages(VI / "wtforms.po").items():
        said = compiled.ngettext(msgid, "", 2) if message.pluralizable else compiled.gettext(msgid)
        assert said == _texts(message)[0]
