"""Stand-ins for the outside world that remember what they were asked."""

from datetime import datetime

from kit_booking.adapters.sms import Report, Sms, SmsUnknown
from kit_booking.models import MessageState


class FakeSms:
    """A phone network that keeps every text, or fails as it is told."""

    def __init__(self) -> None:
        self.sent: list[Sms] = []
        self.fault: Exception | None = None
        """While set, sending raises it and nothing is sent."""
        self.loses_answers = False
        """While set, it takes every text and nobody hears of it."""
        self.is_deaf = False
        """While set, it can't be asked what it has."""
        self.asked = 0

    def send(self, sms: Sms) -> Report:
        if self.fault:
            raise self.fault
        self.sent.append(sms)
        if self.loses_answers:
            raise SmsUnknown("ReadTimeout")
        return Report(self._name(len(self.sent)))

    def find(self, to: str, body: str, since: datetime, known: frozenset[str]) -> Report | None:
        self.asked += 1
        if self.is_deaf:
            raise SmsUnknown("HTTP 500")
        for number, sms in enumerate(self.sent, 1):
            if (sms.to, sms.body) == (to, body) and self._name(number) not in known:
                return Report(self._name(number), MessageState.SENT)
        return None

    @staticmethod
    def _name(number: int) -> str:
        return f"SM{number:032x}"

    def texts_to(self, phone: str) -> list[str]:
        """What reached this phone, oldest first."""
        return [sms.body for sms in self.sent if sms.to == phone]
