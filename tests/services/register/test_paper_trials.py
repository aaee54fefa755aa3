"""Paper registers as offices really have them, in files as Excel writes them."""

from datetime import date
from pathlib import Path

from kit_booking.adapters.sheet_file import Unreadable, read_sheets
from kit_booking.domain.register.paper_register import find_table, read_rows
from kit_booking.services.register.paper_plan import RegisterPlan
from kit_booking.services.register.paper_register import find_file, keep_file, look_through
from tests.support.builders import World
from tests.support.paper import make_office
from tests.times import NOW

FILES = Path(__file__).parents[2] / "support" / "registers"
SATURDAY = date(2026, 12, 5)


def rows_of(name: str, today: date = date(2026, 11, 27)) -> tuple[list, list]:
    sheets = read_sheets((FILES / name).read_bytes(), 5010)
    assert not isinstance(sheets, Unreadable)
    return read_rows(find_table([sheet.lines for sheet in sheets]), today=today)


def test_a_title_above_the_headings() -> None:
    [row], problems = rows_of("01-title.xlsx")
    assert problems == []
    assert (row.line, row.name, row.day, row.slot, row.kit) == (5, "Nguyễn Văn An", SATURDAY, "Tối", "GB-1")


def test_headings_as_people_write_them() -> None:
    [row], problems = rows_of("02b-headers.xlsx")
    assert problems == []
    assert (row.phone, row.village, row.day, row.slot, row.kit) == (
        "+84912345101",
        "Đại Bái",
        SATURDAY,
        "Tối",
        "GB-1",
    )


def test_days_and_numbers_as_people_write_them() -> None:
    rows, problems = rows_of("03-dates.xlsx")
    assert problems == []
    assert [f"{row.day:%d/%m}" for row in rows] == [
        *("05/12", "05/12", "05/12", "06/12", "06/12", "06/12"),
        *("07/12", "07/12", "12/07", "08/12", "09/12"),
    ]
    assert {row.day.year for row in rows} == {2026}
    assert (rows[7].phone, rows[7].landline) == ("+84912345208", "")
    assert (rows[8].phone, rows[8].landline) == ("+84912345209", "0987654321")
    assert (rows[9].phone, rows[9].landline) == ("", "02223812999")


def test_merged_cells_repeat_what_stands_above() -> None:
    rows, problems = rows_of("04-merged.xlsx")
    assert problems == []
    assert [(row.name, row.day.day) for row in rows] == [
        ("Nguyễn Văn An", 5),
        ("Nguyễn Văn An", 7),
        ("Trần Thị Bưởi", 6),
    ]


def test_old_fonts_are_read_in_unicode() -> None:
    rows, problems = rows_of("05-tcvn3.xlsx")
    assert problems == []
    assert [(row.name, row.village, row.craft) for row in rows] == [
        ("Nguyễn Thị Hạnh", "Đại Bái", "Đúc đồng"),
        ("NGUYỄN VĂN HÙNG", "Đại Bái", "Đúc đồng"),
    ]


def test_csv_that_says_how_it_is_parted() -> None:
    rows, problems = rows_of("06f-sep.csv")
    assert problems == []
    assert [(row.village, row.sells) for row in rows] == [("Đại Bái", "Đồ thờ, lư hương"), ("Xuân Lai", "giường")]


def test_a_register_on_the_second_sheet() -> None:
    [row], problems = rows_of("09b-second-sheet.xlsx")
    assert problems == []
    assert row.sells == "Đồ thờ; lư hương"


def looks_at(world: World, name: str) -> RegisterPlan:
    """The plan of an office that has the kits of these files."""
    office = make_office(world)
    for code in ("GB-1", "GB-2"):
        world.kit(world.place(office.commune, f"Nơi để {code}"), code)
    content = (FILES / name).read_bytes()
    file_id = world.do(keep_file, office.commune.id, office.clerk.id, name, content, now=NOW)
    return world.do(look_through, world.do(find_file, file_id), now=NOW)[1]


def test_two_women_of_one_name_and_village_are_asked_about(world: World) -> None:
    plan = looks_at(world, "10-same-name.xlsx")
    assert [(one.row.line, one.row.phone, len(one.candidates)) for one in plan.people.questions] == [
        (3, "+84987654702", 1)
    ]


def test_all_bookings_of_the_sheet_of_days_are_planned_but_the_one_that_is_over(world: World) -> None:
    plan = looks_at(world, "03-dates.xlsx")
    assert plan.problems == []
    assert (len(plan.people.new), len(plan.bookings), plan.past) == (11, 10, 1)
