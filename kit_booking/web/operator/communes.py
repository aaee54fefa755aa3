"""The operator's pages of communes, their places and their kits."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from kit_booking.clock import utc_now
from kit_booking.domain.text import clean
from kit_booking.models import Commune, Role
from kit_booking.services.operator import registry
from kit_booking.services.operator.edits import Denied
from kit_booking.services.operator.kit_moves import affected_bookings, move_kit
from kit_booking.services.operator.reading import commune_page, find_commune, kits_of, provinces, staff_of
from kit_booking.web.desk.edit import Edit, edit_pages, saved, this_actor
from kit_booking.web.frame.language import gettext as _
from kit_booking.web.frame.readers import staff_only, this_member
from kit_booking.web.operator.forms import CommuneForm, KitForm, PlaceEditForm

DESK = "/staff/operator"
blueprint = Blueprint("operator", __name__, url_prefix=DESK)

P = ParamSpec("P")
T = TypeVar("T")


def operator_only(view: Callable[P, T]) -> Callable[P, T | Response]:
    """Only for operators: 403 for other staff."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        if not this_member().is_operator:
            abort(403)
        return view(*args, **kwargs)

    return staff_only(guarded)


def list_page(template: str, rows: Sequence[Any], next_key: str, *, q: str, after: str) -> str:
    """A page of a long list that was searched for ``q``, and the way to the page that begins after ``next_key``."""
    following = next_key and "?" + urlencode({"q": q, "after": next_key})
    return render_template(template, rows=rows, q=q, is_first=not after, next=following)


@blueprint.get("")
@operator_only
def communes() -> str:
    query, after = clean(request.args.get("q", "")[:200], 80), request.args.get("after", "")[:80]
    return list_page("operator/communes.html", *commune_page(query, after), q=query, after=after)


def _commune_or_404(slug: str) -> Commune:
    return find_commune(slug) or abort(404)


def _one_or_404(rows: Sequence[T], column: str, value: object) -> T:
    return next((row for row in rows if getattr(row, column) == value), None) or abort(404)


@blueprint.get("/communes/<slug>")
@operator_only
def commune(slug: str) -> str:
    commune = _commune_or_404(slug)
    staff = staff_of(commune.id)
    return render_template(
        "operator/commune.html",
        commune=commune,
        kits=kits_of(commune.id),
        staff=staff,
        has_clerk=any(one.role == Role.CLERK and one.is_active for one in staff),
    )


def _path(commune: Commune) -> str:
    return f"{DESK}/communes/{commune.slug}"


@edit_pages(blueprint, operator_only, "/communes/new")
def new_commune() -> Edit:
    form = CommuneForm(without=["version"])
    form.name.description = ""  # It warns that the address stays when a name changes.

    def save() -> Denied | Response:
        slug = registry.add_commune(**form.values, by=this_actor(), now=utc_now())
        if isinstance(slug, Denied):
            return slug
        text = _("Đã thêm xã %(name)s. Giờ thêm nơi để bộ, bộ và cán bộ.", name=form.text("name"))
        return saved(f"{DESK}/communes/{slug}", text)

    return Edit(form, "operator/commune_form.html", DESK, save, shown={"provinces": provinces()})


@edit_pages(blueprint, operator_only, "/communes/<slug>/edit")
def edit_commune(slug: str) -> Edit:
    commune = _commune_or_404(slug)
    form = CommuneForm(without=["phone"], name=commune.name, code=commune.code, province=commune.province.name)

    def save() -> Denied | None:
        return registry.change_commune(commune.id, **form.values, by=form.editor, now=utc_now())

    shown = {"provinces": provinces()}
    return Edit(form, "operator/commune_form.html", _path(commune), save, commune, shown=shown)


@edit_pages(
    blueprint,
    operator_only,
    "/communes/<slug>/places/new",
    "/communes/<slug>/places/<int(max=2147483647):place_id>",
)
def edit_place(slug: str, place_id: int | None = None) -> Edit:
    """A new place, or one whose keeper and hours are kept with the commune's settings."""
    commune, place, form = _commune_or_404(slug), None, PlaceEditForm()
    if place_id is not None:
        place = _one_or_404(commune.places, "id", place_id)
        villages = [(village.name, village.craft) for village in place.villages]
        without = ["keeper", "keeper_phone"]
        form = PlaceEditForm(
            without=without, name=place.name, short_name=place.short_name, address=place.address, villages=villages
        )

    def save() -> Denied | None:
        return registry.save_place(commune.id, place_id, **form.values, by=form.editor, now=utc_now())

    return Edit(form, "operator/place_form.html", _path(commune), save, commune, shown={"place": place})


@edit_pages(blueprint, operator_only, "/communes/<slug>/kits/new")
def new_kit(slug: str) -> Edit:
    """A kit with the parts of the commune's first one."""
    commune = _commune_or_404(slug)
    form, first = _with_places(KitForm(), commune), next(iter(kits_of(commune.id)), None)

    def save() -> Denied | None:
        parts = [(part.name, part.count) for part in first.parts] if first else []
        return registry.add_kit(**form.values, parts=parts, by=form.editor, now=utc_now())

    shown = {"kit": None, "first": first}
    return Edit(form, "operator/kit_form.html", _path(commune), save, commune, shown=shown)


@edit_pages(blueprint, operator_only, "/communes/<slug>/kits/<code>")
def move(slug: str, code: str) -> Edit:
    """A preview of the affected bookings or, once that is confirmed, move the kit."""
    commune = _commune_or_404(slug)
    kit = _one_or_404(kits_of(commune.id), "code", code)
    form = _with_places(KitForm(without=["code"], place_id=kit.place_id), commune)

    def save() -> Denied | str | None:
        place = _one_or_404(commune.places, "id", form.place_id.data)
        if place.id == kit.place_id:
            return None
        if "confirmed" in request.form:
            return move_kit(kit.id, place.id, form.editor, now=utc_now())
        form.version.data = ""  # The preview is of the commune as it is now.
        bookings = affected_bookings(kit.id, place.id, now=utc_now())
        return edit("operator/kit_look.html", place=place, bookings=bookings).page()

    def edit(template: str, **shown: Any) -> Edit:
        return Edit(form, template, _path(commune), save, commune, shown={"kit": kit, **shown})

    return edit("operator/kit_form.html")


def _with_places(form: KitForm, commune: Commune) -> KitForm:
    form.place_id.choices = {str(place.id): place.name for place in commune.places}
    return form
