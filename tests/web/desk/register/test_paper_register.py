"""Sending a paper register, looking at what is wrong in it, taking it over."""

import io
from datetime import timedelta

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from kit_booking.adapters.sheet_file import read_sheets
from kit_booking.clock import utc_now
from kit_booking.domain.time.local_time import local_day
from kit_booking.models import Booking, Household, RegisterFile
from tests.support.builders import csrf_token
from tests.support.town import Browser, Town, where, words_of

HEADINGS = "Tên chủ hộ,Điện thoại,Thôn,Nghề,Ngày,Buổi,Bộ\n"


@pytest.fixture
def clerk(town: Town) -> Browser:
    return town.browser(town.clerk)


def send(browser: Browser, content: bytes, name: str = "sổ mượn.csv") -> TestResponse:
    fields = {"csrf_token": csrf_token(browser.client), "file": FileStorage(io.BytesIO(content), name)}
    boundary, body = encode_multipart(fields)  # By hand, because the client leaves its file open where it is large.
    return browser.client.post("/staff/import", data=body, content_type=f"multipart/form-data; boundary={boundary}")


def sent(browser: Browser, *lines: str) -> str:
    answer = send(browser, (HEADINGS + "\n".join(lines)).encode())
    assert answer.status_code == 303
    return answer.headers["Location"]


def take(browser: Browser, path: str, **fields: str) -> TestResponse:
    return browser.post(path, take="y", consent="y", **fields)


def in_days(days: int) -> str:
    return f"{local_day(utc_now()) + timedelta(days=days):%d/%m/%Y}"


def test_a_register_is_sent_looked_at_and_taken_over(town: Town, clerk: Browser) -> None:
    path = sent(clerk, f"Đỗ Thị Lụa,0987654321,Giẽ Hạ,giày da,{in_days(3)},Tối,PD-1", "Trần Ba,,Giẽ Hạ,giày da,,,")
    page = words_of(clerk.get(path))
    assert "sổ mượn.csv" in page
    assert "Hộ mới ghi vào sổ 2" in page
    assert "Phiếu mới, được mượn ngay 1" in page
    assert town.world.all(Booking) == []
    assert clerk.post(path, take="y").status_code == 422
    assert where(take(clerk, path)) == f"303 {path}"
    done = clerk.get(path)
    assert "Đã nhập sổ: thêm 2 hộ, 1 phiếu" in words_of(done)
    assert 'name="column"' not in done.text, "nothing is left to be asked about"
    assert town.world.all(Household)[-2].consent_to == town.clerk.name


def test_the_same_button_twice_takes_it_once(town: Town, clerk: Browser) -> None:
    path = sent(clerk, "Đỗ Thị Lụa,,Giẽ Hạ,giày da,,,")
    before = len(town.world.all(Household))
    for _ in range(2):
        assert where(take(clerk, path)) == f"303 {path}"
    assert len(town.world.all(Household)) == before + 1


def test_every_problem_is_named_by_row_and_column_and_the_good_rows_are_taken(town: Town, clerk: Browser) -> None:
    before = len(town.world.all(Household))
    path = sent(clerk, "Đỗ Thị Lụa,,Giẽ Hạ,giày da,,,", "Lê Bình,0912,,thêu,,,", "A B,,Giẽ,giày,32/13,Tối,PD-1")
    page = words_of(clerk.get(path))
    assert "2 dòng chưa nhập được. Các dòng khác vẫn nhập được." in page
    assert "3 Thôn, làng Còn trống." in page
    assert "3 Điện thoại “0912” không phải một số điện thoại đúng." in page
    assert "4 Ngày mượn “32/13” không phải một ngày." in page
    take(clerk, path)
    assert len(town.world.all(Household)) == before + 1
    left = clerk.get(f"{path}/left.xlsx")
    assert left.headers["Content-Disposition"] == 'attachment; filename="chua-nhap.xlsx"'
    [sheet] = read_sheets(left.data, 10)
    assert [line[0] for line in sheet.lines] == ["Tên chủ hộ", "Lê Bình", "A B"]
    assert "Còn trống." in sheet.lines[1][-1]
    back = send(clerk, left.data, "chua-nhap.xlsx")
    assert "2 dòng chưa nhập được" in words_of(clerk.get(back.headers["Location"]))


def test_who_is_who_is_asked_and_the_answer_is_kept(town: Town, clerk: Browser) -> None:
    path = sent(clerk, "Trần Thị Bưởi,0912345678,Giẽ,giày,,,", "Lê Na,0987654999,Giẽ,giày,,,")
    page = words_of(clerk.get(path))
    assert "1 dòng chưa rõ là hộ nào" in page
    assert "Cùng một hộ với Nguyễn Thị Hạnh · 0912 *** 678" in page
    assert where(clerk.post(path, **{"who-2": "new"})) == f"303 {path}"
    assert "Hộ mới ghi vào sổ 2" in words_of(clerk.get(path))
    take(clerk, path)
    assert [one.name for one in town.world.all(Household)][-2:] == ["Trần Thị Bưởi", "Lê Na"]


def test_columns_can_be_chosen(clerk: Browser) -> None:
    answer = send(clerk, "Tên,Chỗ ở,Nghề,Ký nhận\nLê Na,Giẽ,giày,đã ký\n".encode())
    path = answer.headers["Location"]
    assert "Chưa thấy cột Thôn, làng" in words_of(clerk.get(path))
    assert clerk.get(path).text.count('class="unused"') == 2
    boundary = clerk.client.post(
        path, data={"csrf_token": csrf_token(clerk.client), "column": ["name", "village", "craft", "-"]}
    )
    assert boundary.status_code == 303
    assert "Hộ mới ghi vào sổ 1" in words_of(clerk.get(path))


def test_a_weekday_that_does_not_fit_is_asked_about(clerk: Browser) -> None:
    day = local_day(utc_now()) + timedelta(days=3)
    wrong = "CN" if day.weekday() != 6 else "T2"
    path = sent(clerk, f"Lê Na,,Giẽ,giày,{wrong} {day:%d/%m/%Y},Tối,PD-1")
    assert "Ngày và thứ không khớp" in words_of(clerk.get(path))
    clerk.post(path, weekday="2", day="2")
    assert "Phiếu mới, được mượn ngay 1" in words_of(clerk.get(path))


def test_old_fonts_are_shown_and_can_be_left_as_they_are(clerk: Browser) -> None:
    path = sent(clerk, "NguyÔn ThÞ H¹nh,,Giẽ,giày,,,")
    assert "NguyÔn ThÞ H¹nh → Nguyễn Thị Hạnh" in words_of(clerk.get(path))
    clerk.post(path, converts="n")
    assert "2 NguyÔn ThÞ H¹nh" in words_of(clerk.get(path))


def test_what_is_over_becomes_history_when_one_says_so(town: Town, clerk: Browser) -> None:
    path = sent(clerk, f"Lê Na,,Giẽ,giày,{in_days(-3)},Tối,PD-1")
    assert "Buổi đã qua 1 (bỏ qua)" in words_of(clerk.get(path))
    take(clerk, path, history="y")
    assert "1 buổi trước đây" in words_of(clerk.get(path))
    assert [booking.status for booking in town.world.all(Booking)] == ["returned"]


def test_it_can_be_taken_back_until_somebody_has_used_it(town: Town, clerk: Browser) -> None:
    before = len(town.world.all(Household))
    path = sent(clerk, "Lê Na,,Giẽ,giày,,,")
    take(clerk, path)
    assert where(clerk.post(f"{path}/take-back")) == f"303 {path}"
    assert "Đã bỏ hết những gì nhập từ tệp này." in words_of(clerk.get(path))
    assert len(town.world.all(Household)) == before
    clerk.post(f"{path}/take-back")
    assert "Không bỏ được nữa" in words_of(clerk.get(path))


def test_rules_take_a_reason_which_is_kept_with_the_rest(town: Town, clerk: Browser) -> None:
    town.world.change(town.commune, policy={})
    lines = [f"Đỗ Thị Lụa,0987654321,Giẽ Hạ,giày da,{in_days(days)},Tối,PD-1" for days in (3, 4)]
    path = sent(clerk, *lines)
    assert "Hộ đang có đủ 1 phiếu buổi tối. Dòng 3" in words_of(clerk.get(path))
    refused = take(clerk, path)
    assert refused.status_code == 409
    assert "Xin ghi lý do" in words_of(refused)
    assert where(take(clerk, path, override="Hẹn từ trước")) == f"303 {path}"
    assert "Hẹn từ trước" in words_of(clerk.get(f"/staff/bookings/{town.world.all(Booking)[-1].code}"))


def test_everything_there_already_needs_no_button(town: Town, clerk: Browser) -> None:
    path = sent(clerk, "Nguyễn Thị Hạnh,0912345678,Lưu Thượng,mây tre,,,")
    page = clerk.get(path)
    assert "Tất cả trong tệp đã có trên máy" in words_of(page)
    assert "Nhập vào máy" not in words_of(page)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "không có dòng nào"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "đã hỏng"),
        ("Tên;Thôn;Nghề\nHạnh".encode("utf-16-le"), "không đọc được|không phải bảng tính"),
        (b"PK\x03\x04", "đã hỏng"),
        (b"x" * 950_000, "lớn quá"),
        (("a\n" * 5020).encode(), "nhiều hơn 5000 dòng"),
    ],
)
def test_what_can_t_be_read_is_refused_politely(town: Town, clerk: Browser, content: bytes, said: str) -> None:
    answer = send(clerk, content)
    assert answer.status_code == 422
    assert any(words in words_of(answer) for words in said.split("|"))
    assert town.world.all(RegisterFile) == []


def test_nothing_chosen_is_said(clerk: Browser) -> None:
    answer = clerk.post("/staff/import")
    assert answer.status_code == 422
    assert "Xin chọn một tệp" in words_of(answer)


def test_more_than_a_million_bytes_are_not_even_read(clerk: Browser) -> None:
    assert send(clerk, b"x" * 1_100_000).status_code == 413


def test_only_the_import_page_takes_large_requests(clerk: Browser) -> None:
    assert clerk.post("/staff/book", name="x" * 70_000).status_code == 413


def test_a_file_with_a_strange_name_and_words_shows_them_as_words(clerk: Browser) -> None:
    answer = send(clerk, (HEADINGS + "<b>A,0<i>,x,y,,,").encode(), "<script>.csv")
    page = clerk.get(answer.headers["Location"]).text
    assert "<script>" not in page
    assert "<i>," not in page


def test_the_template_can_be_sent_back(town: Town, clerk: Browser) -> None:
    answer = clerk.get("/staff/import/template.xlsx")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="so-muon.xlsx"'
    assert answer.data.startswith(b"PK")
    back = send(clerk, answer.data, "so-muon.xlsx")
    assert "Tất cả trong tệp đã có" in words_of(clerk.get(back.headers["Location"]))


def test_another_communes_file_does_not_exist(town: Town, clerk: Browser) -> None:
    path = sent(clerk, "Đỗ Thị Lụa,,Giẽ Hạ,giày da,,,")
    foreign = town.browser(town.foreign_clerk)
    assert foreign.get(path).status_code == 404
    assert take(foreign, path).status_code == 404
    assert foreign.get(f"{path}/left.xlsx").status_code == 404
    assert foreign.post(f"{path}/take-back").status_code == 404
    assert len(town.world.all(RegisterFile)) == 1
