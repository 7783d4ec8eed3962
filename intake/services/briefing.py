"""The pre-session brief: one page about one patient, made of stored answers alone. Nothing is summed up or rephrased;
the same answers give the same page.

Of each form the latest response counts, whichever packet it came in. Substance use is for the care team alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction

import audit.services
import consents.selectors
import escalation.selectors
import screening.selectors
from audit.actions import Action, Actor, Ref
from consents.rendering import plain
from core import clock
from core.models import Patient, User
from escalation.policy import zone
from escalation.selectors import past
from intake import selectors
from intake.models import Packet, Response, Sensitivity
from intake.rules.brief import LINE, Fitted, Part, Said, Source, cut, fitted
from intake.rules.remarks import Remark, about, remarks
from intake.services.eligibility import unasked_about_suicide
from intake.services.reading import Course, read_course
from screening import instruments
from screening.selectors import FindingView, ResultView

Form = selectors.AnsweredForm
YES_OR_NO_FIRST = ("med-any", "all-any")
EVERY = "every question"
PAST = timedelta(days=90)
# What parts give up, by title, to one that not every brief has; its heading takes a line too.
MAKES_ROOM = {"What needs attention": 2, "Why they come, in their own words": 2, "Scores": 1}


@dataclass(frozen=True)
class Brief:
    """`hidden`: substance-use forms that the reader may not open. `sensitive`: the page tells of substance use."""

    patient: Patient
    at: str
    page: Fitted
    hidden: int
    sensitive: bool


@transaction.atomic
def read_brief(*, patient: Patient, user: User) -> Brief:
    """Put together what the user may know; PATIENT_READ and SCREENING_READ are recorded or nothing is returned.

    `patient` comes from `core.access.patients_for_clinician`.
    """
    course = read_course(patient=patient, user=user)
    on_care_team = user.has_perm("core.care_for", patient)
    everything = selectors.latest_forms(patient.id)
    forms = {slug: form for slug, form in everything.items() if on_care_team or form.sensitivity != "sud"}
    results = screening.selectors.results(form.response_id for form in forms.values())
    told = remarks(patient.id, sensitive=on_care_team)
    when = _When(patient.clinic.time_zone)
    incidents = _past(patient, when, everything_is_open=on_care_team)
    parts = [
        _attention(patient, forms, results, when),
        *incidents,
        _why(forms, when),
        _scores(results, course, when),
        _list("Medicines", forms.get("medications"), told, 4, 8, when),
        _list("Allergies", forms.get("allergies"), told, 3, 8, when),
        *(
            [_list("Substance use (Part 2)", forms["substance-use"], told, 4, 13, when)]
            if "substance-use" in forms
            else []
        ),
        _consents(patient, when),
        _open(patient, course, when),
    ]
    if incidents:  # the page has no more lines than before
        parts = [replace(part, most=part.most - MAKES_ROOM.get(part.title, 0)) for part in parts]
    page = fitted(_in_plain_letters(part) for part in parts)
    audit.services.record(
        Action.PATIENT_READ,
        actor=Actor.staff(user.id),
        obj=Ref("core.Patient", str(patient.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"page": "brief", "forms": len(forms)},
    )
    return Brief(
        patient=patient,
        at=when(clock.now()),
        page=page,
        hidden=len(everything) - len(forms),
        sensitive=any(form.sensitivity == "sud" for form in forms.values()),
    )


def _in_plain_letters(part: Part) -> Part:
    """A patient's words turn no reading direction and break no line."""
    said = tuple(replace(one, text=plain(one.text)) for one in part.said)
    return replace(part, said=said)


class _When:
    """The clinic's wall clock, short."""

    def __init__(self, time_zone: str) -> None:
        self.zone = zone(time_zone)

    def __call__(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone)
        return f"{local:%b} {local.day}, {local:%Y %H:%M}"


def _attention(patient: Patient, forms: dict[str, Form], results: tuple[ResultView, ...], when: _When) -> Part:
    """Open incidents, then the findings, the worst first."""
    said = [
        Said(
            f"Incident {row.incident.code} is {row.incident.get_state_display().lower()}.",
            _incident_source(row, when),
            "open",
        )
        for row in escalation.selectors.of_patient(patient.id)
        if row.due_in_seconds is not None
    ]
    found = [(finding, result) for result in results for finding in result.findings]
    found.sort(key=lambda one: (selectors.URGENCIES.index(one[0].urgency), not one[0].pages))
    said += [
        Said(finding.because, _finding_source(finding, result, when), finding.urgency) for finding, result in found
    ]
    said += _unasked(patient, when)
    nothing = "Nothing in the latest answers needs attention by itself."
    return Part("What needs attention", tuple(said), most=8, count=8, nothing=nothing)


def _unasked(patient: Patient, when: _When) -> list[Said]:
    """Where the latest packet asked nothing about suicide that the patient could read."""
    latest = Packet.objects.filter(patient=patient).exclude(state=Packet.State.WITHDRAWN).order_by("-invited_at")
    packet = latest.select_related("clinic", "patient").first()
    words = unasked_about_suicide(packet) if packet else ""
    return [Said(words, Source(f"Packet of {when(packet.invited_at)}", EVERY), "ask")] if packet and words else []


def _past(patient: Patient, when: _When, *, everything_is_open: bool) -> list[Part]:
    """Incidents of the last 90 days with what was signed; nothing where there is none.

    What was answered about substance use is for the care team alone: to others only what is known to be of another
    section is told.
    """
    incidents = past.opened_since(patient.id, clock.now() - PAST)
    if not incidents:
        return []
    known: frozenset[str] = frozenset()
    if not everything_is_open:
        plain_ones = Response.objects.filter(packet__patient=patient, sensitivity=Sensitivity.NONE)
        known = screening.selectors.said_of(plain_ones.values_list("id", flat=True))
    said: list[Said] = []
    for one in incidents:
        told = [words for words in one.because if everything_is_open or words in known]
        because = "; ".join(told) or "what was answered is on its page"
        name = f"incident {one.code}"
        said.append(
            Said(
                f"Incident {one.code}, {when(one.opened_at)}: {because}.", Source(f"Opened {when(one.opened_at)}", name)
            )
        )
        if one.signed:
            signed = f"{one.signed.what}, signed by {one.signed.signed_as}, {when(one.signed.at)}."
            said.append(Said(signed, Source(f"Signed {when(one.signed.at)}", f"outcome of {name}")))
    return [Part("Incidents of the last 90 days", tuple(said), most=4, count=8, flows=True)]


def _incident_source(row: escalation.selectors.InboxRow, when: _When) -> Source:
    return Source(f"Opened {when(row.incident.opened_at)}", f"incident {row.incident.code}")


def _finding_source(finding: FindingView, result: ResultView, when: _When) -> Source:
    instrument = instruments.get(result.instrument)
    asked = next((flag.link_id for flag in instrument.flags if flag.code == finding.code), "")
    item = instrument.item(asked)
    return Source(f"{result.title}, {when(result.scored_at)}", item.text if item else EVERY)


def _source(form: Form, question: str, when: _When) -> Source:
    return Source(f"{form.title}, {when(form.saved_at)}", question)


def _why(forms: dict[str, Form], when: _When) -> Part:
    """What the patient wrote, in quotation marks; what was chosen from a list without."""
    form = forms.get("presenting-concerns")
    said = []
    for row in form.rows if form else ():
        if form and row.values:
            words = ", ".join(row.values)
            quoted = f"“{words}”" if row.link_id != "con-since" else f"{row.label} {words}"
            said.append(Said(" ".join(quoted.split()), _source(form, row.label, when)))
    return Part("Why they come, in their own words", tuple(said), most=7, count=4)


def _scores(results: tuple[ResultView, ...], course: Course, when: _When) -> Part:
    said = tuple(
        Said(_score(one, course), Source(f"{one.title}, {when(one.scored_at)}", EVERY))
        for one in results
        if one.instrument in instruments.REGISTRY
    )
    return Part("Scores", said, most=7, count=7, nothing="Nothing has been scored yet.")


def _score(result: ResultView, course: Course) -> str:
    """PHQ-9 12 of 27, Moderate = 2+1+…; change since last and first; marks; what is due."""
    if result.missing:
        said = f"{result.title}: no total, {len(result.missing)} unanswered"
    elif result.total is None:
        said = f"{result.title}: {result.band_label}"
    else:
        working = "+".join(str(line.value) for line in result.working if line.value is not None)
        said = f"{result.title} {result.total} of {result.highest}, {result.band_label} = {working}"
    change = course.change(result.instrument, result.source_ref)
    if change and change.since_last is not None:
        said += f"; {change.since_last:+d} since last, {change.since_first:+d} since first".replace("-", "−")
        said += "".join(f"; {mark.label}" for mark in change.marks)
    plan = course.plans.get(result.instrument)
    return f"{said}; next due {plan.next_due_on:%Y-%m-%d}." if plan else f"{said}."


def _list(title: str, form: Form | None, told: list[Remark], most: int, count: int, when: _When) -> Part:
    """One sentence for each entry of a repeating group, else for each question. What a clinician corrected or kept out
    of the chart comes first, so that no cut leaves it out."""
    said = tuple(_answers(form, when)) if form else ()
    corrected = tuple(_remark(one, form, when) for one in about(told, form.packet_id, form.slug)) if form else ()
    if corrected and said:
        said = (replace(said[0], text=f"As told: {said[0].text}"), *said[1:])
    return Part(title, (*corrected, *said), most=most, count=count + len(corrected), flows=True)


def _remark(one: Remark, form: Form, when: _When) -> Said:
    """In other words than the patient's: what, why, who and when."""
    who = f"{one.by}, {when(one.at)}" if one.by and one.at else "a clinician"
    mark = "not filed" if one.is_kept_out else "corrected"
    why = cut(one.reason, 1, LINE, "…")
    return Said(f"{one.said}. Why: {why} ({who}).", _source(form, one.label, when), mark)


def _answers(form: Form, when: _When) -> Iterator[Said]:
    for heading, rows in selectors.sections(form.rows):
        words = [(row.label, "prefers not to answer" if row.declined else ", ".join(row.values)) for row in rows]
        if any(row.link_id.startswith(("med-", "all-")) and row.link_id not in YES_OR_NO_FIRST for row in rows):
            yield Said(f"{', '.join(said for _, said in words)}.", _source(form, heading, when))
        else:
            for label, said in words:
                yield Said(f"{label} {said}.", _source(form, label, when))


def _consents(patient: Patient, when: _When) -> Part:
    """The last decision on each document."""
    latest: dict[str, Said] = {}
    for row in consents.selectors.permissions(patient.id):
        state = row.decision if row.stands or row.decision != "signed" else "signed, ended since"
        latest.setdefault(
            row.title,
            Said(f"{row.title}: {state}.", Source(f"Decided {when(row.signed_at)}", f"{row.title} {row.version}")),
        )
    return Part(
        "Consents", tuple(latest.values()), most=3, count=6, flows=True, nothing="Nothing has been decided yet."
    )


def _open(patient: Patient, course: Course, when: _When) -> Part:
    """What is unfinished, and what is due again."""
    said = []
    for packet, waiting in selectors.unfinished_steps(patient.id):
        said.append(
            Said(
                f"Packet of {when(packet.invited_at)}: {waiting} parts are not finished.",
                Source("Packets", f"invited {when(packet.invited_at)}"),
            )
        )
    for plan in course.plans.values():
        if plan.is_due:
            said.append(
                Said(
                    f"{plan.title} is due since {plan.next_due_on:%Y-%m-%d}.",
                    Source("Schedules", f"every {plan.every_days} days, set by {plan.set_by}"),
                )
            )
    return Part("What is open", tuple(said), most=3, count=3, nothing="Nothing.")
