"""Where a page leads, and what its forms send."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urlencode, urljoin

OWN = re.compile(r"^(webcal|http)://localhost")
LINK = re.compile(r'\s(?:href|src)="([^"]*)"')
FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
SEARCH = re.compile(r'<form\b(?![^>]*method="post").*?</form>', re.DOTALL)


@dataclass
class Form:
    method: str
    action: str
    sent: dict[str, list[str]] = field(default_factory=dict)
    """What its first button sends."""
    offered: dict[str, list[str]] = field(default_factory=dict)
    """What its lists and boxes let choose."""
    has_button: bool = False


class Forms(HTMLParser):
    """The forms of a page, which alone are parsed: to parse a page takes longer than to make it."""

    def __init__(self, text: str, which: re.Pattern[str] = FORM) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._list = ""
        self.feed("".join(which.findall(text)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(a.get("method", "get"), a.get("action", "")))
        elif self.found:
            self._add(self.found[-1], tag, a)

    def _add(self, form: Form, tag: str, a: dict[str, str]) -> None:
        name, value, kind = a.get("name", ""), a.get("value", ""), a.get("type", "")
        if tag == "select":
            self._list = name
        elif tag == "option" and self._list:
            form.offered.setdefault(self._list, []).append(value)
            if "selected" in a or self._list not in form.sent:
                form.sent[self._list] = [value]
        elif kind in ("checkbox", "radio"):
            form.offered.setdefault(name, []).append(value or "on")
            if "checked" in a:
                form.sent.setdefault(name, []).append(value or "on")
        elif tag in ("input", "textarea") and kind != "file" and name:
            form.sent.setdefault(name, []).append(value)
        elif tag == "button" and not form.has_button:
            form.has_button = True
            form.sent |= {name: [value]} if name else {}

    def handle_endtag(self, tag: str) -> None:
        self._list = "" if tag == "select" else self._list


def addresses_on(page: str, text: str, *more: str) -> Iterator[str]:
    """Every address of the demo to which this page leads, by its links and by what its searches let choose."""
    links = (html.unescape(link) for link in LINK.findall(text))
    searches = (
        f"{form.action}?{urlencode({**form.sent, name: value}, doseq=True)}"
        for form in Forms(text, SEARCH).found
        for name, values in form.offered.items()
        for value in values
    )
    for link in (*links, *searches, *more):
        found = urldefrag(urljoin(page, OWN.sub("", link))).url
        if found.startswith("/"):
            yield found
