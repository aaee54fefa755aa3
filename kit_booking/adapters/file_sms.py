"""Texts that go to a file instead of a phone: without Twilio keys, and for the demo's page of phones."""

import json
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from kit_booking.adapters.sms import Receipt, Sms, SmsMisconfigured


@dataclass(frozen=True)
class FiledSms:
    to: str
    body: str
    kind: str
    at: datetime


class FileSms:
    """Appends one JSON object a line; any number of processes may write to the same file."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now

    def send(self, sms: Sms) -> Receipt:
        receipt = Receipt(f"file-{uuid4().hex}")
        filed = {
            "id": receipt.provider_id,
            "to": sms.to,
            "body": sms.body,
            "kind": sms.kind,
            "at": self._now().isoformat(),
        }
        try:
            _append(self._path, json.dumps(filed).encode() + b"\n")
        except OSError as error:
            raise SmsMisconfigured(f"{self._path}: {error.strerror}") from error
        return receipt


def read_phones(path: Path, most: int = 200) -> list[FiledSms]:
    """The last `most` texts in the file, newest first; a line torn by a crash is passed over."""
    if not path.exists():
        return []
    with path.open("rb") as lines:
        newest = deque(lines, maxlen=most)
    return [filed for line in reversed(newest) if (filed := _parse(line))]


def _append(path: Path, line: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file holds numbers and login codes. With O_APPEND one write lands whole, behind everybody else's.
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


def _parse(line: bytes) -> FiledSms | None:
    try:
        filed = json.loads(line)
        return FiledSms(filed["to"], filed["body"], filed["kind"], datetime.fromisoformat(filed["at"]))
    except (ValueError, KeyError, TypeError):
        return None
