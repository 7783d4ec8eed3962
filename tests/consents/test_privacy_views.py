"""The privacy officer's pages: who gets in, what each does, what they say."""

import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from personas import signed_in
from pypdf import PdfReader
from scans import PDF
from test_disclosing import SHARING, ask
from test_privacy import tell, wish

from audit.models import Event
from consents.models import EmergencyDisclosure, PrivacyTask, RestrictionRequest, Revocation
from core import clock


@pytest.fixture
def officer(screen):
    return signed_in(screen.world.compliance)


def address(name, *args):
    return reverse(f"consents:{name}", args=args)


def doors(screen):
    """Every page with a real row behind it: (address, method)."""
    patient, signature = screen.world.patient.id, screen.decide(SHARING)
    request = wish(screen)
    return [
        (address("patient", patient), "get"),
        (address("treatment-ended", patient), "post"),
        (address("restriction", patient), "get"),
        (address("accounting", patient, "consented", "html"), "get"),
        (address("revoke", signature.id), "post"),
        (address("restriction-decide", request.id), "post"),
        (address("task-close", PrivacyTask.objects.get().id), "post"),
        (address("tasks"), "get"),
    ]


@pytest.mark.parametrize("who", ["stranger", "stranger_desk", "front_desk", "operator", "backup"])
def test_whoever_has_no_business_there_gets_404(screen, who):
    client = signed_in(getattr(screen.world, who))
    answers = {path: getattr(client, method)(path).status_code for path, method in doors(screen)}
    assert set(answers.values()) == {404}, answers
    assert not Revocation.objects.exists()


def test_a_clinician_in_charge_may_write_down_what_the_patient_wants_and_not_decide_it(screen):
    client = signed_in(screen.world.clinician)
    allowed = {path for path, method in doors(screen) if getattr(client, method)(path).status_code != 404}
    assert {path.rsplit("/", 2)[-2] for path in allowed} & {"limits", "ended"}
    assert not {path for path in allowed if "consented" in path or "tasks" in path or path == address("tasks")}


def test_the_officer_sees_what_stands_what_ended_and_what_had_been_shared(screen, officer):
    signature = screen.decide(SHARING)
    ask(screen.world.patient, recipient="Bay Chart")
    page = officer.get(address("revoke", signature.id)).content.decode()
    assert "an answer or a result to Bay Chart" in page
    paper = SimpleUploadedFile("letter.pdf", PDF, content_type="application/pdf")
    given = {"why": "revoked", "how": "paper", "note": "Letter of today", "scan": paper}
    answer = officer.post(address("revoke", signature.id), given, follow=True)
    row = Revocation.objects.get()
    assert (row.how, row.recorded_by, len(row.relied_on)) == ("paper", screen.world.compliance, 1)
    assert row.scan
    page = answer.content.decode()
    assert "not undone: 1" in page
    assert "an answer or a result to Bay Chart" in page
    assert ask(screen.world.patient).reasons == ("revoked",)
    paper = officer.get(address("paper", row.id))
    assert (paper["Content-Type"], paper.content) == ("application/pdf", PDF)
    assert paper["Content-Disposition"].startswith("attachment")
    assert signed_in(screen.world.clinician).get(address("paper", row.id)).status_code == 404
    assert Event.objects.filter(action="document.read", object_id=row.id).count() == 1


def test_recipients_are_ticked_and_a_name_that_nobody_has_is_confirmed_first(screen, officer):
    signature = screen.decide(SHARING)
    ask(screen.world.patient, recipient="Bay-Chart, Inc.")
    ask(screen.world.patient, recipient="Other Chart")
    path, said = address("revoke", signature.id), {"why": "revoked", "how": "phone", "note": "She called"}
    page = officer.get(path).content.decode()
    assert page.count('name="recipients"') == 2 and 'value="Bay-Chart, Inc."' in page
    answer = officer.post(path, said | {"other": "Bay Char"})
    assert (answer.status_code, "Look at it again, or confirm it" in answer.content.decode()) == (422, True)
    assert not Revocation.objects.exists()
    officer.post(path, said | {"other": "bay chart inc"})
    row = Revocation.objects.get()
    assert (row.recipients, len(row.relied_on)) == (["Bay-Chart, Inc."], 1)
    assert ask(screen.world.patient, recipient="BAY CHART INC").reasons == ("revoked-for-recipient",)
    assert ask(screen.world.patient, recipient="Other Chart").permitted
    officer.post(path, said | {"other": "Her employer", "sure": "on", "recipients": ["Other Chart"]})
    assert Revocation.objects.exclude(pk=row.pk).get().recipients == ["Her employer", "Other Chart"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"how": "paper"}, "Add the paper."),
        ({"how": "paper", "scan": b"MZ not a paper"}, "no PDF and no photo"),
        ({"how": "link"}, "not one of the available choices"),
        ({"note": ""}, "Write what the patient said"),
        ({"why": "event"}, "does not end that way"),
    ],
)
def test_what_does_not_fit_ends_nothing_and_says_so(screen, officer, changed, words):
    signature = screen.decide(SHARING)
    given = {"why": "revoked", "how": "phone", "note": "She called"} | changed
    if isinstance(given.get("scan"), bytes):
        given["scan"] = SimpleUploadedFile("paper.exe", given["scan"])
    answer = officer.post(address("revoke", signature.id), given)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert not Revocation.objects.exists()


def test_refusing_what_was_paid_in_full_is_a_409_and_there_is_no_button_for_it(screen, officer):
    request = wish(screen, is_self_paid=True)
    page = officer.get(address("patient", screen.world.patient.id)).content.decode()
    assert 'value="refuse"' not in page
    decide = address("restriction-decide", request.id)
    answer = officer.post(decide, {"answer": "refuse", "note": "No"})
    assert (answer.status_code, RestrictionRequest.objects.get().state) == (409, "asked")
    assert "can&#x27;t be refused" in answer.content.decode() or "can't be refused" in answer.content.decode()
    officer.post(decide, {"answer": "agree", "note": "Of course"})
    assert RestrictionRequest.objects.get().state == "agreed"


def test_a_request_is_written_down_with_its_reach(screen):
    client = signed_in(screen.world.clinician)
    given = {"scope": "Not my sister", "recipients": "Ana Diaz\n\nBay Chart ", "purposes": ["TREAT"]}
    assert '<div class="required">' in client.get(address("restriction", screen.world.patient.id)).content.decode()
    client.post(address("restriction", screen.world.patient.id), given)
    row = RestrictionRequest.objects.get()
    assert (row.scope, row.recipients, row.purposes) == ("Not my sister", ["Ana Diaz", "Bay Chart"], ["TREAT"])
    page = client.get(address("patient", screen.world.patient.id)).content.decode()
    assert "everything; to Ana Diaz, Bay Chart; for treatment" in page and "binds since" not in page
    wish(screen, is_self_paid=True)
    page = client.get(address("patient", screen.world.patient.id)).content.decode()
    assert "to health plans and other payers; for payment or health care operations · binds since" in page


def test_the_officers_page_says_who_it_is_and_leads_to_the_folder_and_to_who_saw_what(screen, officer):
    screen.decide("privacy-notice")
    signed, person = screen.decide(SHARING), screen.world.patient.id
    page = officer.get(address("patient", person)).content.decode()
    assert "Born Mar 15, 1990 · record number MRN-1001" in page
    assert address("folder", person) in page and f"/audit/?patient={person}" in page
    assert page.count("Take it back") == page.count(address("revoke", signed.id)) == 1, "a receipt is not taken back"
    assert "/audit/" not in signed_in(screen.world.clinician).get(address("patient", person)).content.decode()


@pytest.mark.parametrize(
    ("form", "kind", "begins"), [("html", "text/html", b"<!doctype"), ("pdf", "application/pdf", b"%PDF"),
                                 ("csv", "text/csv", b"\xef\xbb\xbf\"Date")],
)  # fmt: skip
def test_the_accounting_comes_as_a_page_a_pdf_and_a_table_and_each_reading_is_recorded(
    screen, officer, form, kind, begins
):
    screen.decide(SHARING)
    ask(screen.world.patient)
    answer = officer.get(address("accounting", screen.world.patient.id, "consented", form))
    assert answer["Content-Type"].startswith(kind)
    assert answer.content.lstrip().startswith(begins)
    if form != "html":
        assert re.search(rf'filename="disclosures-consented-20\d\d-\d\d-\d\d\.{form}"', answer["Content-Disposition"])
    assert Event.objects.filter(action="disclosure.accounting_read").count() == 1


FHIR = ("DocumentReference", "Observation", "QuestionnaireResponse", "TREAT", "fhir", "[]")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            None,
            (
                "2 medicines that are taken",
                "the answers to “Sleep”",
                "treatment",
                "where Harbor Clinic keeps its records",
            ),
        ),
        (
            "es",
            (
                "2 medicamentos que se toman",
                "las respuestas a «Sueño»",
                "el tratamiento",
                "A quién",
                "enviados uno por uno",
            ),
        ),
    ],
)
def test_the_accounting_says_in_plain_words_what_was_told_to_whom_when_and_why(screen, officer, language, said):
    screen.decide(SHARING)
    person = screen.world.patient
    ask(person, kind="form", about={"en": "Sleep", "es": "Sueño"}, address="http://127.0.0.1/technical")
    for _ in range(2):
        ask(person, kind="medicine", address="http://127.0.0.1/technical")
    asked = {"language": language} if language else {}
    pdf = officer.get(address("accounting", person.id, "consented", "pdf"), asked).content
    words = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
    page = officer.get(address("accounting", person.id, "consented", "html")).content.decode()
    for wanted in said:
        assert wanted in words
        assert language or wanted in page
    table = page[page.index("<table") : page.index("</table>")]
    assert not [one for one in (*FHIR, "127.0.0.1") if one in table]
    assert not [one for one in FHIR if one in words]
    assert words.index("127.0.0.1") > max(words.index(one) for one in said), "small print at the end"


def test_the_pdf_is_in_the_patients_language_unless_another_is_asked_for(screen, officer):
    person = screen.world.patient
    type(person).objects.filter(pk=person.pk).update(language="es")
    for asked, said in ((None, "Cuándo"), ("en", "When"), ("fr", "When")):
        pdf = officer.get(
            address("accounting", person.id, "other", "pdf"), {"language": asked} if asked else {}
        ).content
        assert said in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()


@pytest.mark.parametrize(("report", "form"), [("all", "html"), ("consented", "exe")])
def test_there_is_no_other_report(screen, officer, report, form):
    assert officer.get(address("accounting", screen.world.patient.id, report, form)).status_code == 404


def test_the_list_shows_what_is_open_finds_a_patient_and_closes_a_task(screen, officer):
    tell(screen.world)
    page = officer.get(address("tasks")).content.decode()
    assert "an emergency disclosure" in page and "Dr. Ada Lin, Bay Hospital" in page
    found = officer.post(address("tasks"), {"words": "Rosa Núñez"}).content.decode()
    assert found.count(address("patient", screen.world.patient.id)) == 2
    officer.post(address("task-close", PrivacyTask.objects.get().id), {"note": "Called"})
    assert "Nothing waits" in officer.get(address("tasks")).content.decode()


def test_a_request_for_limits_is_not_done_before_it_is_answered(screen, officer):
    request = wish(screen)
    close = address("task-close", PrivacyTask.objects.get().id)
    page = officer.post(close, {"note": "Called her"}, follow=True).content.decode()
    assert "Agree or refuse here" in page
    assert PrivacyTask.objects.get().closed_at is None
    officer.post(address("restriction-decide", request.id), {"answer": "refuse", "note": "We can't keep to it"})
    assert "Nothing waits" in officer.get(address("tasks")).content.decode()


# --- 2.51: the screen ------------------------------------------------------------------------------------------------


def told(**changed):
    when = (clock.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    return {
        "recipient_name": "Dr. Ada Lin", "recipient_affiliation": "Bay Hospital", "disclosed_at": when,
        "nature": "Unconscious", "why_no_consent": "She can't answer", "what": "Medicines",
    } | changed  # fmt: skip


def test_the_emergency_screen_releases_nothing_until_its_facts_are_stored(screen):
    world = screen.world
    client, path = signed_in(world.clinician), reverse("intake:emergency", args=[world.patient.id])
    secrets = ("MRN-1001", "March 15, 1990")
    for page in (client.get(path), *(client.post(path, told(**{name: ""})) for name in told())):
        assert page.status_code in (200, 400)
        assert not [secret for secret in secrets if secret in page.content.decode()]
    assert not EmergencyDisclosure.objects.exists()
    released = client.post(path, told(), follow=True)
    assert all(secret in released.content.decode() for secret in secrets)
    row = EmergencyDisclosure.objects.get()
    assert row.disclosed_by == world.clinician
    again = released.redirect_chain[0][0]
    assert signed_in(world.supervisor).get(again).status_code == 404


@pytest.mark.parametrize("who", ["stranger", "front_desk", "compliance", "backup"])
def test_the_emergency_screen_is_for_whoever_cares_for_the_patient(screen, who):
    client = signed_in(getattr(screen.world, who))
    assert client.get(reverse("intake:emergency", args=[screen.world.patient.id])).status_code == 404
