"""What only a demo has: the phones with what each number would have received, and accounts to sign in with."""

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, current_app, render_template

from kit_booking.adapters.file_sms import FiledSms, read_phones
from kit_booking.services.ops.demo_data import ACCOUNTS

blueprint = Blueprint("demo", __name__, url_prefix="/demo")


@dataclass(frozen=True)
class Phone:
    number: str
    messages: list[FiledSms] = field(default_factory=list)


@blueprint.get("/phones")
def phones() -> str:
    by_number: dict[str, Phone] = {}
    for text in read_phones(current_app.extensions["settings"].sms_file):
        by_number.setdefault(text.to, Phone(text.to)).messages.append(text)
    return render_template("frame/phones.html", phones=list(by_number.values()))


@blueprint.app_context_processor
def accounts() -> dict[str, Any]:
    """For the staff's sign-in page, which offers them in one tap each."""
    return {"demo_accounts": ACCOUNTS}
