"""The worker: settle what is overdue, write reminders, send what is due, tidy up; each step is safe to run twice."""

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable

from flask import Flask

from kit_booking.adapters.file_sms import FileSms
from kit_booking.adapters.sms import Report, SmsFault, SmsSender
from kit_booking.clock import Clock
from kit_booking.services.booking import deadlines
from kit_booking.services.messages import delivery, outbox, reminders
from kit_booking.services.ops import health
from kit_booking.services.register import erasing
from kit_booking.services.timeline import undo
from kit_booking.services.waiting import entries

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two rounds; a login code is waited for."""
CHORES = 20.0
"""Seconds between two looks at what is not urgent; reminders are right to the minute."""


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
    """All but what has to do with sending. Needs an application context."""
    health.beat(now=clock())
    due = deadlines.find_due(now=clock())
    _each(undo.keep_no_longer, undo.find_kept(now=clock()), clock)
    _each(undo.forget, undo.find_over(now=clock()), clock)
    _each(deadlines.lapse, due.lapsing, clock)
    _each(deadlines.remind_staff, due.to_remind_of, clock)
    _each(entries.end_waiting, due.waiting_over, clock)
    _each(reminders.write_due, reminders.find_due(now=clock()), clock)
    _each(reminders.write_overdue, reminders.find_overdue(now=clock()), clock)
    health.tidy_up(now=clock())
    erasing.forget_old(now=clock())


def _each(step: Callable[..., object], things: Iterable[object], clock: Clock) -> None:
    """Do the step for each; one for which it fails is tried again next time, and keeps nobody else waiting."""
    for thing in things:
        try:
            step(thing, now=clock())
        except Exception:
            log.exception("%s failed for %s", step.__name__, thing)


def send_due(sms: SmsSender, clock: Clock, *, is_stopped: Callable[[], bool] = lambda: False) -> None:
    """Settle what was lost, then send until nothing is due. Needs an application context."""
    worker = f"{socket.gethostname()[:30]}.{os.getpid()}.{secrets.token_hex(4)}"
    work = outbox.find_work(now=clock())
    if work.lost:
        outbox.give_up_lost(now=clock())
        work = outbox.find_work(now=clock())
    if work.to_ask:
        ask_after_unknown(sms, clock, is_stopped)
    while not is_stopped() and outbox.find_work(now=clock()).to_send:
        claim = outbox.claim_next(worker, now=clock())
        if claim is None or not send(sms, claim, clock):
            break


def ask_after_unknown(sms: SmsSender, clock: Clock, is_stopped: Callable[[], bool]) -> None:
    """Ask the provider whether it has the texts whose answers were lost, each once."""
    while not is_stopped() and (question := delivery.next_question(now=clock())):
        outcome: Report | SmsFault | None
        try:
            outcome = sms.find(question.message.to, question.message.body, question.since, question.known)
        except SmsFault as fault:
            log.warning("can't ask after text %s: %s", question.message.id, fault)
            outcome = fault
        delivery.answer(question, outcome, now=clock())


def send(sms: SmsSender, claim: outbox.Claim, clock: Clock) -> bool:
    """Send one claimed text and settle it; False when nothing else can be sent for the moment."""
    outcome: Report | SmsFault
    if not outbox.is_fresh(claim, now=clock()):
        # The machine slept: somebody else may soon send it, and will ask before.
        log.warning("text %s left alone: its lease is nearly over", claim.message_id)
        return True
    try:
        outcome = sms.send(claim.sms)
    except SmsFault as fault:
        log.warning("text %s not sent: %s", claim.message_id, fault)
        outcome = fault
    return outbox.record_result(claim, outcome, now=clock())
