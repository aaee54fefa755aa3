"""The forms of the register: what staff, and households themselves, write of a household."""

from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, Field, TelField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length

from kit_booking.domain.phone import PhoneProblem, dialled, parse_mobile
from kit_booking.web.frame.forms import TEL, Form, VillageForm, line
from kit_booking.web.frame.labels import phone_problem_text
from kit_booking.web.frame.language import lazy_gettext as _


class CorrectForm(VillageForm):
    name = line(_("Tên chủ hộ"), 80, DataRequired(), Length(min=2), autocomplete="on")


class PhonesForm(Form):
    """A mobile, a landline, or neither; each as it is stored once the form is valid."""

    phone = TelField(_("Số di động (không có thì để trống)"), render_kw=TEL)
    landline = TelField(_("Số máy bàn để gọi (không có thì để trống)"), render_kw=TEL)
    number = ""
    desk_number = ""

    def validate_phone(self, field: Field) -> None:
        answer = parse_mobile((field.data or "")[:100])
        if answer is PhoneProblem.EMPTY:
            return
        if answer is PhoneProblem.LANDLINE:
            raise ValidationError(str(_("Đây là số máy bàn, xin ghi vào ô máy bàn ở dưới.")))
        if isinstance(answer, PhoneProblem):
            raise ValidationError(phone_problem_text(answer))
        self.number = answer

    def validate_landline(self, field: Field) -> None:
        typed = (field.data or "")[:100].strip()
        self.desk_number = dialled(typed) or ""
        if typed and not self.desk_number:
            raise ValidationError(str(_("Số này chưa đúng. Ví dụ số máy bàn: 024 3385 4321.")))


class NumberChangeForm(PhonesForm):
    takes_texts = BooleanField(_("Nhận tin nhắn về số di động này"))
    checked = BooleanField(
        _("Đã gọi thử hoặc gặp tận nơi: đúng là số của hộ này"),
        [InputRequired(_("Xin kiểm tra số trước, vì ai giữ số này sẽ xem và hủy được phiếu của hộ."))],
    )
    shared = BooleanField(_("Đúng, các hộ này dùng chung một số"))


class NewHouseholdForm(CorrectForm, PhonesForm):
    consent = BooleanField(
        _("Đã đọc câu trên cho hộ, hộ đã nghe và đồng ý"),
        [InputRequired(_("Hộ phải nghe và đồng ý thì mới ghi vào sổ được."))],
    )


class EraseForm(Form):
    sure = BooleanField(_("Xóa, không lấy lại được"), [InputRequired(_("Xin đánh dấu vào ô này nếu chắc chắn."))])


class BookForForm(Form):
    """What staff write of a booking for somebody; a reason only where a rule stands against it."""

    sells = line(_("Hộ bán gì? (không ghi cũng được)"), 120, autocomplete="on")
    streams_on = line(_("Phát ở đâu? (không ghi cũng được)"), 120, autocomplete="on")
    override = line(_("Vẫn cho mượn vì (lý do còn lưu lại)"), 200)


class UploadForm(Form):
    file = FileField(
        _("Tệp sổ mượn (Excel, .ods hoặc .csv)"),
        [FileRequired(_("Xin chọn một tệp."))],
        render_kw={"accept": ".xlsx,.xls,.ods,.csv"},
    )


class TakeOverForm(Form):
    override = line(_("Vẫn nhận các phiếu này vì (lý do còn lưu lại)"), 150)
    consent = BooleanField(
        _("Các hộ trong sổ đã được nghe và đồng ý cho xã giữ tên, số điện thoại, thôn và nghề"),
        [InputRequired(_("Hộ phải nghe và đồng ý thì mới ghi vào sổ được."))],
    )
