"""Vietnamese that was typed for an old font, TCVN3 (.VnTime) or VNI, made readable: both tables are of TCVN 5712:1993
and of VNI Software's VNI-Win, as the fonts still in use draw them.
"""

import functools
import re
import unicodedata

_TCVN3 = dict(
    zip(
        "¸µ¶·¹¨¾»¼½Æ©ÊÇÈÉË®ÐÌÎÏÑªÕÒÓÔÖÝ×ØÜÞãßáâä«èåæçé¬íêëìîóïñòô­øõö÷ùýúûüþ¡¢§£¤¥¦",
        "áàảãạăắằẳẵặâấầẩẫậđéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợúùủũụưứừửữựýỳỷỹỵĂÂĐÊÔƠƯ",
        strict=True,
    )
)
_VNI_MARKS = {
    "ù": "\u0301",
    "ø": "\u0300",
    "û": "\u0309",
    "õ": "\u0303",
    "ï": "\u0323",
    "â": "\u0302",
    "á": "\u0302\u0301",
    "à": "\u0302\u0300",
    "å": "\u0302\u0309",
    "ã": "\u0302\u0303",
    "ä": "\u0302\u0323",
    "ê": "\u0306",
    "é": "\u0306\u0301",
    "è": "\u0306\u0300",
    "ú": "\u0306\u0309",
    "ü": "\u0306\u0303",
    "ë": "\u0306\u0323",
}
"""What stands after a vowel: its marks."""
_VNI_ALONE = {
    "ñ": "đ",
    "í": "í",
    "ì": "ì",
    "æ": "ỉ",
    "ó": "ĩ",
    "ò": "ị",
    "ô": "ơ",
    "ö": "ư",
    "î": "ỵ",
}
_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|ch|gh|gi|kh|ph|qu|th|tr|[bcdghklmnpqrstvx])?[aeiouy]{1,3}(?:ng|nh|ch|[cmnpt])?", re.ASCII
)
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_OWN_LETTERS = frozenset(
    "áàảãạăắằẳẵặâấầẩẫậđéèẻẽẹêếềểễệíìỉĩịóòỏõọôốồổỗộơớờởỡợúùủũụưứừửữựýỳỷỹỵabcdefghijklmnopqrstuvwxyz"
)


@functools.lru_cache(maxsize=16384)
def from_old_font(text: str) -> str:
    """The text in Unicode if it was typed for an old font, else as it is."""
    if text.isascii() or max(text) > "\xff" or _is_vietnamese(text):  # Old fonts have one byte a letter.
        return text
    for convert in (_from_tcvn3, _from_vni):
        converted = convert(text)
        if _is_vietnamese(converted):
            return converted
    return text


def _from_tcvn3(text: str) -> str:
    converted = "".join(_TCVN3.get(char, char) for char in text)
    words = converted.split(" ")
    # The font has capitals only without a tone: in .VnTimeH every letter of a small one's code looks like a capital.
    return " ".join(word.upper() if sum(map(str.isupper, word)) * 2 > len(word) > 1 else word for word in words)


def _from_vni(text: str) -> str:
    letters: list[str] = []
    for char in text:
        small = char.lower()
        if small in _VNI_MARKS and letters and unicodedata.normalize("NFD", letters[-1])[0] in "aeiouyAEIOUY":
            letters[-1] += _VNI_MARKS[small]
        elif small in _VNI_ALONE:
            alone = _VNI_ALONE[small]
            letters.append(alone.upper() if char.isupper() else alone)
        else:
            letters.append(char)
    return unicodedata.normalize("NFC", "".join(letters))


def _is_vietnamese(text: str) -> bool:
    """Whether every word is of Vietnamese letters, has one tone at most and is built like a syllable."""
    if any("\x80" <= char <= "\xbf" for char in text):  # Signs, which stand for letters in TCVN3.
        return False
    return all(_is_syllable(word) for word in re.split(r"[\W\d_]+", text) if word)


def _is_syllable(word: str) -> bool:
    composed = unicodedata.normalize("NFC", word)
    if not (composed.islower() or composed.isupper() or composed.istitle()):
        return False
    if not _OWN_LETTERS.issuperset(composed.lower()):
        return False
    apart = unicodedata.normalize("NFD", composed.lower()).replace("đ", "d")
    plain = "".join(char for char in apart if not unicodedata.combining(char))
    return sum(char in _TONES for char in apart) <= 1 and _SYLLABLE.fullmatch(plain) is not None
