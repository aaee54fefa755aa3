"""What only a demo has: the phones with what each number would have received, and accounts to sign in with."""

from collections import defaultdict
from typing import Any

from flask import Blueprint, current_app, render_template

from kit_booking.adapters.file_sms import FiledSms, read_phones
from kit_booking.services.ops.demo_data import ACCOUNTS

blueprint = Blueprint("demo", __name__, url_prefix="/demo")


@blueprint.get("/phones")
def phones() -> str:
    by_number: defaultdict[str, list[FiledSms]] = defaultdict(list)
    for text in read_phones(current_app.extensions["settings"].sms_file):
        by_number[text.to].append(text)
    return render_template("frame/phones.html", phones=by_number)


@blueprint.app_context_processor
def accounts() -> dict[str, Any]:
    """For the staff's sign-in page, which has a button for each."""
    return {"demo_accounts": ACCOUNTS}
