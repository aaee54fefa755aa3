"""The commands: `flask --app wsgi serve | worker | demo | staff add | doctor | backup | restore`."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_migrate import upgrade
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from kit_booking import worker as worker_loop
from kit_booking.clock import Clock, utc_now
from kit_booking.config import Settings
from kit_booking.domain.phone import PhoneProblem, parse_mobile
from kit_booking.domain.text import clean
from kit_booking.domain.time.local_time import ZONE
from kit_booking.models import Role
from kit_booking.server import server_of
from kit_booking.services.audit import SYSTEM
from kit_booking.services.operator.accounts import add_account, find_commune_id
from kit_booking.services.operator.edits import Denied
from kit_booking.services.ops import backup as backup_service
from kit_booking.services.ops import doctor as doctor_service
from kit_booking.services.ops import health, restored
from kit_booking.services.sign_in.sign_in import hasher
from kit_booking.web.frame.errors import refuse_body
from kit_booking.web.frame.security import log_json_lines

LEAST_PASSWORD = 8

staff_group = AppGroup("staff", help="Staff accounts.")


def init_app(app: Flask) -> None:
    for command in (serve, worker, demo, staff_group, doctor, backup, restore, after_restore):
        app.cli.add_command(command)


@click.command()
@click.option("--once", is_flag=True, help="One round, then end.")
@click.option("--as-of", metavar="ISO", help="Pretend that it is this time. What is done stays: use a copy.")
@click.option("--beside", type=int, hidden=True, help="End with this process, which started this one.")
def worker(once: bool, as_of: str | None, beside: int | None) -> None:
    """Send what is due and write reminders, until told to stop."""
    log_json_lines()
    clock = _clock_as_of(as_of) if as_of else utc_now
    app = _app()
    if once:
        worker_loop.run_once(app, clock)
    else:
        worker_loop.run(app, clock, beside)


def _clock_as_of(as_of: str) -> Clock:
    try:
        instant = datetime.fromisoformat(as_of)
    except ValueError:
        raise click.BadParameter("an ISO time, such as 2026-12-04T18:00+07:00", param_hint="--as-of") from None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=ZONE)
    return lambda: instant.astimezone(UTC)


@click.command()
@with_appcontext
def demo() -> None:
    """Fill an empty database with an invented fortnight; marks it as a demo for good."""
    if not _fill_with_demo():
        raise click.ClickException("the database is not empty; the demo needs an empty one")
    click.echo("The demo is in the database.")


def _fill_with_demo() -> bool:
    """False when the database holds something already."""
    from kit_booking.services.ops import demo  # Imported here, so that production never loads invented data.

    try:
        demo.fill(now=utc_now())
    except demo.NotEmpty:
        return False
    return True


@staff_group.command("add")
@click.argument("username")
@click.option("--name", required=True, help="The person's name.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--commune", help="The commune as in its address, such as phuong-duc; not for an operator.")
@click.option("--mobile", default="", help="Where texts for this member of staff go.")
@click.password_option(help="Asked for when left out.")
@with_appcontext
def add_staff(username: str, name: str, role: str, commune: str | None, mobile: str, password: str) -> None:
    """Add an account, the first operator's too."""
    username, name = clean(username, 40).lower(), clean(name, 80)
    if len(username.split()) != 1:
        raise click.BadParameter("one word", param_hint="USERNAME")
    if not name:
        raise click.BadParameter("at least one letter", param_hint="--name")
    number = parse_mobile(mobile) if mobile else ""
    if isinstance(number, PhoneProblem):
        raise click.BadParameter(f"{mobile} is no Vietnamese mobile number", param_hint="--mobile")
    if len(password) < LEAST_PASSWORD:
        raise click.BadParameter(f"at least {LEAST_PASSWORD} characters", param_hint="--password")
    commune_id = find_commune_id(commune) if commune else None
    if commune and commune_id is None:
        raise click.ClickException(f"there is no commune {commune}")
    if (role == Role.OPERATOR) != (commune_id is None):
        raise click.ClickException("a clerk or leader needs a commune, an operator has none")
    password_hash = hasher.hash(unicodedata.normalize("NFC", password))
    added = add_account(username, name, number, password_hash, Role(role), commune_id, SYSTEM, now=utc_now())
    if isinstance(added, Denied):
        raise click.ClickException(f"the user name {username} is taken")
    click.echo(f"{username} can sign in at /staff.")


@click.command()
@with_appcontext
def doctor() -> None:
    """Say what is wrong with this installation, and what to do; the exit code is 1 if something is."""
    is_well = True
    settings, sms = current_app.extensions["settings"], current_app.extensions["sms"]
    for finding in doctor_service.examine(settings, sms, now=utc_now()):
        is_well = is_well and not finding.wrong
        click.echo(f"{'WRONG' if finding.wrong else 'ok':<6}{finding.what:<10}{finding.wrong or finding.fine}")
    sys.exit(0 if is_well else 1)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Copy the whole database into FILE while everything goes on."""
    try:
        backup_service.back_up(file)
    except backup_service.NoBackup as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"The database is in {file}, {file.stat().st_size:,} bytes.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def restore(file: Path) -> None:
    """Put the backup in FILE in the place of the database. Stop the pages and the worker first."""
    with contextlib.suppress(SQLAlchemyError):  # Perhaps there is no database any more.
        if health.is_worker_alive(now=utc_now()):
            raise click.ClickException("the worker is running; stop it, wait two minutes, and try again")
    try:
        backup_service.restore(file)
    except backup_service.NoBackup as error:
        raise click.ClickException(str(error)) from None
    _upgrade()
    _after_restore(f"The database is as it was in {file}.")


@click.command("after-restore")
@with_appcontext
def after_restore() -> None:
    """Say that the database was put back by other means, such as pg_restore; with all stopped."""
    _upgrade()
    _after_restore("The database was put back.")


def _upgrade() -> None:
    if health.is_schema_newer():
        raise click.ClickException(
            "the database is of a newer version of this program; start that one, or restore an older backup"
        )
    upgrade()


def _after_restore(done: str) -> None:
    asked = restored.after_restore(now=utc_now())
    click.echo(f"{done} Everybody signs in again; {asked} texts that may have gone out are asked after.")


@click.command()
def serve() -> None:
    """Bring the database up to date, start the worker, and serve the pages on HOST and PORT."""
    log_json_lines(logging.WARNING)
    app = _app()
    settings: Settings = app.extensions["settings"]
    host, port = settings.host, settings.port
    with app.app_context():
        try:
            _upgrade()
        except OperationalError as error:
            raise click.ClickException(f"the database can't be opened: {str(error.orig).splitlines()[0]}") from None
        if settings.demo:
            _fill_with_demo()
        if (proxy := doctor_service.check_proxy(settings, now=utc_now())).wrong:
            app.logger.warning(proxy.wrong)
    for sign in (signal.SIGTERM, signal.SIGINT):  # A shell's background job would ignore Ctrl-C otherwise.
        signal.signal(sign, lambda *_: sys.exit(0))
    try:
        refuse, hear = partial(refuse_body, app), partial(hear_proxy, app)
        server = server_of(app, settings, refuse=refuse, hear_proxy=hear, host=host, port=port)
    except OSError as error:
        raise click.ClickException(f"{host}:{port}: {error.strerror}; another PORT may be free") from None
    click.echo(f"Lịch bộ livestream: http://{host}:{port}")
    if settings.demo:
        _tell_accounts()
    with _worker_beside():
        server.run()


def hear_proxy(app: Flask, address: str) -> None:
    """Warn of a proxy that is not trusted, once in a while."""
    with app.app_context():
        try:
            if health.note_proxy(address, now=utc_now()):
                app.logger.warning(doctor_service.proxy_advice([address]))
        except SQLAlchemyError:  # The page says what is wrong with the database.
            app.logger.warning("proxy %s can't be noted", address)


def _tell_accounts() -> None:
    from kit_booking.services.ops.demo_data import ACCOUNTS  # As above.

    click.echo(
        "Bản thử (demo): tin nhắn hiện ở /demo/phones. Cán bộ đăng nhập ở /staff, mật khẩu mọi tài khoản: "
        f"{ACCOUNTS[0].password}"
    )
    for account in ACCOUNTS:
        click.echo(f"  {account.username:<24} {account.role} {account.commune}")


@contextlib.contextmanager
def _worker_beside() -> Iterator[None]:
    """The worker as a process of its own, started again should it die, and ended together with the pages."""
    stopping = threading.Event()
    processes: list[subprocess.Popen[bytes]] = []

    def keep_alive() -> None:
        while not stopping.is_set():
            # In a session of its own, so that Ctrl-C reaches only this process, which then ends it with SIGTERM.
            processes[:] = [
                subprocess.Popen(  # noqa: S603 (the only thing in it that varies is a number)
                    [sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--beside", str(os.getpid())],
                    start_new_session=True,
                )
            ]
            processes[0].wait()
            stopping.wait(1)

    keeper = threading.Thread(target=keep_alive, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopping.set()
        for process in processes:
            process.terminate()
        keeper.join(timeout=15)


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]
