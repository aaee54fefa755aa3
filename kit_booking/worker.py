"""The worker: settle what is overdue, write reminders, send what is due, tidy up; each step is safe to run twice."""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask

from kit_booking.adapters.file_sms import FileSms
from kit_booking.adapters.sms import SmsDelayed, SmsMisconfigured, SmsRefused, SmsSender, SmsUnknown
from kit_booking.models import MessageState
from kit_booking.services import deadlines, erasing, health, outbox, overdue, reminders, waiting_list

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two rounds; a login code is waited for."""
CHORES = 20.0
"""Seconds between two looks at what is not urgent; reminders are right to the minute."""
REPAIR = timedelta(minutes=5)
"""How long a text waits after the sender turned out to be set up wrongly."""

Clock = Callable[[], datetime]


def run(app: Flask, clock: Clock, beside: int | None = None) -> None:
    """Rounds until SIGTERM, SIGINT, or the end of the process beside which this one works."""
    stop = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: stop.set())
    chores_due = 0.0
    while not stop.is_set() and beside in (None, os.getppid()):
        try:
            with app.app_context():
                if time.monotonic() >= chores_due:
                    do_chores(clock)
                    chores_due = time.monotonic() + CHORES
                send_due(sender(app, clock), clock, is_stopped=stop.is_set)
        except Exception:
            # A database that is away comes back; the outbox waits for it.
            log.exception("the round failed")
            stop.wait(PAUSE * 5)
        stop.wait(PAUSE)


def run_once(app: Flask, clock: Clock) -> None:
    with app.app_context():
        do_chores(clock)
        send_due(sender(app, clock), clock)


def sender(app: Flask, clock: Clock) -> SmsSender:
    """Who sends; from a demo database nothing ever reaches a real phone, whatever keys are set."""
    sms: SmsSender = app.extensions["sms"]
    if health.is_demo() and not isinstance(sms, FileSms):
        return FileSms(app.extensions["settings"].sms_file, clock)
    return sms


def do_chores(clock: Clock) -> None:
    """All but the sending. Needs an application context."""
    health.beat(now=clock())
    if outbox.is_something_lost(now=clock()):
        outbox.give_up_lost(now=clock())
    due = deadlines.find_due(now=clock())
    for code in due.lapsing:
        deadlines.lapse(code, now=clock())
    for code in due.to_remind_of:
        deadlines.remind_staff(code, now=clock())
    for entry_id in due.waiting_over:
        waiting_list.end_waiting(entry_id, now=clock())
    for booking_id in reminders.find_due(now=clock()):
        reminders.write_due(booking_id, now=clock())
    for code in overdue.find_due(now=clock()):
        overdue.tell(code, now=clock())
    health.tidy_up(now=clock())
    erasing.forget_old(now=clock())


def send_due(sms: SmsSender, clock: Clock, *, is_stopped: Callable[[], bool] = lambda: False) -> None:
    """Send until nothing is due. Needs an application context."""
    worker = f"{socket.gethostname()[:30]}.{os.getpid()}.{secrets.token_hex(4)}"
    while not is_stopped() and outbox.is_something_due(now=clock()):
        claim = outbox.claim_next(worker, now=clock())
        if claim is None or not send(sms, claim, clock):
            break


def send(sms: SmsSender, claim: outbox.Claim, clock: Clock) -> bool:
    """Send one claimed text and settle it; False when nothing else can be sent for the moment."""
    try:
        receipt = sms.send(claim.sms)
    except (SmsDelayed, SmsMisconfigured) as fault:
        wait = fault.retry_after if isinstance(fault, SmsDelayed) else REPAIR
        log.warning("text %s put off: %s", claim.message_id, fault)
        now = clock()
        outbox.settle(claim, MessageState.QUEUED, now=now, fault=str(fault), again_at=now + wait)
        return False
    except SmsRefused as fault:
        log.warning("text %s refused: %s", claim.message_id, fault)
        return outbox.settle(claim, MessageState.FAILED, now=clock(), fault=str(fault))
    except SmsUnknown as fault:
        log.warning("text %s unknown: %s", claim.message_id, fault)
        return outbox.settle(claim, MessageState.UNKNOWN, now=clock(), fault=str(fault))
    return outbox.settle(claim, MessageState.ACCEPTED, now=clock(), provider_id=receipt.provider_id)
