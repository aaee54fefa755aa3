"""What a page's form holds, as a browser would send it back."""

import html
import re

from werkzeug.test import TestResponse


def typed(page: TestResponse) -> dict[str, list[str]]:
    """The inputs, selects and text areas of the page by name; boxes that are not ticked are left out."""
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        attributes = {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        is_choice = attributes.get("type") in ("checkbox", "radio")
        if attributes.get("name", "csrf_token") != "csrf_token" and not (
            is_choice and not re.search(r"\bchecked\b", tag)
        ):
            fields.setdefault(attributes["name"], []).append(attributes.get("value", ""))
    for name, inside in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>\s?(.*?)</textarea>', page.text, re.DOTALL):
        fields[name] = [html.unescape(inside)]
    for name, inside in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page.text, re.DOTALL):
        fields[name] = re.findall(r'<option selected value="([^"]*)"', inside)
    return fields
