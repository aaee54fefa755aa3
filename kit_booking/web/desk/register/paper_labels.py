"""What is wrong with a sheet or a cell of it, in plain words."""

from kit_booking.adapters.sheet_file import Unreadable
from kit_booking.domain.paper_register import HEADINGS, Column, Fault, Problem
from kit_booking.web.frame.language import gettext as _


def column_word(column: Column) -> str:
    """The heading as the template has it; it is Vietnamese in every language, because the sheet is."""
    return HEADINGS[column][0]


def problem_words(problem: Problem) -> str:
    match problem.fault:
        case Fault.NO_COLUMN:
            return _("Thiếu cả cột này. Dòng đầu của tệp phải là tên các cột.")
        case Fault.TWO_COLUMNS:
            return _("Có hai cột cùng tên, xin bỏ bớt một cột.")
        case Fault.MISSING:
            return _("Còn trống.")
        case Fault.TOO_LONG:
            return _("Dài quá %(most)s chữ.", most=problem.detail)
        case Fault.NO_NUMBER:
            return _("“%(typed)s” không phải một số điện thoại đúng.", typed=problem.detail)
        case Fault.NO_DAY:
            return _("“%(typed)s” không phải một ngày. Xin ghi như 05/12/2026.", typed=problem.detail)
        case Fault.TOO_FAR:
            return _("%(typed)s còn xa hơn một năm, chắc ghi nhầm năm.", typed=problem.detail)
        case Fault.NO_SUCH_SLOT:
            return _("Ngày đó không có buổi “%(typed)s”.", typed=problem.detail)
        case Fault.NO_SUCH_KIT:
            return _("Xã không có bộ nào tên “%(typed)s”.", typed=problem.detail)
        case Fault.WHICH_KIT:
            return _("Xã có nhiều bộ, xin ghi mã bộ.")
        case Fault.TAKEN:
            return _("Buổi này đã có nhà khác trên máy.")
        case Fault.CLOSED:
            return _("Buổi này bộ nghỉ.")
        case Fault.CLASH:
            return _("Trùng giờ với dòng %(line)s.", line=problem.detail)


def unreadable_words(why: Unreadable, most_rows: int) -> str:
    match why:
        case Unreadable.EMPTY:
            return _("Tệp này không có dòng nào.")
        case Unreadable.TOO_LARGE:
            return _("Tệp này lớn quá. Xin bỏ hình ảnh, hoặc chia thành vài tệp.")
        case Unreadable.TOO_MANY_ROWS:
            return _("Tệp có nhiều hơn %(most)d dòng. Xin chia thành vài tệp.", most=most_rows)
        case Unreadable.OLD_EXCEL:
            return _("Tệp .xls kiểu cũ không đọc được. Mở bằng Excel rồi lưu lại thành .xlsx.")
        case Unreadable.ENCODING:
            return _("Chữ trong tệp không đọc được. Lưu lại thành .xlsx, hoặc CSV kiểu UTF-8.")
        case Unreadable.NO_SHEET:
            return _("Tệp này không phải bảng tính .xlsx hay .csv, hoặc đã hỏng.")
