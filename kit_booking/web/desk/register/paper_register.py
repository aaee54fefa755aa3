"""Taking the paper register over: a spreadsheet is uploaded, previewed, and taken over as a whole or not at all."""

from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from kit_booking.adapters.sheet_file import MOST_BYTES, Unreadable, template
from kit_booking.clock import utc_now
from kit_booking.domain.register.paper_register import MOST_ROWS, Column
from kit_booking.domain.text import clean
from kit_booking.models import RegisterFile
from kit_booking.services.communes.facts import CommuneFacts
from kit_booking.services.register import paper_register
from kit_booking.services.register.adding import Consent
from kit_booking.services.register.paper_plan import RegisterPlan
from kit_booking.web.desk.on_behalf import chosen_commune
from kit_booking.web.desk.register.forms import TakeOverForm, UploadForm
from kit_booking.web.desk.register.paper_labels import UNREADABLE, column_label, problem_text
from kit_booking.web.desk.tabs import acting_communes_or_403
from kit_booking.web.frame.forms import PRIVACY_VERSION
from kit_booking.web.frame.labels import slot_word
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import commune_or_404, staff_only, this_member
from kit_booking.web.frame.refusals import refusal_text
from kit_booking.web.frame.security import takes_files

blueprint = Blueprint("paper_register", __name__, url_prefix="/staff/import")
FILE = "/<int(max=2147483647):file_id>"
MOST_SHOWN = 100
"""At most so many problems are shown; the others are shown once these are corrected."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("")
@staff_only
def start() -> str:
    return _start_page(UploadForm())


@blueprint.post("")
@staff_only
@takes_files(MOST_BYTES + 100_000)
def upload() -> Any:
    acting, form = acting_communes_or_403(), UploadForm()
    if not form.validate_on_submit():
        return _start_page(form), 422
    commune = chosen_commune(acting)
    content = form.file.data.read(MOST_BYTES + 1)
    name = clean(form.file.data.filename or "", 120)
    kept = paper_register.keep_file(commune.id, this_member().id, name, content, now=utc_now())
    if isinstance(kept, Unreadable):
        form.file.errors = [UNREADABLE[kept]]
        return _start_page(form), 422
    return redirect(f"/staff/import/{kept}", 303)


def _start_page(form: UploadForm) -> str:
    return render_template(
        "desk/paper_register/start.html",
        form=form,
        communes=acting_communes_or_403(),
        headings=[column_label(column) for column in Column],
        most_rows=MOST_ROWS,
    )


@blueprint.get("/template.xlsx")
@staff_only
def form_to_fill_in() -> Response:
    """The headings, and beside them what the commune's slots and kits are called."""
    notes = [[column_label(column), _instruction(column)] for column in Column]
    notes += [line for commune in acting_communes_or_403() for line in _names_of(commune_or_404(commune.slug))]
    names = _("Sổ mượn"), _("Cách ghi")
    response = Response(template([column_label(column) for column in Column], notes, names), mimetype=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="so-muon.xlsx"'
    return response


def _instruction(column: Column) -> str:
    return {
        Column.NAME: _("Họ và tên chủ hộ, phải có."),
        Column.PHONE: _("Số di động; không có thì số máy bàn, hoặc để trống."),
        Column.VILLAGE: _("Phải có."),
        Column.CRAFT: _("Phải có."),
        Column.DAY: _(
            "Ngày mượn nếu hộ đã có buổi, ví dụ 05/12/2026. Không có buổi nào thì để trống cả ngày và buổi."
        ),
        Column.SLOT: _("Tên buổi như trên lịch của xã."),
        Column.KIT: _("Mã bộ hoặc nơi để bộ; xã có một bộ thì để trống."),
        Column.SELLS: _("Bán gì, không ghi cũng được."),
    }[column]


def _names_of(commune: CommuneFacts) -> list[list[str]]:
    slots = dict.fromkeys(line.name for kit in commune.kits for _day, plan in kit.timetable.plans for line in plan)
    lines = [[_("Các buổi của xã %(name)s", name=commune.name), ", ".join(slot_word(name) for name in slots)]]
    return lines + [[kit.code, kit.place] for kit in commune.kits]


@blueprint.get(FILE)
@staff_only
def look(file_id: int) -> str:
    file = _file_or_404(file_id)
    return _look_page(file, paper_register.look_through(file, now=utc_now()), TakeOverForm())


@blueprint.post(FILE)
@staff_only
def take_over(file_id: int) -> Any:
    file, form, member = _file_or_404(file_id), TakeOverForm(), this_member()
    if not form.validate_on_submit():
        return _look_page(file, paper_register.look_through(file, now=utc_now()), form), 422
    plan = paper_register.take_over(
        file,
        Consent(PRIVACY_VERSION, member.id, member.name[:80]),
        override=form.text("override"),
        now=utc_now(),
    )
    if plan is None:
        return _gone()
    if not plan.is_done:
        if plan.broken:
            form.override.errors = [_("Xin ghi lý do, hoặc bỏ các dòng ấy khỏi tệp.")]
        return _look_page(file, plan, form), 409
    done = _("Đã nhập sổ: thêm %(new)d hộ, %(bookings)d phiếu.", new=len(plan.new), bookings=len(plan.bookings))
    flash(done, "good")
    return redirect("/staff/households", 303)


def _file_or_404(file_id: int) -> RegisterFile:
    """The file, of a commune whose clerk is signed in; if it is gone, redirects to the register."""
    acting_communes_or_403()
    file = paper_register.find_file(file_id)
    if file is None:
        abort(_gone())
    if not this_member().may_act(file.commune_id):
        abort(404)
    return file


def _gone() -> BaseResponse:
    """Redirect to the register: mostly the button was pressed twice."""
    flash(_("Tệp ấy đã nhập xong rồi, hoặc để quá một ngày nên đã bỏ."), "good")
    return redirect("/staff/households", 303)


def _look_page(file: RegisterFile, plan: RegisterPlan, form: TakeOverForm) -> str:
    broken: dict[str, list[int]] = {}
    for line, refusal in plan.broken:
        broken.setdefault(refusal_text(refusal, to_clerk=True), []).append(line)
    return render_template(
        "desk/paper_register/look.html",
        file=file,
        plan=plan,
        form=form,
        problems=[
            (problem.line, column_label(problem.column), problem_text(problem))
            for problem in plan.problems[:MOST_SHOWN]
        ],
        broken=broken,
        renamed=plan.renamed[:MOST_SHOWN],
        privacy_version=PRIVACY_VERSION,
    )
