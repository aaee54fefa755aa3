"""The file that stands in for the phone network."""

import json
import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit_booking.adapters.file_sms import FiledSms, FileSms, read_phones
from kit_booking.adapters.sms import Sms, SmsMisconfigured

NOW = datetime(2026, 12, 4, 11, 0, tzinfo=UTC)
PHONE = "+84912345678"


def sms(body: str) -> Sms:
    return Sms(to=PHONE, body=body, kind="approved", valid_for=timedelta(hours=1))


def sender(path: Path) -> FileSms:
    return FileSms(path, lambda: NOW)


def test_a_text_becomes_one_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "sms.jsonl"
    receipt = sender(path).send(sms("LIVEPX: DA DUYET\nphieu PD7K2"))

    [line] = path.read_text().splitlines()
    assert json.loads(line) == {
        "id": receipt.provider_id,
        "to": PHONE,
        "body": "LIVEPX: DA DUYET\nphieu PD7K2",
        "kind": "approved",
        "at": "2026-12-04T11:00:00+00:00",
    }


def test_two_texts_get_different_receipts(tmp_path: Path) -> None:
    door = sender(tmp_path / "sms.jsonl")
    assert door.send(sms("one")) != door.send(sms("one"))


def test_the_folder_is_made_and_the_file_is_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "instance" / "demo" / "sms.jsonl"
    sender(path).send(sms("Ma dang nhap cua ba con la 123456"))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_is_for_the_operator_to_repair(tmp_path: Path) -> None:
    with pytest.raises(SmsMisconfigured, match="Is a directory"):
        sender(tmp_path).send(sms("one"))


def test_the_newest_text_is_read_first_and_only_as_many_as_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "sms.jsonl"
    for body in ("one", "two", "three"):
        sender(path).send(sms(body))
    assert read_phones(path, most=2) == [
        FiledSms(PHONE, "three", "approved", NOW),
        FiledSms(PHONE, "two", "approved", NOW),
    ]


def test_a_file_that_does_not_exist_yet_has_no_texts(tmp_path: Path) -> None:
    assert read_phones(tmp_path / "sms.jsonl") == []


@pytest.mark.parametrize("torn", [b'{"to": "+849', '{"body": "ế'.encode()[:-1], b"{}", b"[]", b"7", b"\n"])
def test_a_torn_last_line_does_not_hide_the_others(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "sms.jsonl"
    sender(path).send(sms("one"))
    with path.open("ab") as file:
        file.write(torn)
    assert [filed.body for filed in read_phones(path)] == ["one"]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_lines_of_several_processes_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "sms.jsonl"
    fork = multiprocessing.get_context("fork")
    all_at_once = fork.Barrier(3)

    def write(letter: str) -> None:
        door = sender(path)
        all_at_once.wait(10)
        for _ in range(200):
            door.send(sms(letter * 20_000))  # Longer than any buffer, so that a write in pieces would show.

    writers = [fork.Process(target=write, args=(letter,)) for letter in "abc"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    bodies = sorted(json.loads(line)["body"] for line in path.read_text().splitlines())
    assert bodies == sorted(letter * 20_000 for letter in "abc" * 200)


def test_a_text_that_was_written_is_found_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "sms.jsonl"
    file = sender(path)
    assert file.find(PHONE, "one", NOW, frozenset()) is None
    receipts = [file.send(sms(body)) for body in ("one", "two", "one")]
    names = [receipt.provider_id for receipt in receipts]
    found = file.find(PHONE, "one", NOW, frozenset())
    assert found
    assert found.provider_id == names[2]
    earlier = file.find(PHONE, "one", NOW, frozenset({names[2]}))
    assert earlier
    assert earlier.provider_id == names[0]
    assert file.find(PHONE, "one", NOW, frozenset(names)) is None
    assert file.find(PHONE, "three", NOW, frozenset()) is None
    assert file.find("+84987654321", "one", NOW, frozenset()) is None
    assert file.find(PHONE, "one", NOW + timedelta(seconds=1), frozenset()) is None
