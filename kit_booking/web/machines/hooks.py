"""Where the SMS provider reports what became of texts; only what it has signed is believed."""

from typing import Any

from flask import Blueprint, abort, current_app, request

from kit_booking.adapters.twilio_sms import is_signed_by_twilio, report_of
from kit_booking.clock import utc_now
from kit_booking.config import Settings
from kit_booking.services.messages import delivery
from kit_booking.web.frame.security import csrf

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
csrf.exempt(blueprint)  # Its guard is the signature.


@blueprint.post("/twilio/status")
def twilio_status() -> Any:
    """Answers quickly and alike, whether the text is known or not: Twilio can do nothing about it."""
    settings: Settings = current_app.extensions["settings"]
    # Signed is the address that Twilio called, which behind a proxy is not the one that arrives here.
    url = settings.public_base_url + request.full_path.rstrip("?")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not is_signed_by_twilio(settings.twilio_auth_token, url, request.form, signature):
        abort(403)
    said = report_of(
        request.form.get("MessageSid", "")[:40],
        request.form.get("MessageStatus", ""),
        request.form.get("ErrorCode", ""),
    )
    if said:
        delivery.take_report(request.args.get("m", ""), said, now=utc_now())
    return "", 204
