"""The operator's desk: communes, their places and their kits."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, abort, flash, redirect, render_template, request
from werkzeug.wrappers import Response

from kit_booking.clock import utc_now
from kit_booking.domain.text import clean
from kit_booking.services.operator import registry
from kit_booking.services.operator.kit_moves import affected_bookings, move_kit
from kit_booking.services.operator.reading import (
    RegisteredCommune,
    RegisteredKit,
    RegisteredPlace,
    commune_page,
    find_commune,
    provinces,
)
from kit_booking.services.operator.registry import By, Denied
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import staff_only, this_member
from kit_booking.web.operator.forms import (
    CommuneForm,
    KitForm,
    KitPlaceForm,
    NewCommuneForm,
    NewPlaceForm,
    PlaceForm,
)

blueprint = Blueprint("operator", __name__, url_prefix="/staff/operator")

P = ParamSpec("P")
T = TypeVar("T")


def operator_only(view: Callable[P, T]) -> Callable[P, T | Response]:
    """Staff who are no operators may know that the page is there, but not open it."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        if not this_member().is_operator:
            abort(403)
        return view(*args, **kwargs)

    return staff_only(guarded)


def denied_text(denied: Denied) -> str:
    match denied:
        case Denied.OUTDATED:
            return _("Chưa lưu: trong lúc đó có người vừa sửa xã này. Xem lại rồi bấm lưu lần nữa.")
        case Denied.CODE_TAKEN:
            return _("Mã này đã có nơi khác dùng.")
        case Denied.NAME_TAKEN:
            return _("Xã đã có nơi để bộ tên như vậy.")


@blueprint.get("")
@operator_only
def communes() -> str:
    query, after = clean(request.args.get("q", "")[:200], 80), request.args.get("after", "")[:80]
    page = commune_page(query, after)
    return render_template(
        "operator/communes.html",
        communes=page.communes,
        q=query,
        is_first=not after,
        next=page.next and "?" + urlencode({"q": query, "after": page.next}),
    )


def _commune_or_404(slug: str) -> RegisteredCommune:
    return find_commune(slug) or abort(404)


def _place_or_404(commune: RegisteredCommune, place_id: int) -> RegisteredPlace:
    return commune.place(place_id) or abort(404)


def _kit_or_404(commune: RegisteredCommune, code: str) -> RegisteredKit:
    return commune.kit(code) or abort(404)


@blueprint.get("/communes/<slug>")
@operator_only
def commune(slug: str) -> str:
    return render_template("operator/commune.html", commune=_commune_or_404(slug))


@blueprint.get("/communes/new")
@operator_only
def new_commune() -> str:
    return _commune_form(NewCommuneForm())


@blueprint.post("/communes/new")
@operator_only
def add_commune() -> Any:
    form = NewCommuneForm()
    if not form.validate_on_submit():
        return _commune_form(form), 422
    name, code, province, phone = (form.text(field) for field in ("name", "code", "province", "phone"))
    added = registry.add_commune(name, code, province, phone, this_member().id, now=utc_now())
    if isinstance(added, Denied):
        form.form_errors.append(denied_text(added))
        return _commune_form(form), 409
    flash(_("Đã thêm xã %(name)s. Giờ thêm nơi để bộ, bộ và cán bộ.", name=name), "good")
    return redirect(f"/staff/operator/communes/{added}", 303)


@blueprint.get("/communes/<slug>/edit")
@operator_only
def edit_commune(slug: str) -> str:
    found = _commune_or_404(slug)
    return _commune_form(
        CommuneForm(data={"name": found.name, "code": found.code, "province": found.province}), found
    )


@blueprint.post("/communes/<slug>/edit")
@operator_only
def change_commune(slug: str) -> Any:
    found, form = _commune_or_404(slug), CommuneForm()
    if not form.validate_on_submit():
        return _commune_form(form, found), 422
    name, code, province = (form.text(field) for field in ("name", "code", "province"))
    denied = registry.change_commune(found.id, name, code, province, by_version(), now=utc_now())
    return _after(denied, found, form, lambda now: _commune_form(form, now))


def _commune_form(form: Any, found: RegisteredCommune | None = None) -> str:
    return render_template(
        "operator/commune_form.html", form=form, commune=found, provinces=provinces(), here=request.path
    )


@blueprint.get("/communes/<slug>/places/new")
@operator_only
def new_place(slug: str) -> str:
    return _place_form(_commune_or_404(slug), NewPlaceForm())


@blueprint.post("/communes/<slug>/places/new")
@operator_only
def add_place(slug: str) -> Any:
    found, form = _commune_or_404(slug), NewPlaceForm()
    if not form.validate_on_submit():
        return _place_form(found, form), 422
    name, address, keeper, phone = (form.text(field) for field in ("name", "address", "keeper", "keeper_phone"))
    denied = registry.add_place(found.id, name, address, keeper, phone, form.lines, by_version(), now=utc_now())
    return _after(denied, found, form, lambda now: _place_form(now, form))


@blueprint.get("/communes/<slug>/places/<int(max=2147483647):place_id>")
@operator_only
def edit_place(slug: str, place_id: int) -> str:
    found = _commune_or_404(slug)
    place = _place_or_404(found, place_id)
    villages = "\n".join(f"{name}: {craft}" if craft else name for name, craft in place.villages)
    form = PlaceForm(data={"name": place.name, "address": place.address, "villages": villages})
    return _place_form(found, form, place)


@blueprint.post("/communes/<slug>/places/<int(max=2147483647):place_id>")
@operator_only
def change_place(slug: str, place_id: int) -> Any:
    found, form = _commune_or_404(slug), PlaceForm()
    place = _place_or_404(found, place_id)
    if not form.validate_on_submit():
        return _place_form(found, form, place), 422
    name, address = form.text("name"), form.text("address")
    denied = registry.change_place(place_id, name, address, form.lines, by_version(), now=utc_now())
    return _after(denied, found, form, lambda now: _place_form(now, form, place))


def _place_form(found: RegisteredCommune, form: Any, place: RegisteredPlace | None = None) -> str:
    return render_template("operator/place_form.html", commune=found, form=form, place=place, here=request.path)


@blueprint.get("/communes/<slug>/kits/new")
@operator_only
def new_kit(slug: str) -> str:
    found = _commune_or_404(slug)
    return _kit_form(found, _with_places(KitForm(), found))


@blueprint.post("/communes/<slug>/kits/new")
@operator_only
def add_kit(slug: str) -> Any:
    found = _commune_or_404(slug)
    form = _with_places(KitForm(), found)
    if not form.validate_on_submit():
        return _kit_form(found, form), 422
    parts = found.kits[0].parts if found.kits else ()
    denied = registry.add_kit(form.place_id.data, form.text("code"), parts, by_version(), now=utc_now())
    return _after(denied, found, form, lambda now: _kit_form(now, form))


@blueprint.get("/communes/<slug>/kits/<code>")
@operator_only
def edit_kit(slug: str, code: str) -> str:
    found = _commune_or_404(slug)
    kit = _kit_or_404(found, code)
    return _kit_form(found, _with_places(KitPlaceForm(data={"place_id": kit.place_id}), found), kit)


@blueprint.post("/communes/<slug>/kits/<code>")
@operator_only
def move(slug: str, code: str) -> Any:
    """First show whom it concerns; confirmed, the kit stands there and everybody is told."""
    found = _commune_or_404(slug)
    kit, form = _kit_or_404(found, code), _with_places(KitPlaceForm(), found)
    if "again" in request.form or not form.validate_on_submit():
        return _kit_form(found, form, kit), 200 if "again" in request.form else 422
    place = _place_or_404(found, form.place_id.data)
    if place.id == kit.place_id:
        return _after(None, found, form, lambda now: _kit_form(now, form, kit))
    if "confirmed" not in request.form:
        return render_template(
            "operator/kit_look.html",
            commune=found,
            kit=kit,
            place=place,
            bookings=affected_bookings(kit.id, place.id, now=utc_now()),
            here=request.path,
        )
    denied = move_kit(kit.id, place.id, by_version(), now=utc_now())
    return _after(denied, found, form, lambda now: _kit_form(now, form, kit))


def _with_places(form: Any, found: RegisteredCommune) -> Any:
    form.place_id.choices = {str(place.id): place.name for place in found.places}
    return form


def _kit_form(found: RegisteredCommune, form: Any, kit: RegisteredKit | None = None) -> str:
    return render_template("operator/kit_form.html", commune=found, form=form, kit=kit, here=request.path)


def by_version() -> By:
    """Who does it, on the version of the commune that the form was opened on."""
    typed = request.form.get("version", "")
    return By(this_member().id, int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else 0)


def _after(
    denied: Denied | None, found: RegisteredCommune, form: Any, again: Callable[[RegisteredCommune], str]
) -> Any:
    """Back to the commune when it was done; else the form once more, on the commune as it is now."""
    if denied is None:
        flash(_("Đã lưu."), "good")
        return redirect(f"/staff/operator/communes/{found.slug}", 303)
    form.form_errors.append(denied_text(denied))
    return again(_commune_or_404(found.slug)), 409
