"""Health checks for monitoring: whether the process is up, and whether it can work."""

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
    """503 unless the database answers, its schema is current and a worker is alive.

    ``sms`` is false while no texts are sent; the pages work without them.
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
