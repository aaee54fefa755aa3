"""The settings: read once, and a bad one stops every command with one clear line."""

import stat
from pathlib import Path

import pytest

from kit_booking.config import BadSetting, Settings
from tests.commands import run

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
