"""Typed text made tidy, searchable, and cheap to send by SMS."""

import re
import unicodedata
from collections.abc import Iterable

# GSM 03.38: the characters that cost one unit in a text message, and those that cost two.
GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_DOUBLE = frozenset("^{}\\[~]|€\f")

# Letters that Unicode does not take apart into a plain one and its marks, look-alikes typed for them,
# and signs with a cheaper twin.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("đðɖ", "d"),
        **dict.fromkeys("ĐÐƉ", "D"),
        **dict.fromkeys("“”„«»″", '"'),
        **dict.fromkeys("‘’‚‹›′`", "'"),
        **dict.fromkeys("‐‑‒–—―−•~", "-"),
        **dict.fromkeys("[{", "("),
        **dict.fromkeys("]}", ")"),
        **dict.fromkeys("|\\⁄", "/"),
        "×": "x",
        "₫": "d",
        "€": "EUR",
    }
)


def clean(text: str, most: int) -> str:
    """One tidy line of at most ``most`` characters, composed (NFC) as most keyboards type it."""
    if not text.isprintable():
        text = "".join(_visible(char) for char in text)
    return " ".join(unicodedata.normalize("NFC", text).split())[:most].rstrip()


def _visible(char: str) -> str:
    match unicodedata.category(char):
        case "Cc":
            return " "
        case "Cf" | "Cs":  # Zero-width and direction marks, which pasting brings along; halves of characters.
            return ""
        case _:
            return char


def unaccented(text: str) -> str:
    """The text as Vietnamese banks send it: no accents, every character one unit of a GSM-7 message.

    What has no plain form (an emoji, a Chinese letter) is left out, so the result may be empty.
    """
    plain = unicodedata.normalize("NFKD", text).translate(_PLAIN)
    return " ".join("".join(char for char in plain if char in GSM_BASIC or char.isspace()).split())


def search_key(text: str) -> str:
    """What to compare in a search box: "nguyen thi hanh" finds "Nguyễn Thị Hạnh"."""
    return unaccented(text).casefold()


def name_key(name: str) -> str:
    """What is the same of names that differ in accents and capitals only; a name without plain letters is its own."""
    return search_key(name) or clean(name, 200)


def slug(text: str) -> str:
    """A name for a URL: "Phượng Dực" gives "phuong-duc". Empty when nothing of it can be written so."""
    return re.sub(r"[^a-z0-9]+", "-", search_key(text)).strip("-")


def sms_segments(text: str) -> int:
    """How many messages are paid for: 160 units of GSM-7 or 70 of UCS-2; less in each part of several."""
    if GSM_BASIC.union(GSM_DOUBLE).issuperset(text):
        costs = [2 if char in GSM_DOUBLE else 1 for char in text]
        alone, in_parts = 160, 153
    else:
        costs = [2 if ord(char) > 0xFFFF else 1 for char in text]
        alone, in_parts = 70, 67
    if sum(costs) <= alone:
        return 1
    segments, used = 1, 0
    for cost in costs:
        if used + cost > in_parts:  # A character of two units is never split between two parts.
            segments, used = segments + 1, 0
        used += cost
    return segments


def search_text(names: Iterable[str], most: int = 2000) -> str:
    """Names as a search finds them, one a line; those that no longer fit are left out."""
    lines, left = [], most
    for key in dict.fromkeys(search_key(name) for name in names):
        if key and len(key) < left:
            lines.append(key)
            left -= len(key) + 1
    return "\n".join(lines)
