"""Twilio's delivery callback; requests without its signature are refused."""

from typing import Any

from flask import Blueprint, abort, current_app, request

from kit_booking.adapters.twilio_sms import is_signed_by_twilio, report_of
from kit_booking.clock import utc_now
from kit_booking.config import Settings
from kit_booking.services.messages import delivery
from kit_booking.web.frame.security import csrf

blueprint = Blueprint("hooks", __name__, url_prefix="/hooks")
csrf.exempt(blueprint)  # Its requests are signed instead.


@blueprint.post("/twilio/status")
def twilio_status() -> Any:
    """204 whether the text is known or not, because Twilio could do nothing about it."""
    settings: Settings = current_app.extensions["settings"]
    # The signature covers the public address, which differs from request.url behind a proxy.
    url = settings.public_base_url + request.full_path.rstrip("?")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not is_signed_by_twilio(settings.twilio_auth_token, url, request.form, signature):
        abort(403)
    report = report_of(
        request.form.get("MessageSid", "")[:40],
        request.form.get("MessageStatus", ""),
        request.form.get("ErrorCode", ""),
    )
    if report:
        delivery.take_report(request.args.get("m", ""), report, now=utc_now())
    return "", 204
