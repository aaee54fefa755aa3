"""Stand-ins for the outside world that remember what they were asked."""

from kit_booking.adapters.sms import Receipt, Sms


class FakeSms:
    """A phone network that keeps every text, or fails as it is told."""

    def __init__(self) -> None:
        self.sent: list[Sms] = []
        self.fault: Exception | None = None
        """While set, sending raises it and nothing is sent."""

    def send(self, sms: Sms) -> Receipt:
        if self.fault:
            raise self.fault
        self.sent.append(sms)
        return Receipt(provider_id=f"SM{len(self.sent):032x}")

    def texts_to(self, phone: str) -> list[str]:
        """What reached this phone, oldest first."""
        return [sms.body for sms in self.sent if sms.to == phone]
