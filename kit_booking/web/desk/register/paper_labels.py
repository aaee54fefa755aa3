"""What is wrong with a sheet or a cell of it, in plain words."""

from kit_booking.adapters.sheet_file import Unreadable
from kit_booking.domain.register.paper_register import HEADINGS, MOST_ROWS, CellProblem, Column, Fault
from kit_booking.web.frame.language import lazy_gettext as _

FAULTS = {
    Fault.MISSING: _("Còn trống."),
    Fault.TOO_LONG: _("Dài quá %(most)s chữ."),
    Fault.NO_NUMBER: _("“%(typed)s” không phải một số điện thoại đúng."),
    Fault.NO_DAY: _("“%(typed)s” không phải một ngày. Xin ghi như 05/12/2026."),
    Fault.TOO_FAR: _("%(typed)s còn xa hơn một năm, chắc ghi nhầm năm."),
    Fault.WEEKDAY: _("Ngày và thứ trong “%(typed)s” không khớp nhau."),
    Fault.WHO: _("Chưa rõ %(typed)s là hộ nào, xin chọn."),
    Fault.NO_SUCH_SLOT: _("Ngày đó không có buổi “%(typed)s”."),
    Fault.NO_SUCH_KIT: _("Xã không có bộ nào tên “%(typed)s”."),
    Fault.WHICH_KIT: _("Xã có nhiều bộ, xin ghi mã bộ."),
    Fault.TAKEN: _("Buổi này đã có nhà khác trên máy."),
    Fault.CLOSED: _("Buổi này bộ nghỉ."),
    Fault.CLASH: _("Trùng giờ với dòng %(line)s."),
    Fault.PAST: _("Buổi này đã đến giờ nhận. Nếu bộ đã giao, xin ghi phiếu ở quầy."),
}
UNREADABLE = {
    Unreadable.EMPTY: _("Tệp này không có dòng nào."),
    Unreadable.TOO_LARGE: _("Tệp này lớn quá. Xin bỏ hình ảnh, hoặc chia thành vài tệp."),
    Unreadable.TOO_MANY_ROWS: _("Tệp có nhiều hơn %(most)d dòng. Xin chia thành vài tệp.", most=MOST_ROWS),
    Unreadable.PASSWORD: _("Tệp có mật khẩu. Xin bỏ mật khẩu rồi gửi lại."),
    Unreadable.ENCODING: _("Chữ trong tệp không đọc được. Lưu lại thành .xlsx, hoặc CSV kiểu UTF-8."),
    Unreadable.NO_SHEET: _("Tệp này không phải bảng tính (.xlsx, .xls, .ods, .csv), hoặc đã hỏng."),
}


def column_label(column: Column) -> str:
    """The heading as the template has it; it is Vietnamese in every language, because the sheet is."""
    return HEADINGS[column][0]


def problem_text(problem: CellProblem) -> str:
    return str(FAULTS[problem.fault]) % dict.fromkeys(("most", "typed", "line"), problem.detail)
