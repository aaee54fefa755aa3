"""The settings: read once, and a bad one stops every command with one clear line."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from kit_booking.config import BadSetting, Settings
from kit_booking.domain.messages.delivery import Timing
from tests.support.commands import run

SECRET = {"SECRET_KEY": "enough letters for a secret"}
TWILIO = {"SMS_BACKEND": "twilio", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "a-token-of-twilio"}

BAD = [
    ({"SECRET_KEY": "short"}, "SECRET_KEY"),
    ({"DATABASE_URL": "mysql://localhost/kits"}, "DATABASE_URL"),
    ({"DATABASE_URL": "kits.db"}, "DATABASE_URL"),
    ({"DATABASE_URL": "sqlite://"}, "DATABASE_URL"),
    ({"DATABASE_URL": "postgresql://host:port/kits"}, "DATABASE_URL"),
    ({"DATABASE_URL": "postgresql://host"}, "DATABASE_URL"),
    ({"PORT": "http"}, "PORT"),
    ({"PORT": "0"}, "PORT"),
    ({"PORT": "65536"}, "PORT"),
    ({"PUBLIC_BASE_URL": "kits.example"}, "PUBLIC_BASE_URL"),
    ({"PUBLIC_BASE_URL": "ftp://kits.example"}, "PUBLIC_BASE_URL"),
    ({"PUBLIC_BASE_URL": "https://kits.example/path"}, "PUBLIC_BASE_URL"),
    ({"PUBLIC_BASE_URL": "https://kits.example?query"}, "PUBLIC_BASE_URL"),
    ({"PUBLIC_BASE_URL": "https://kits.example:port"}, "PUBLIC_BASE_URL"),
    ({"PUBLIC_BASE_URL": "https://[kits"}, "PUBLIC_BASE_URL"),
    ({"DEMO": "yes"}, "DEMO"),
    ({"SMS_BACKEND": "pigeon"}, "SMS_BACKEND"),
    ({"SMS_NAME": "LIVE PX"}, "SMS_NAME"),
    ({"SMS_NAME": "PHUXUYENLIVE"}, "SMS_NAME"),
    ({"SMS_NAME": "LỊCH"}, "SMS_NAME"),
    ({"SMS_BACKEND": "twilio"}, "TWILIO_ACCOUNT_SID"),
    (TWILIO, "TWILIO_SENDER"),
    (TWILIO | {"TWILIO_SENDER": "LIVEPX", "TWILIO_MESSAGING_SERVICE_SID": "MG1"}, "TWILIO_SENDER"),
    (TWILIO | {"TWILIO_SENDER": "LIVEPX", "TWILIO_API_BASE": "localhost:4010"}, "TWILIO_API_BASE"),
]


@pytest.mark.parametrize(("environment", "name"), BAD, ids=lambda value: str(value))
def test_a_setting_that_can_t_be_used_is_named(environment: dict[str, str], name: str, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=name) as refusal:
        Settings.from_env(SECRET | environment, tmp_path)
    assert "\n" not in refusal.value.message


def test_a_command_says_so_in_one_line_and_fails(tmp_path: Path) -> None:
    command = run(tmp_path, "serve", SMS_BACKEND="pigeon")
    assert command.process.returncode == 1
    assert command.errors == "Error: SMS_BACKEND is 'pigeon'; it takes file or twilio\n"
    assert command.output == ""


def test_no_secret_is_repeated(tmp_path: Path) -> None:
    environment = SECRET | TWILIO | {"TWILIO_SENDER": "LIVEPX", "DATABASE_URL": "postgresql://me:hush@host/kits"}
    shown = repr(Settings.from_env(environment, tmp_path))
    for secret in (SECRET["SECRET_KEY"], TWILIO["TWILIO_AUTH_TOKEN"], "hush"):
        assert secret not in shown
    with pytest.raises(BadSetting) as refusal:
        Settings.from_env(SECRET | {"DATABASE_URL": "mysql://me:hush@host/kits"}, tmp_path)
    assert "hush" not in refusal.value.message


def test_without_any_setting_everything_is_kept_in_the_instance_folder(tmp_path: Path) -> None:
    settings = Settings.from_env({}, tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/kit_booking.db"
    assert settings.sms_file == tmp_path / "sms.jsonl"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.public_base_url == "http://127.0.0.1:8000"
    assert (settings.demo, settings.sms_backend) == (False, "file")


def test_a_setting_left_empty_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    names = ("DATABASE_URL", "SECRET_KEY", "HOST", "PORT", "PUBLIC_BASE_URL", "DEMO", "SMS_BACKEND", "SMS_FILE")
    twilio = ("SMS_NAME", "TWILIO_API_BASE", "TWILIO_SENDER", "TRUSTED_PROXY")
    empty = dict.fromkeys(names + twilio, "")
    assert Settings.from_env(empty, tmp_path) == Settings.from_env({}, tmp_path)


def test_the_port_is_part_of_the_address_that_people_are_told(tmp_path: Path) -> None:
    assert Settings.from_env({"PORT": "8123"}, tmp_path).public_base_url == "http://127.0.0.1:8123"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_name_of_postgresql_means_the_same(scheme: str, tmp_path: Path) -> None:
    settings = Settings.from_env(SECRET | {"DATABASE_URL": f"{scheme}://host/kits"}, tmp_path)
    assert settings.database_url == "postgresql+psycopg://host/kits"


def test_the_secret_is_made_once_and_is_its_owner_s_alone(tmp_path: Path) -> None:
    first = Settings.from_env({}, tmp_path / "new").secret_key
    assert len(first) > 40
    assert Settings.from_env({}, tmp_path / "new").secret_key == first
    assert Settings.from_env({}, tmp_path / "other").secret_key != first
    mode = (tmp_path / "new" / "secret_key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_an_empty_secret_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("\n")
    with pytest.raises(BadSetting, match="secret_key is empty"):
        Settings.from_env({}, tmp_path)


def test_a_secret_that_can_t_be_kept_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting, match="set SECRET_KEY"):
        Settings.from_env({}, tmp_path / "file")


def test_the_outbox_s_patience_and_the_price_are_settings(tmp_path: Path) -> None:
    given = {"SMS_TIMEOUT": "0.5", "SMS_LEASE": "4", "SMS_ASK_AFTER": "1", "SMS_RETRY_AFTER": "2", "SMS_REPAIR": "3"}
    settings = Settings.from_env(SECRET | given | {"SMS_PRICE": "650"}, tmp_path)
    seconds = [timedelta(seconds=number) for number in (4, 1, 2, 3)]
    assert settings.sms_timing == Timing(*seconds)
    assert (settings.sms_timeout, settings.sms_price) == (0.5, 650)
    assert Settings.from_env(SECRET, tmp_path).sms_timing == Timing()


@pytest.mark.parametrize(
    "given",
    [
        {"SMS_PRICE": "free"},
        {"SMS_PRICE": "0"},
        {"SMS_LEASE": "-1"},
        {"SMS_ASK_AFTER": "1e9"},
        {"SMS_TIMEOUT": "٣"},
        {"SMS_LEASE": "20", "SMS_TIMEOUT": "10"},
    ],
    ids=str,
)
def test_a_patience_that_can_t_be_is_refused_by_its_name(given: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=next(iter(given))):
        Settings.from_env(SECRET | given, tmp_path)


@pytest.mark.parametrize(
    ("given", "callback"),
    [
        ({}, ""),
        ({"PUBLIC_BASE_URL": "http://lich.example.vn"}, ""),
        ({"PUBLIC_BASE_URL": "https://lich.example.vn"}, "https://lich.example.vn/hooks/twilio/status"),
        ({"TWILIO_API_BASE": "http://127.0.0.1:9010"}, "http://127.0.0.1:8000/hooks/twilio/status"),
    ],
)
def test_twilio_is_told_where_to_report_only_if_it_can_get_there(
    given: dict[str, str], callback: str, tmp_path: Path
) -> None:
    assert Settings.from_env(SECRET | given, tmp_path).twilio_status_callback == callback
