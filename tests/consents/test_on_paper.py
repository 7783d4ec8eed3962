"""What was signed on paper: who writes it down, what it counts for, and what the front desk doesn't learn from it."""

import io
import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import packets as given
import pytest
from consent_screen import TEST, edition
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from patient_pages import invited, opened, states
from personas import signed_in, staff
from PIL import Image
from pypdf import PdfReader
from scans import PDF, photo, upload
from test_disclosing import ask
from test_outgoing_words import telling

import consents.selectors
import consents.services
import consents.services.sealing
from audit.models import Event
from consents.models import DocumentVersion, Paper, PrivacyTask, Signature
from core import clock
from core.models import Program
from core.permissions import Role
from intake import selectors
from intake.models import Packet, Step
from intake.services import submission

SHARING, TREATMENT = "share-permission", "treatment"


def prologue(world):
    given.publish(world, esign=True)


@pytest.fixture
def invitation(world):
    """The patient wants paper."""
    invitation = invited(world)
    given.sign(invitation.packet, "esign", "declined")
    return invitation


@pytest.fixture
def packet(invitation):
    return invitation.packet


def door(packet, slug):
    return reverse("intake:paper", args=[Step.objects.get(packet=packet, slug=slug).id])


def text_of(slug, language="en"):
    return DocumentVersion.objects.get(document__slug=slug, language=language, state="effective").id


def today(clinic):
    return clock.now().astimezone(ZoneInfo(clinic.time_zone)).date()


def write(user, packet, slug, **changed):
    said = {
        "text": text_of(slug),
        "decided_on": today(packet.clinic),
        "decision": "signed",
        "all_ticked": "on",
        "signer_name": "Rosa Núñez",
        "capacity": "self",
        "why": "chosen",
        "scan": upload(),
    }
    return signed_in(user).post(door(packet, slug), {**said, **changed})


def test_a_paper_becomes_a_signature_like_any_other_that_says_no_screen_was_shown(world, invitation):
    packet, sheets = invitation.packet, []
    answer = write(world.front_desk, packet, TREATMENT, text=text_of(TREATMENT, "es"))
    assert answer["Location"] == reverse("intake:papers", args=[world.patient.id])
    made = Signature.objects.get(kind="treatment")
    assert (made.decision, made.signer_name, made.version.language) == ("signed", "Rosa Núñez", "es")
    assert {"method": "paper", "screen": "none was shown", "entered_by": str(world.front_desk.id)}.items() <= (
        made.evidence.items()
    )
    assert (states(invitation)["treatment"], states(invitation)["dast-10"]) == ("done", "skipped")
    assert Event.objects.get(action="signature.made", object_id=made.id).actor_id == str(world.front_desk.id)
    consents.services.sealing.seal_due(render=lambda sheet: sheets.append(sheet) or b"%PDF-")
    assert sheets[0].on_paper
    assert not PrivacyTask.objects.filter(kind="paper").exists()
    assert "You chose paper" not in opened(invitation).go("/i/packet/treatment/").text
    assert consents.services.altered(made.id) == ()
    Paper.objects.create(signature=made, what="authority", content="", content_type="image/jpeg", sha256="")
    assert consents.services.altered(made.id) == ("paper",)


def test_a_permission_on_paper_opens_its_sections_and_lets_nothing_leave_before_a_second_person_compared(
    world, invitation
):
    packet, officer = invitation.packet, world.compliance
    write(officer, packet, SHARING, scan=upload(photo(), "IMG.pdf"))
    paper = Paper.objects.get()
    same, page = reverse("consents:scan-same", args=[paper.id]), reverse("consents:patient", args=[world.patient.id])
    assert states(invitation)["dast-10"] == "waiting"
    given.answer(packet, "dast-10")
    assert ask(world.patient).reasons == ("paper-not-compared",)
    client = signed_in(officer)
    client.post(same)
    assert "somebody else has to compare it" in client.get(page).content.decode()
    assert [signed_in(who).get(same).status_code for who in (world.front_desk, world.clinician, world.stranger)] == (
        [404] * 3
    )
    assert ask(world.patient).reasons == ("paper-not-compared",)
    second = staff(world.clinic, Role.COMPLIANCE, "second@clinic.test", "Sol Second")
    reader, name, day = signed_in(second), "rosa  nunez.", today(packet.clinic)
    assert "by Rosa Núñez" not in reader.get(page).content.decode(), "whoever compares reads it on the paper"
    shown = reader.get(same).content.decode()
    assert f'<img src="{reverse("consents:scan", args=[paper.id])}"' in shown and day.isoformat() not in shown
    right = {"signer_name": name, "decided_on": day, "decision": "signed"}
    for wrong in ({"signer_name": "Rosa Nuñes"}, {"decided_on": day - timedelta(days=1)}, {"decision": "declined"}):
        answer = reader.post(same, right | wrong)
        assert (answer.status_code, "This is not what was entered" in answer.content.decode()) == (422, True)
    assert reader.post(same, {}).status_code == 200
    assert reader.post(same, {"signer_name": name, "decided_on": day}).status_code == 422, "nobody says what it says"
    assert ask(world.patient).reasons == ("paper-not-compared",)
    reader.post(same, right)
    assert ask(world.patient).permitted
    assert PrivacyTask.objects.get(kind="paper", ref=paper.id).closed_by == second
    assert "compared by Sol Second" in client.get(page).content.decode()


def test_a_day_that_cannot_be_is_said_in_words_and_one_long_ago_is_asked_again(world, packet):
    for day in ("9999-12-31", "0001-01-01", "0026-11-25", "1899-12-31", "2027-02-29", "1990-03-14", "2020-02-29"):
        answer = write(world.front_desk, packet, TREATMENT, decided_on=day)
        assert (answer.status_code, "Rosa Núñez" in answer.content.decode()) == (422, True), day
    assert "more than a year ago" in answer.content.decode()
    sure = write(world.front_desk, packet, TREATMENT, decided_on="2020-02-29", sure="on").content.decode()
    assert "not in effect on that day" in sure
    assert not Signature.objects.filter(kind="treatment").exists()


def test_the_scan_is_saved_by_whoever_may_open_the_folder_and_holds_pixels_only(world, packet):
    write(world.front_desk, packet, TREATMENT, scan=upload(photo(), "IMG.pdf"))
    write(world.front_desk, packet, SHARING)
    for slug, kind in (("treatment", "image/jpeg"), ("part2_tpo", "application/pdf")):
        address = reverse("consents:scan", args=[Paper.objects.get(signature__kind=slug).id])
        for who in (world.front_desk, world.stranger, world.operator):
            assert signed_in(who).get(address).status_code == 404
        reply = signed_in(world.clinician).get(address)
        assert (reply["Content-Type"], reply["X-Content-Type-Options"]) == (kind, "nosniff")
        assert reply["Content-Disposition"].startswith("attachment")
        if kind == "application/pdf":
            assert reply.content == PDF
        else:
            assert not Image.open(io.BytesIO(reply.content)).getexif()
    assert Event.objects.filter(action="paper.read").count() == 2


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"decided_on": timedelta(days=-1)}, "not in effect on that day"),
        ({"decided_on": timedelta(days=1)}, "has not come yet"),
        ({"signer_name": ""}, "the name that stands on the paper"),
        ({"capacity": "parent", "authority": "Her mother"}, "Somebody else has to decide"),
        ({"capacity": ""}, "This field is required"),
        ({"decision": "refused"}, "not one of the available choices"),
        ({"text": uuid.uuid4()}, "not one of the available choices"),
        ({"all_ticked": ""}, "it is not signed"),
        ({"scan": upload(b"MZ no paper", "scan.pdf")}, "no PDF and no photo"),
        ({"scan": upload(PDF + b"x" * 5_000_000)}, "larger than 5 MB"),
        ({"scan": ""}, "Add the scan"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence_and_nothing_is_kept(world, packet, changed, words):
    Step.objects.filter(packet=packet, slug=TREATMENT).update(signer="minor_alone")
    if isinstance(day := changed.get("decided_on"), timedelta):
        changed = {"decided_on": today(packet.clinic) + day}
    answer = write(world.front_desk, packet, TREATMENT, **changed)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert not Paper.objects.exists() and not Signature.objects.exclude(kind="esign").exists()


def test_the_text_of_that_day_may_be_retired_by_now_and_a_no_outlasts_a_yes_of_the_same_day(world, packet):
    old = DocumentVersion.objects.get(document__slug=SHARING, language="en", state="effective")
    now = clock.now()
    old.pk, old.version, old.state = uuid.uuid4(), "0.9", "retired"
    old.effective_at, old.retired_at, old._state.adding = now - timedelta(days=9), now - timedelta(days=2), True
    old.save()
    said = {"text": old.pk, "decided_on": today(packet.clinic) - timedelta(days=4)}
    write(world.front_desk, packet, SHARING, **said)
    signature = Signature.objects.get(kind="part2_tpo")
    assert timedelta(days=3) < now - signature.signed_at < timedelta(days=5, hours=1)
    assert consents.selectors.part2_signature(world.patient.id, packet.id) == signature.id
    again = write(world.front_desk, packet, SHARING, **said)
    assert "written down before" in again.content.decode()
    other = invited(world).packet
    given.sign(other, "esign", "declined")
    write(world.front_desk, other, SHARING, **said, decision="declined")
    assert consents.selectors.part2_signature(world.patient.id, packet.id) is None
    late = {**said, "decided_on": today(packet.clinic)}
    assert "not in effect on that day" in write(world.front_desk, other, SHARING, **late).content.decode()


def test_on_paper_only_where_it_was_chosen_or_a_screen_can_not_be_used(world):
    packet = invited(world).packet
    assert "Nobody chose paper" in write(world.front_desk, packet, TREATMENT).content.decode()
    assert "Choose…" in signed_in(world.front_desk).get(door(packet, TREATMENT)).content.decode()
    by_parent = write(world.front_desk, packet, TREATMENT, why="counter", capacity="parent").content.decode()
    assert "Write what gives them the right to sign" in by_parent
    assert write(world.front_desk, packet, TREATMENT, why="counter").status_code == 302
    assert Signature.objects.get().evidence["why_on_paper"] == "counter"
    steps = {one.slug: one for one in selectors.steps(packet, "en")}
    assert (steps["treatment"].state, steps["treatment"].missing) == ("done", 0)


def test_a_packet_that_was_sent_stays_sent(world, invitation):
    for slug in given.ANSWERS:
        if slug not in given.SUD:
            given.answer(invitation.packet, slug)
    submission.submit(packet=invitation.packet, key=uuid.uuid4())
    assert write(world.front_desk, invitation.packet, SHARING).status_code == 302
    assert (states(invitation)[SHARING], states(invitation)["dast-10"]) == ("done", "skipped")
    assert Packet.objects.get(pk=invitation.packet.id).state == "submitted"


@pytest.mark.parametrize("status", [Program.Part2Status.PART2, Program.Part2Status.NOT_PART2])
def test_the_desk_is_not_told_why_a_document_exists_and_strangers_nothing(world, packet, status):
    world.program.part2_status = status
    world.program.save()
    words = ("statement read:", "option more: Also what I said about alcohol.\nstatement read:")
    consents.services.publish(clinic=world.clinic, source=edition(SHARING, "9.1", swap=words), actor=TEST)
    steps = Step.objects.filter(packet=packet, what="consent").exclude(must="shown")
    pages = [reverse("intake:papers", args=[world.patient.id])]
    pages += [door(packet, one.slug) for one in steps if one.slug != "esign"]
    assert len(pages) > 2
    desk = signed_in(world.front_desk)
    for path in pages:
        answer = desk.get(path)
        assert answer.status_code == 200
        assert not telling(answer.content.decode()), path
    for who in (world.stranger, world.stranger_desk, world.clinician, world.operator):
        assert {signed_in(who).get(path).status_code for path in pages} == {404}
    assert desk.get(door(packet, "esign")).status_code == 404
    assert pages[0] in desk.get(f"/admin/intake/packet/{packet.id}/change/").content.decode()


def test_a_document_is_printed_to_be_signed_in_the_patients_words_and_language(world):
    packet = invited(world).packet
    Packet.objects.filter(pk=packet.id).update(language="es")
    blank = reverse("intake:paper-blank", args=[Step.objects.get(packet=packet, slug=SHARING).id])
    desk = signed_in(world.front_desk)
    assert blank in desk.get(reverse("intake:papers", args=[world.patient.id])).content.decode()
    answer = desk.get(blank)
    assert (answer["Content-Type"], answer["Content-Disposition"]) == (
        "application/pdf", 'attachment; filename="paper.pdf"',
    )  # fmt: skip
    text = " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(answer.content)).pages)
    since = DocumentVersion.objects.get(pk=text_of(SHARING, "es")).effective_at
    with translation.override("es"):
        day = date_format(since.astimezone(ZoneInfo(world.clinic.time_zone)), "DATE_FORMAT")
    assert text.count(f"vigente desde el {day}") > 1, "in the text and at the foot"
    for words in ("Rosa Núñez", "Su nombre", "Firma", "Fecha", "☐"):
        assert words in text
    assert Event.objects.get(action="document.printed").patient_id == world.patient.id
    for who in (world.stranger, world.stranger_desk, world.clinician, world.operator):
        assert signed_in(who).get(blank).status_code == 404


def test_after_a_refused_receipt_nothing_is_left_to_write_down_and_a_no_on_paper_names_who_said_it(world, packet):
    write(world.front_desk, packet, "privacy-notice", decision="refused", reason="She would rather not")
    write(world.front_desk, packet, SHARING, decision="declined", signer_name="Rosa Núñez")
    page = signed_in(world.front_desk).get(reverse("intake:papers", args=[world.patient.id])).content.decode()
    assert door(packet, "privacy-notice") not in page and "They sign after all" in page
    assert Signature.objects.get(kind="part2_tpo").signer_name == "Rosa Núñez"
