"""Reads about people: who somebody is, who can be on a care team, who is, how staff are reached."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from uuid import UUID

from django.db.models import F, QuerySet
from guardian.models import UserObjectPermission
from guardian.shortcuts import get_users_with_perms

from core import clock
from core.models import BreakGlass, ContactPoint, Patient, PatientQuerySet, User, digits, normalised
from core.permissions import Permission, roles_with

MOST_FOUND = 50


def staff_names(user_ids: Iterable[str]) -> dict[str, str]:
    """Id → name, in one query."""
    rows = User.objects.filter(pk__in=set(user_ids)).values_list("id", "full_name")
    return {str(pk): name for pk, name in rows}


def clinicians_at(clinic_ids: Iterable[UUID]) -> QuerySet[User]:
    """Active staff whose role at one of these clinics may see clinical records."""
    return (
        User.objects.filter(
            is_active=True,
            memberships__clinic_id__in=list(clinic_ids),
            memberships__is_active=True,
            memberships__role__in=roles_with(Permission.SEE_CLINICAL),
        )
        .order_by("full_name")
        .distinct()
    )


def staff_with(permission: Permission, clinic_id: UUID) -> QuerySet[User]:
    """Active staff whose role at this clinic holds `permission`; whoever has two such roles comes twice."""
    return User.objects.filter(
        is_active=True,
        memberships__clinic_id=clinic_id,
        memberships__is_active=True,
        memberships__role__in=roles_with(permission),
    )


def care_team_of(patient_id: UUID) -> QuerySet[User]:
    """The care team, inside another query; like `care_team` it reads no encrypted column of the patient."""
    held = UserObjectPermission.objects.filter(
        object_pk=str(patient_id), permission__codename="care_for", permission__content_type__app_label="core"
    )
    return User.objects.filter(pk__in=held.values("user"))


def care_team(patient: Patient) -> set[UUID]:
    """Ids of the clinicians who care for this patient."""
    team = get_users_with_perms(patient, only_with_perms_in=["care_for"], with_group_users=False)
    return set(User.objects.filter(pk__in=team).values_list("pk", flat=True))


def patients_matching(clinic_ids: Iterable[UUID], words: str) -> list[UUID]:
    """Ids of at most `MOST_FOUND` patients whom these words name exactly: a name, a number, an address, or a family
    name and a date of birth ("Núñez 1990-03-15"). Blind indexes know no beginnings of words.
    """
    ours = PatientQuerySet(Patient).filter(clinic_id__in=list(clinic_ids))
    found = ours.none()
    for terms in _readings(words.split()):
        found |= ours.matching(**terms)
    return list(found.order_by("-created_at").values_list("pk", flat=True)[:MOST_FOUND])


def _readings(words: list[str]) -> Iterator[dict[str, str]]:
    """Every way to understand the words; a reading that comes out empty would match all who left the field blank."""
    whole = " ".join(words)
    if normalised(whole):
        yield from ({name: whole} for name in ("family_name", "given_name", "mrn", "email"))
    if len(digits(whole)) == len("5550100142"):
        yield {"phone": whole}
    for cut in range(1, len(words)):
        first, last = " ".join(words[:cut]), " ".join(words[cut:])
        if normalised(first) and normalised(last):
            yield {"given_name": first, "family_name": last}
    if len(words) > 1 and (born := _iso_date(words[-1])):
        yield {"family_name": " ".join(words[:-1]), "birth_date": born}


def _iso_date(text: str) -> str:
    """An ISO or a US date as ISO, "" for anything else."""
    for pattern in ("%Y-%m-%d", "%m/%d/%Y"):
        with suppress(ValueError):
            return datetime.strptime(text, pattern).replace(tzinfo=UTC).date().isoformat()
    return ""


@dataclass(frozen=True)
class Way:
    """One way to one person. No `contact_id`: the address they sign in with. No `user_id`: a canary's, to nobody."""

    user_id: UUID | None
    contact_id: UUID | None
    kind: str


def ways_to_reach(clinic_id: UUID, user_ids: Iterable[UUID]) -> list[Way]:
    """Every way to each of these people for a clinic, in one query: everybody's first ones before anybody's second.

    Whether a vendor's agreement has lapsed is not asked: that alarms and never stops a page. Until somebody has proved
    that a way of theirs arrives, the address they sign in with is one more.
    """
    ways: dict[UUID, list[Way]] = {user: [] for user in user_ids}
    proved = set()
    points = ContactPoint.objects.filter(clinic_id=clinic_id, user_id__in=list(ways), is_active=True)
    for user, pk, kind, verified_at in points.order_by("rank", "id").values_list(
        "user_id", "id", "kind", "verified_at"
    ):
        ways[user].append(Way(user, pk, kind))
        if verified_at and kind != ContactPoint.Kind.IN_APP:
            proved.add(user)
    for user, theirs in ways.items():
        if user not in proved:
            theirs.append(Way(user, None, ContactPoint.Kind.EMAIL))
    return [way for nth in zip_longest(*ways.values()) for way in nth if way]


def lapsed_vendor_channels(clinic_id: UUID | None = None) -> QuerySet[ContactPoint]:
    """Contact points in use whose vendor's agreement has ended, by the database's date; of every clinic without one."""
    lapsed = ContactPoint.objects.filter(is_active=True, vendor__baa_until__lt=clock.now().date())
    lapsed = lapsed.select_related("vendor", "user").defer("address").order_by("vendor__baa_until", "id")
    return lapsed if clinic_id is None else lapsed.filter(clinic_id=clinic_id)


def glass_to_review(clinic_ids: Iterable[UUID]) -> QuerySet[BreakGlass]:
    """Every break-glass of these clinics, those that nobody has looked at first, then the latest."""
    rows = BreakGlass.objects.filter(patient__clinic__in=list(clinic_ids))
    rows = rows.select_related("user", "patient__clinic", "review__reviewed_by")
    return rows.order_by(F("review__at").desc(nulls_first=True), "-at")


def glass_waiting(clinic_ids: Iterable[UUID]) -> int:
    return BreakGlass.objects.filter(patient__clinic__in=list(clinic_ids), review=None).count()
