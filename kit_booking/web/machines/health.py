"""For those who watch the machine: is the process up, can it work."""

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from kit_booking.clock import utc_now
from kit_booking.services.ops import health

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Whether the database answers, has the right tables, and a worker lives.

    That no texts go out is said too, but the pages work without them.
    """
    sms = True
    try:
        checks = {
            "database": True,
            "schema": health.is_schema_current(),
            "worker": health.is_worker_alive(now=utc_now()),
        }
        sms = not (checks["schema"] and health.sending_alarms(now=utc_now()))
    except SQLAlchemyError:
        checks = {"database": False, "schema": False, "worker": False}
    return jsonify(checks | {"sms": sms}), 200 if all(checks.values()) else 503
