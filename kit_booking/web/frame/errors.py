"""The error pages: what went wrong, what to do next, and what was typed into the form."""

import logging
from collections.abc import Mapping

from flask import Flask, Response, g, make_response, render_template, request, session
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from kit_booking.domain.booking.seen import BookingChanged
from kit_booking.services.timeline.standing import HouseholdGone
from kit_booking.web.frame.formats import moment, status_word
from kit_booking.web.frame.kept import KEPT, kept_of_form
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.language import lazy_gettext
from kit_booking.web.frame.readers import OtherReader, RowChanged, reader

log = logging.getLogger(__name__)


_TEXTS = {
    403: (
        lazy_gettext("Tài khoản này không làm được việc đó"),
        lazy_gettext("Chỉ cán bộ của xã cho mượn mới làm được."),
        lazy_gettext("Đăng nhập bằng tài khoản của cán bộ xã, hoặc gọi người vận hành."),
    ),
    404: (
        lazy_gettext("Không có trang này"),
        lazy_gettext("Có thể địa chỉ gõ thiếu, hoặc trang đã bỏ."),
        lazy_gettext("Về trang đầu để chọn xã của nhà mình."),
    ),
    413: (
        lazy_gettext("Gửi nhiều quá"),
        lazy_gettext("Những gì vừa gửi dài quá mức."),
        lazy_gettext("Ghi ngắn lại rồi gửi lại."),
    ),
    500: (
        lazy_gettext("Máy của xã gặp trục trặc"),
        lazy_gettext("Việc vừa rồi chưa xong, không có gì bị mất."),
        lazy_gettext("Bà con chờ một phút rồi thử lại, hoặc gọi điện cho xã."),
    ),
}
"""Of each status: what went wrong, what that means, and what to do."""
_PHOTO_TOO_LARGE = (
    lazy_gettext("Ảnh to quá"),
    lazy_gettext("Chưa ghi được gì, vì ảnh vừa gửi to quá mức."),
    lazy_gettext("Quay lại, chọn ảnh nhỏ hơn (mỗi ảnh tối đa 10 MB), hoặc ghi nhận mà không kèm ảnh."),
)
_BUSY = (
    lazy_gettext("Máy đang bận"),
    lazy_gettext("Việc vừa rồi chưa ghi được, không có gì bị mất."),
    lazy_gettext("Bà con chờ một phút rồi làm lại. Nếu vẫn vậy, xin gọi điện cho xã."),
)
_DISK_FULL = (
    lazy_gettext("Máy của xã hết chỗ ghi"),
    lazy_gettext("Chỉ còn xem được, việc vừa rồi chưa ghi."),
    lazy_gettext("Bà con gọi điện cho xã để báo, chờ dọn máy xong rồi làm lại."),
)
_NOT_UNDERSTOOD = (
    lazy_gettext("Không làm được việc này"),
    lazy_gettext("Trang không hiểu những gì vừa gửi."),
    lazy_gettext("Quay lại trang trước rồi thử lại."),
)


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(HouseholdGone, _gone)
    app.register_error_handler(OtherReader, _other_reader)
    app.register_error_handler(BookingChanged, _changed)
    app.register_error_handler(RowChanged, _row_changed)
    app.register_error_handler(Exception, _unexpected)


def _csrf(_error: CSRFError) -> Response:
    return error_page(
        400,
        _("Trang này mở lâu quá rồi"),
        _("Điện thoại không còn giữ được trang này, nên xã chưa nhận được gì."),
        _("Bà con quay lại trang trước, tải lại rồi gửi lại. Cần cho phép cookie thì mới gửi được."),
    )


def _gone(_error: HouseholdGone) -> Response:
    return error_page(
        409,
        _("Hộ này không còn trong sổ"),
        _("Thông tin của hộ vừa được xóa, hoặc vừa ghép vào một hộ khác."),
        _("Tìm lại hộ theo tên hoặc số điện thoại."),
    )


def _other_reader(_error: OtherReader) -> Response:
    who = reader()
    return error_page(
        409,
        _("Trang này mở khi người khác đang đăng nhập"),
        _("Bây giờ đang là %(name)s, nên chưa làm gì cả.", name=who.name if who else _("khách")),
        _("Mở lại trang rồi làm lại, hoặc đăng nhập lại cho đúng."),
    )


def _changed(error: BookingChanged) -> Response:
    seen, present = error.seen, error.present
    was, now = moment(seen.pick_up_at), moment(present.pick_up_at)
    texts = {
        "kit_code": _("bộ %(was)s nay là bộ %(now)s", was=seen.kit_code, now=present.kit_code),
        "pick_up_at": _("giờ nhận %(was)s nay là %(now)s", was=was, now=now),
        "status": _("“%(was)s” nay là “%(now)s”", was=status_word(seen.status), now=status_word(present.status)),
        "household_id": _("phiếu nay là của hộ khác"),
    }
    what = [text for name, text in texts.items() if name in seen.differences(present)]
    who = reader()
    base = "/staff/bookings" if who and who.kind == "staff" else "/bookings"
    return error_page(
        409,
        _("Phiếu %(code)s vừa thay đổi", code=seen.code),
        _("Từ lúc mở trang: %(what)s. Chưa làm gì cả.", what="; ".join(what)),
        _("Xem lại phiếu rồi quyết định."),
        link=(f"{base}/{seen.code}", _("Xem phiếu %(code)s", code=seen.code)),
    )


_SHOWN = {
    **KEPT,
    "landline": lazy_gettext("Số máy bàn"),
    "texts": lazy_gettext("Nhận tin nhắn"),
    "account": lazy_gettext("Tên"),
    "mobile": lazy_gettext("Số điện thoại di động"),
    "is_active": lazy_gettext("Tài khoản"),
    "roles": lazy_gettext("Vai trò"),
    "times": lazy_gettext("Thời gian nghỉ"),
    "is_off": lazy_gettext("Lịch nghỉ"),
}
"""What pages show of a household, an account or a closure."""


def _row_changed(error: RowChanged) -> Response:
    changed = [name for name in error.now if error.was.get(name) != error.now[name] and name != "of"]
    what = ", ".join(str(_SHOWN[name]).lower() for name in changed)
    text = _("Từ lúc mở trang đã có người sửa: %(what)s. Chưa làm gì cả.", what=what)
    return error_page(
        409,
        _("Thông tin này vừa thay đổi"),
        text,
        _("Xem lại rồi làm tiếp."),
        link=(error.page, _("Xem bây giờ thế nào")),
    )


def _http(error: HTTPException) -> Response:
    code = error.code
    if code is None or code < 400:
        return make_response(error.get_response(request.environ))
    is_photo = code == 413 and request.endpoint == "booking.take_back"
    page = error_page(code, *(_PHOTO_TOO_LARGE if is_photo else _TEXTS.get(code, _NOT_UNDERSTOOD)))
    page.allow.update(getattr(error, "valid_methods", None) or ())
    return page


def _unexpected(error: Exception) -> Response:
    log.exception("unexpected error", exc_info=error)
    g.is_broken = True  # If it is the database, the error page must not load the reader.
    if isinstance(error, OperationalError):
        name = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None) or "away"
        if name in ("SQLITE_FULL", "53100"):
            return error_page(503, *_DISK_FULL)
        if name == "away" or name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "57", "08")):
            return error_page(503, *_BUSY)
    return _http(InternalServerError())


def refuse_body(app: Flask, path: str, headers: Mapping[str, str], length: int) -> str | None:
    """The page that refuses a body of this length before it is read; None if its sender may send as much there.

    Only staff who are signed in send files. ``headers`` are by their CGI names, as ``COOKIE``.
    """
    known = {name: headers[name] for name in ("COOKIE", "ACCEPT_LANGUAGE") if name in headers}
    environ = {f"HTTP_{name}": value for name, value in known.items()}
    with app.test_request_context(path, method="POST", environ_overrides=environ):
        view = app.view_functions.get(request.endpoint or "")
        is_staff = str(session.get("_user_id", "")).startswith("staff.")
        most = getattr(view, "most_bytes", 0) if is_staff else 0
        if length <= max(most, int(app.config["MAX_CONTENT_LENGTH"])):
            return None
        g.is_broken = True  # The reader is not loaded for it.
        return _http(RequestEntityTooLarge()).get_data(as_text=True)


def error_page(status: int, *texts: object, link: tuple[str, str] | None = None) -> Response:
    """The page that says what went wrong, what that means, and what to do; ``link`` is what to open next."""
    title, text, todo = map(str, texts)
    kept = [] if status == 413 else kept_of_form()  # What is too large can't be read either.
    page = render_template("frame/error.html", title=title, text=text, todo=todo, link=link, kept=kept)
    return make_response(page, status)
