"""The application factory: the only place that wires settings, database, SMS, web and commands together."""

from flask import Flask
from flask_migrate import Migrate

from kit_booking import cli, web
from kit_booking.adapters.file_sms import FileSms
from kit_booking.adapters.sms import SmsSender
from kit_booking.adapters.twilio_sms import TwilioSms
from kit_booking.clock import utc_now
from kit_booking.config import MIGRATIONS, Settings
from kit_booking.database import db


def create_app(settings: Settings | None = None, sms: SmsSender | None = None) -> Flask:
    """The application, wired; without arguments as the environment says."""
    settings = settings or Settings.from_env()
    app = Flask("kit_booking", instance_path=str(settings.sms_file.resolve().parent))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_size": 20,
            "pool_use_lifo": True,  # LIFO, so that a connection whose page cache is warm is used.
            "hide_parameters": True,  # They hold numbers and codes, and errors are logged.
            "pool_pre_ping": not settings.database_url.startswith("sqlite"),
        },
    )
    app.extensions["settings"] = settings
    app.extensions["sms"] = sms or _sms_sender(settings)
    db.init_app(app)
    Migrate(app, db, directory=str(MIGRATIONS), render_as_batch=True, compare_type=True)
    web.init_app(app, settings)
    cli.init_app(app)
    return app


def _sms_sender(settings: Settings) -> SmsSender:
    """Twilio only where it is asked for, and never in a demo."""
    if settings.sms_backend == "file" or settings.demo:
        return FileSms(settings.sms_file, utc_now)
    return TwilioSms(
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        sender=settings.twilio_sender,
        messaging_service_sid=settings.twilio_messaging_service_sid,
        api_base=settings.twilio_api_base,
        status_callback=settings.twilio_status_callback,
        timeout=settings.sms_timeout,
    )
