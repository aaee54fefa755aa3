"""Texts that go to a file instead of a phone: without Twilio keys, and for the demo's page of phones."""

import json
import os
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from kit_booking.adapters.sms import Report, Sms, SmsMisconfigured

FIND_AMONG = 5000
"""So many of the last texts are looked through for one that may have been written."""


@dataclass(frozen=True)
class FiledSms:
    to: str
    body: str
    kind: str
    at: datetime
    id: str = field(default="", compare=False)


class FileSms:
    """Appends one JSON object a line; any number of processes may write to the same file."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now

    def send(self, sms: Sms) -> Report:
        report = Report(f"file-{uuid4().hex}")
        filed = {
            "id": report.provider_id,
            "to": sms.to,
            "body": sms.body,
            "kind": sms.kind,
            "at": self._now().isoformat(),
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # The file holds numbers and login codes. With O_APPEND one write lands whole, behind everybody else's.
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(handle, "ab", buffering=0) as file:
                file.write(json.dumps(filed).encode() + b"\n")
        except OSError as error:
            raise SmsMisconfigured(f"{self._path}: {error.strerror}") from error
        return report

    def find(self, to: str, body: str, since: datetime, known: frozenset[str]) -> Report | None:
        for line in reversed(_last_lines(self._path, FIND_AMONG)):
            filed = _parse(line)
            if filed and (filed.to, filed.body) == (to, body) and filed.at >= since and filed.id not in known:
                return Report(filed.id)
        return None


def read_phones(path: Path, most: int = 200) -> list[FiledSms]:
    """The last `most` texts in the file, newest first; a line torn by a crash is passed over."""
    return [filed for line in reversed(_last_lines(path, most)) if (filed := _parse(line))]


def _last_lines(path: Path, most: int) -> Sequence[bytes]:
    if not path.exists():
        return []
    with path.open("rb") as lines:
        return deque(lines, maxlen=most)


def _parse(line: bytes) -> FiledSms | None:
    try:
        filed = json.loads(line)
        return FiledSms(
            filed["to"], filed["body"], filed["kind"], datetime.fromisoformat(filed["at"]), filed.get("id", "")
        )
    except (ValueError, KeyError, TypeError):
        return None
