"""What the staff's pages share: the door by permission, a part of a page that is asked for again and again.

The compliance officer's log is here too, because `audit` imports no app of ours and so can't ask who may see it.
"""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import redirect, render
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import audit.selectors
import audit.services
import core.services
from audit.actions import Action, Actor, Ref
from core import clock, selectors
from core.access import clinics_where, get_glass_for_review, may_anywhere
from core.fields.typed import Day
from core.permissions import Permission
from core.services.glass import FINDINGS

if TYPE_CHECKING:
    from core.models import User

View = TypeVar("View", bound=Callable[..., HttpResponse])
EVENTS_PER_PAGE = 100
GLASS_PER_PAGE = 50


class StaffRequest(HttpRequest):
    """A request that `SecondFactor` has let through: the user is a member of staff."""

    user: "User"


def needs(permission: Permission) -> Callable[[View], View]:
    """Whoever holds `permission` at no clinic gets a 404: to them the page does not exist."""

    def door(view: View) -> View:
        @wraps(view)
        def guarded(request: StaffRequest, *args: object, **kwargs: object) -> HttpResponse:
            if not may_anywhere(request.user, permission):
                raise Http404
            return view(request, *args, **kwargs)

        return cast(View, guarded)

    return door


def fingerprint(shown: object) -> str:
    """A keyed digest of what a page shows, as its ETag; a bare digest of a few names could be guessed."""
    return salted_hmac("core.views.fingerprint", repr(shown)).hexdigest()[:32]


def not_modified(request: HttpRequest, tag: str) -> HttpResponse | None:
    """The 304 for a browser that already shows this; nothing was read, so nothing has to be recorded."""
    if request.headers.get("If-None-Match") != f'"{tag}"':
        return None
    return HttpResponseNotModified(headers={"ETag": f'"{tag}"'})


def page_or_part(request: HttpRequest, template: str, tag: str, context: dict[str, object]) -> HttpResponse:
    """`app/name.html` for a browser, its fragment `app/_name.html` for htmx, both with the ETag."""
    folder, _, name = template.rpartition("/")
    part = request.headers.get("HX-Request") == "true"
    response = render(request, f"{folder}/_{name}" if part else template, {**context, "tag": tag, "part": part})
    response["ETag"] = f'"{tag}"'
    return response


class LogFilter(forms.Form):
    """Which events: a day, a patient by id, or both."""

    day = Day(required=False, label="Day (UTC)", widget=forms.DateInput(attrs={"type": "date"}))
    patient = forms.UUIDField(
        required=False, label="Patient id", help_text="As it stands in an event. Shows everybody who saw this patient."
    )


@require_safe
@needs(Permission.SEE_AUDIT)
def audit_log(request: StaffRequest) -> HttpResponse:
    """Who did and who read what at the officer's clinics: one day (UTC), or one patient's whole story."""
    clinics = [clinic.id for clinic in clinics_where(request.user, Permission.SEE_AUDIT)]
    form = LogFilter(request.GET or None)
    chosen = form.cleaned_data if form.is_valid() else {}
    patient_id = chosen.get("patient")
    day = chosen.get("day") or (None if patient_id else clock.now().date())
    page = Paginator(audit.selectors.events(clinics, day=day, patient_id=patient_id), EVENTS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    names = selectors.staff_names(one.actor_id for one in page if one.actor_kind == "staff")
    for clinic_id in clinics:
        audit.services.record(
            Action.AUDIT_READ,
            actor=Actor.staff(request.user.id),
            obj=Ref("audit.Event", "list"),
            clinic_id=clinic_id,
            context={"day": day.isoformat() if day else "", "of": str(patient_id or ""), "events": len(page)},
        )
    rows = [(one, names.get(one.actor_id, one.actor_id)) for one in page]
    return render(
        request, "audit/events.html", {"form": form, "day": day, "page": page, "rows": rows, "patient_id": patient_id}
    )


@require_http_methods(["GET", "POST"])
@needs(Permission.ANSWER_PAGES)
def confirm_contact(request: StaffRequest) -> HttpResponse:
    """Where the code of a test is entered: it proves that this person is reached."""
    if request.method != "POST":
        return render(request, "core/confirm_contact.html")
    try:
        point = core.services.confirm_contact(
            user=request.user, code=request.POST.get("code", ""), actor=Actor.staff(request.user.id)
        )
    except core.services.Refused as refused:
        return render(request, "core/confirm_contact.html", {"fault": str(refused)})
    messages.success(request, f"Thank you. Your {point.get_kind_display()} is proved to reach you.")
    return redirect("staff-home")


class GlassReviewForm(forms.Form):
    """Nothing is chosen beforehand: a finding that was only left standing is none."""

    finding = forms.ChoiceField(
        choices=FINDINGS,
        label="What you found",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what you found."},
    )
    note = forms.CharField(
        max_length=2000,
        label="What you looked at",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say in a few words what you looked at."},
    )


@require_safe
@needs(Permission.SEE_AUDIT)
def glass(request: StaffRequest) -> HttpResponse:
    """Who opened whose page from outside the care team, and why: what nobody has looked at first."""
    return _glass_page(request)


def _glass_page(request: StaffRequest, typed: GlassReviewForm | None = None) -> HttpResponse:
    """`typed`: what can't be kept, shown again in its place."""
    clinics = clinics_where(request.user, Permission.SEE_AUDIT).values_list("pk", flat=True)
    page = Paginator(selectors.glass_to_review(clinics), GLASS_PER_PAGE).get_page(request.GET.get("page"))
    core.services.record_listing(
        patients=[one.patient for one in page], page="break_glass", actor=Actor.staff(request.user.id)
    )
    given = {typed.auto_id: typed} if typed else {}
    ids = [(one, f"{one.id}-%s") for one in page]
    rows = [(one, None if hasattr(one, "review") else given.get(to, GlassReviewForm(auto_id=to))) for one, to in ids]
    status = 400 if typed else 200
    return render(request, "core/glass.html", {"page": page, "rows": rows}, status=status)


@require_POST
@needs(Permission.SEE_AUDIT)
def glass_review(request: StaffRequest, glass_id: UUID) -> HttpResponse:
    """Say what you found; it can't be changed afterwards. Nobody reviews their own."""
    found = get_glass_for_review(request.user, glass_id)
    form = GlassReviewForm(request.POST, auto_id=f"{found.id}-%s")
    if not form.is_valid():
        return _glass_page(request, form)
    try:
        is_kept = core.services.review_glass(glass=found, user=request.user, **form.cleaned_data)
    except core.services.TooFewWords:
        form.add_error("note", "Say in a few words what you looked at. One word can't be judged by anybody later.")
        return _glass_page(request, form)
    if is_kept:
        messages.success(request, "The review is kept.")
    else:
        messages.info(request, "Somebody has reviewed it already. Theirs stands.")
    return redirect("core:glass")
