"""The language of the screens: Vietnamese, until a reader switches to English."""

from tests.support.town import Town, words_of


def test_the_switch_is_remembered_and_turns_every_page_into_english(town: Town) -> None:
    reader = town.browser(town.owner)
    code = town.booking().code
    back = reader.get(f"/language/en?next=/bookings/{code}")
    assert back.headers["Location"] == f"/bookings/{code}"
    for path, says in {
        "/": "Borrow your commune's livestream kit, free of charge",
        "/communes/phuong-duc": "Evening",
        f"/bookings/{code}": "Waiting for approval",
        "/bookings": "Your bookings",
        "/privacy": "What are your rights?",
        "/no-such-page": "There is no such page",
    }.items():
        page = reader.get(path)
        assert says in words_of(page), path
        assert '<html lang="en">' in page.text
    reader.get("/language/vi")
    assert "miễn phí" in words_of(reader.get("/"))


def test_errors_of_forms_are_in_the_readers_language(town: Town) -> None:
    reader = town.browser()
    assert "Bà con ghi số điện thoại di động vào đây" in words_of(reader.post("/sign-in", phone=""))
    assert "This field" not in words_of(reader.post("/staff/sign-in", username=""))
    reader.get("/language/en")
    assert "Please enter your mobile number here" in words_of(reader.post("/sign-in", phone=""))
    assert "This field is required" in words_of(reader.post("/staff/sign-in", username=""))


def test_a_language_that_is_not_there_is_no_page(town: Town) -> None:
    assert town.browser().get("/language/fr").status_code == 404
    reader = town.browser()
    reader.client.set_cookie("lang", "../../etc")
    assert '<html lang="vi">' in reader.get("/").text
