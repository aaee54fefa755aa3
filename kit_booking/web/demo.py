"""The demo's phones: what each number would have received."""

from dataclasses import dataclass, field

from flask import Blueprint, current_app, render_template

from kit_booking.adapters.file_sms import FiledSms, read_phones

blueprint = Blueprint("demo", __name__, url_prefix="/demo")


@dataclass(frozen=True)
class Phone:
    number: str
    messages: list[FiledSms] = field(default_factory=list)


@blueprint.get("/phones")
def phones() -> str:
    found: dict[str, Phone] = {}
    for text in read_phones(current_app.extensions["settings"].sms_file):
        found.setdefault(text.to, Phone(text.to)).messages.append(text)
    return render_template("frame/phones.html", phones=list(found.values()))
