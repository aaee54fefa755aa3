"""Taking the paper register over: a file is uploaded, looked through with the clerk, and its good rows are taken."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from kit_booking.adapters.sheet_file import MOST_BYTES, MOST_COLUMNS, Unreadable, write_sheets
from kit_booking.clock import utc_now
from kit_booking.domain.register.paper_register import MOST_ROWS, Column, Fault
from kit_booking.domain.text import clean
from kit_booking.models import RegisterFile
from kit_booking.services.communes.facts import CommuneFacts
from kit_booking.services.register import paper_register, paper_taking
from kit_booking.services.register.adding import Consent
from kit_booking.services.register.paper_register import Answers
from kit_booking.services.register.paper_taking import TakeBack
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
"""At most so many problems and questions are shown; the others are shown once these are answered."""
SAMPLE = 5
"""So many rows are shown as they were understood."""
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
    notes.insert(0, [_("Cột"), _("Cách ghi")])
    form = [column_label(column) for column in Column]
    return _sheet(write_sheets([(_("Sổ mượn"), [form]), (_("Cách ghi"), notes)]), "so-muon.xlsx")


def _sheet(content: bytes, name: str) -> Response:
    response = Response(content, mimetype=XLSX)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
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
    return _look_page(_file_or_404(file_id), TakeOverForm(formdata=None))


@blueprint.post(FILE)
@staff_only
def answer(file_id: int) -> Any:
    """Keep what was answered; then show what follows from it or, with ``take``, take the good rows over."""
    file, form, member = _file_or_404(file_id), TakeOverForm(), this_member()
    file.answers = asdict(_answers(file))
    paper_register.answer(file_id, Answers(**file.answers))
    if "take" not in request.form:
        return redirect(f"/staff/import/{file_id}", 303)
    if not form.validate_on_submit():
        return _look_page(file, form), 422
    consent = Consent(PRIVACY_VERSION, member.id, member.name[:80])
    taken = paper_taking.take_over(file, consent, override=form.text("override"), now=utc_now())
    if taken is None:
        return _gone()
    if taken.needs_reason:
        form.override.errors = [_("Xin ghi lý do, hoặc bỏ các dòng ấy khỏi tệp.")]
        return _look_page(file, form), 409
    done = _("Đã nhập sổ: thêm %(new)d hộ, %(bookings)d phiếu.", new=taken.households, bookings=taken.bookings)
    if taken.history:
        done += " " + _("%(number)d buổi trước đây.", number=taken.history)
    flash(done, "good")
    return redirect(f"/staff/import/{file_id}", 303)


def _answers(file: RegisterFile) -> Answers:
    """What was answered before and what this form says; it holds some of the questions only."""
    before, form = Answers(**file.answers), request.form
    who = {name.removeprefix("who-"): key[:40] for name, key in form.items() if name.startswith("who-") and key}
    asked = {int(line) for line in form.getlist("weekday") if line.isdecimal()}
    right = {int(line) for line in form.getlist("day") if line.isdecimal()}
    return Answers(
        columns=form.getlist("column")[:MOST_COLUMNS] or before.columns,
        converts=form.get("converts", "y") == "y",
        history="history" in form,
        others_are_new="others_are_new" in form,
        who={**before.who, **{line: key for line, key in who.items() if line.isdecimal()}},
        days=sorted((set(before.days) - asked) | right),
    )


@blueprint.get(f"{FILE}/left.xlsx")
@staff_only
def rows_left(file_id: int) -> Response:
    """The lines that were not taken over, each with what is wrong, to be corrected and sent again."""
    file = _file_or_404(file_id)
    register, plan = paper_register.look_through(file, now=utc_now())
    wrong: dict[int, list[str]] = {}
    for problem in plan.problems:
        wrong.setdefault(problem.line, []).append(f"{column_label(problem.column)}: {problem_text(problem)}")
    texts = {line: " ".join(reasons) for line, reasons in wrong.items()}
    return _sheet(paper_register.rows_left(register, texts, _("Chưa đúng ở chỗ")), "chua-nhap.xlsx")


@blueprint.post(f"{FILE}/take-back")
@staff_only
def take_back(file_id: int) -> Any:
    _file_or_404(file_id)
    match paper_taking.take_back(file_id, this_member().id, now=utc_now()):
        case TakeBack.DONE:
            flash(_("Đã bỏ hết những gì nhập từ tệp này."), "good")
        case TakeBack.TOUCHED:
            flash(_("Không bỏ được nữa: đã có người dùng đến các hộ hay phiếu ấy. Xin sửa từng phiếu."), "bad")
        case TakeBack.TOO_LATE:
            flash(_("Không bỏ được nữa: đã quá một ngày, hoặc đã bỏ rồi."), "bad")
    return redirect(f"/staff/import/{file_id}", 303)


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
    flash(_("Tệp ấy để quá một ngày nên đã bỏ."), "good")
    return redirect("/staff/households", 303)


def _look_page(file: RegisterFile, form: TakeOverForm) -> str:
    now = utc_now()
    register, plan = paper_register.look_through(file, now=now)
    broken: dict[str, list[int]] = {}
    for line, refusal in plan.broken:
        broken.setdefault(refusal_text(refusal, to_clerk=True), []).append(line)
    asked = (Fault.WHO, Fault.WEEKDAY)
    return render_template(
        "desk/paper_register/look.html",
        file=file,
        register=register,
        plan=plan,
        form=form,
        columns=[(column.value, column_label(column)) for column in Column],
        missing=[column_label(column) for column in register.table.missing],
        sample=plan.rows[:SAMPLE],
        old_font=register.table.old_font(),
        questions=plan.people.questions[:MOST_SHOWN],
        days=[problem for problem in plan.problems if problem.fault is Fault.WEEKDAY][:MOST_SHOWN],
        day_of={row.line: row.day for row in plan.rows},
        problems=[
            (problem.line, column_label(problem.column), problem_text(problem))
            for problem in plan.problems
            if problem.fault not in asked
        ][:MOST_SHOWN],
        broken=broken,
        can_take_back=paper_taking.can_be_taken_back(file, now=now),
        privacy_version=PRIVACY_VERSION,
    )
