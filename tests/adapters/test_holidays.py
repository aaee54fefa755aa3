"""Public holidays: the anchors of the law and of the moon, each as one stretch of days with one name."""

from datetime import date

from kit_booking.adapters.holidays import Holiday, public_holidays


def test_a_year_of_holidays_each_as_one():
    assert public_holidays(date(2026, 12, 1), date(2027, 11, 30)) == [
        Holiday(date(2027, 1, 1), date(2027, 1, 1), "Tết Dương lịch"),
        Holiday(date(2027, 2, 4), date(2027, 2, 10), "Tết Nguyên Đán"),
        Holiday(date(2027, 4, 16), date(2027, 4, 16), "Ngày Giỗ Tổ Hùng Vương"),
        Holiday(date(2027, 4, 30), date(2027, 5, 3), "Ngày Chiến thắng, Ngày Quốc tế Lao động"),
        Holiday(date(2027, 9, 2), date(2027, 9, 3), "Quốc khánh"),
        Holiday(date(2027, 11, 24), date(2027, 11, 24), "Ngày Văn hóa Việt Nam"),
    ]


def test_tet_is_where_the_vietnamese_moon_puts_it():
    """In 2030 it is one day before China's; 2028 and 2029 are fixed points of every calendar."""
    for new_year in (date(2028, 1, 26), date(2029, 2, 13), date(2030, 2, 2)):
        [tet] = public_holidays(date(new_year.year, 1, 2), date(new_year.year, 3, 1))
        assert tet.name == "Tết Nguyên Đán"
        assert tet.first < new_year < tet.last


def test_a_swapped_day_and_a_day_in_lieu_have_no_name_of_their_own():
    names = {one.first: one.name for one in public_holidays(date(2026, 4, 1), date(2026, 9, 30))}
    assert names[date(2026, 4, 26)] == "Ngày Giỗ Tổ Hùng Vương"
    assert names[date(2026, 8, 31)] == "Quốc khánh"


def test_one_that_runs_already_is_not_proposed():
    assert [one.first for one in public_holidays(date(2027, 2, 5), date(2027, 3, 1))] == []
