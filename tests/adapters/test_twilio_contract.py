"""Twilio's own description of its API judges what we send and what we read (Prism plays the server)."""

import hashlib
import json
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit_booking.adapters.sms import Sms, SmsMisconfigured, SmsProblem, SmsRefused
from kit_booking.adapters.twilio_sms import TwilioSms

# Prism takes seconds to start, many on a busy machine: once is enough.
pytestmark = [pytest.mark.xdist_group("prism"), pytest.mark.timeout(120)]

PRISM = Path(__file__).parents[2] / "node_modules/.bin/prism"
# Twilio publishes the description inside its command line tool, whose 200 dependencies nobody needs here.
PACKAGE = "@twilio/cli-core@8.3.2"
PACKAGE_SHA256 = "6ae83443de5882462b5fba9eddd9080a0ba52ff9cfa579d8bac9f4cf43ee4409"
DESCRIPTION = "package/src/services/twilio-api/twilio_api_v2010.json"
MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"

ACCOUNT = "AC" + "0" * 32
REMINDER = Sms("+84912345678", "LIVEPX: Nhac lich PD7K2", "reminder_day", timedelta(hours=2))


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that refuses what Twilio's description does not allow."""
    if not (PRISM.exists() and shutil.which("node")):
        pytest.skip("Prism is missing: install Node, then `npm ci --ignore-scripts`")
    folder = tmp_path_factory.mktemp("prism")
    description = fetch_description(folder)
    port = free_port()
    log = folder / "prism.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [PRISM, "mock", "--errors", "-h", "127.0.0.1", "-p", str(port), description],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_listening(server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def fetch_description(folder: Path) -> Path:
    """Twilio's OpenAPI file, cut to the one path we use so that Prism starts sooner."""
    npm = ["npm", "pack", "--prefer-offline", "--pack-destination", folder, PACKAGE]
    if subprocess.run(npm, capture_output=True).returncode:
        pytest.skip(f"npm could not fetch {PACKAGE}, which holds Twilio's description of its API")
    [archive] = folder.glob("*.tgz")
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == PACKAGE_SHA256
    with tarfile.open(archive) as package:
        file = package.extractfile(DESCRIPTION)
        assert file
        description = json.load(file)
    description["paths"] = {MESSAGES: description["paths"][MESSAGES]}
    answer = description["paths"][MESSAGES]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    for name, value in answer["properties"].items():
        if name.endswith("uri"):  # Twilio's own example has addresses without a host, which Prism refuses.
            value.pop("format", None)
    path = folder / "twilio.json"
    path.write_text(json.dumps(description))
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def wait_until_listening(server: subprocess.Popen[bytes], log: Path) -> None:
    last_moment = time.monotonic() + 45
    while "is listening" not in log.read_text():
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < last_moment, log.read_text()
        time.sleep(0.05)


def test_twilio_takes_our_text_from_a_sender(prism: str) -> None:
    receipt = TwilioSms(ACCOUNT, "token", sender="LIVEPX", api_base=prism).send(REMINDER)
    assert receipt.provider_id.startswith("SM")


def test_twilio_takes_our_text_from_a_messaging_service(prism: str) -> None:
    service = "MG" + "0" * 32
    receipt = TwilioSms(ACCOUNT, "token", messaging_service_sid=service, api_base=prism).send(REMINDER)
    assert receipt.provider_id.startswith("SM")


def test_twilio_would_notice_a_malformed_messaging_service(prism: str) -> None:
    with pytest.raises(SmsRefused) as refused:
        TwilioSms(ACCOUNT, "token", messaging_service_sid="MG1", api_base=prism).send(REMINDER)
    assert refused.value.problem == SmsProblem.BUG


def test_twilio_would_notice_a_wrong_address(prism: str) -> None:
    with pytest.raises(SmsMisconfigured):
        TwilioSms(ACCOUNT, "token", sender="LIVEPX", api_base=f"{prism}/elsewhere").send(REMINDER)


def test_twilio_lets_itself_be_asked_what_it_has(prism: str) -> None:
    sender = TwilioSms(ACCOUNT, "token", sender="LIVEPX", api_base=prism)
    assert sender.find("+84912345678", "nobody wrote this", datetime(2026, 12, 1, tzinfo=UTC), frozenset()) is None


def test_twilio_takes_the_address_of_our_reports(prism: str) -> None:
    callback = "https://lich.example.vn/hooks/twilio/status"
    sender = TwilioSms(ACCOUNT, "token", sender="LIVEPX", api_base=prism, status_callback=callback)
    assert sender.send(replace(REMINDER, ref="17-1")).provider_id.startswith("SM")
