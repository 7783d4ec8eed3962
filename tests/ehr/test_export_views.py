"""What will be filed: shown with its state, released by a clinician of the care team alone, kept out with a reason."""

import io
import uuid

import packets as given
import pytest
from personas import signed_in
from pypdf import PdfReader

import ehr.services
from audit.models import Event
from ehr.mapping import wire
from ehr.models import ExportItem, ItemEdit
from ehr.services.connecting import connect_sandbox
from intake.services import submission
from intake.services.entries import add_entry

PENICILLIN = {"all-list[0].all-substance": ["Penicillin"], "all-list[0].all-reaction": ["rash"]}


@pytest.fixture
def packet(request, world):
    connect_sandbox(clinic=world.clinic, base_url="http://127.0.0.1:9/fhir")
    packet = given.invite(world).packet
    given.complete(packet)
    if "penicillin" in request.fixturenames:
        given.answer(packet, "allergies", {"all-any": ["LA33-6"]})
        add_entry(packet=packet, slug="allergies", key="all-list")
        given.answer(packet, "allergies", PENICILLIN)
    submission.submit(packet=packet, key=uuid.uuid4())
    given.seal()
    assert ehr.services.relay_finished() == 1
    return packet


@pytest.fixture
def penicillin(packet):
    """The entry, where the patient told of an allergy."""
    return ExportItem.objects.get(resource_type="AllergyIntolerance")


@pytest.fixture
def address(packet):
    return f"/chart/{packet.id}/"


@pytest.fixture
def casey(world, packet):
    return signed_in(world.clinician)


def states():
    return set(ExportItem.objects.values_list("state", flat=True))


def test_every_proposed_entry_is_listed_with_its_state(casey, address):
    page = casey.get(address).content.decode()
    total = ExportItem.objects.count()
    assert f'data-total="{total}"' in page
    assert 'data-verified="0"' in page
    assert page.count("waits for approval") == total
    assert "Rosa Núñez" in page


def test_htmx_gets_the_part_alone(casey, address):
    part = casey.get(address, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<section id="filing"')
    assert "<html" not in part


def test_nothing_is_released_by_looking(casey, address):
    for method in (casey.get, casey.head):
        method(address)
        assert method(f"{address}approve/").status_code == 404
    assert states() == {"held"}


def test_one_press_releases_everything_and_a_second_changes_nothing(casey, address):
    casey.post(f"{address}approve/")
    assert states() == {"pending"}
    approved = Event.objects.filter(action="export.approved").count()
    assert approved == ExportItem.objects.count()
    page = casey.post(f"{address}approve/", follow=True).content.decode()
    assert "Nothing was waiting" in page
    assert Event.objects.filter(action="export.approved").count() == approved


def test_an_entry_is_kept_out_with_a_reason(casey, address):
    item = ExportItem.objects.latest("position")
    page = casey.post(f"/chart/items/{item.id}/reject/", {"reason": "Entered twice"}, headers={"HX-Request": "true"})
    item.refresh_from_db()
    assert (item.state, item.rejection_note) == ("rejected", "Entered twice")
    assert "Kept out of the chart" in page.content.decode()


def test_without_a_reason_it_is_not_kept_out(casey, address):
    item = ExportItem.objects.earliest("position")
    page = casey.post(f"/chart/items/{item.id}/reject/", {"reason": " "}, follow=True).content.decode()
    assert "Say why this is not to be filed" in page
    assert states() == {"held"}


def test_what_is_on_its_way_is_said_to_be(casey, address):
    ExportItem.objects.update(state="verified", ehr_id="1", verified_at="2026-01-01T00:00Z")
    item = ExportItem.objects.earliest("position")
    page = casey.post(f"/chart/items/{item.id}/reject/", {"reason": "no"}, follow=True).content.decode()
    assert "already on its way" in page
    assert states() == {"verified"}


@pytest.mark.parametrize("who", ["backup", "stranger", "front_desk", "stranger_desk", "compliance"])
def test_to_everybody_else_none_of_it_exists(world, packet, address, who):
    client = signed_in(getattr(world, who))
    item = ExportItem.objects.earliest("position")
    assert client.get(address).status_code == 404
    assert client.post(f"{address}approve/").status_code == 404
    for act in ("reject", "edit", "by-hand"):
        assert client.post(f"/chart/items/{item.id}/{act}/", {"reason": "x"}).status_code == 404
    assert states() == {"held"}


def test_reading_leaves_an_event_and_a_304_leaves_none(casey, address, packet):
    tag = casey.get(address)["ETag"]
    assert casey.get(address, headers={"If-None-Match": tag, "HX-Request": "true"}).status_code == 304
    event = Event.objects.get(action="export.read")
    assert (event.patient_id, event.object_id) == (packet.patient_id, str(packet.id))


def test_before_the_packet_is_sent_nothing_is_proposed(world):
    packet = given.invite(world).packet
    page = signed_in(world.clinician).get(f"/chart/{packet.id}/").content.decode()
    assert "Nothing goes to the chart before you approve it" in page
    assert "data-total" not in page


def correct(client, item, reason="The patient called.", **changes):
    told = {f"field-{name}": words for name, words in changes.items()}
    return client.post(f"/chart/items/{item.id}/edit/", told | {"reason": reason}, follow=True).content.decode()


def test_an_entry_is_corrected_with_a_reason_and_what_was_proposed_is_kept(casey, penicillin):
    before = penicillin.resource
    page = correct(casey, penicillin, note="Asked again by phone.")
    assert "<ins>Asked again by phone.</ins>" in page
    assert "Casey Clinician" in page
    assert "The patient called." in page
    penicillin.refresh_from_db()
    kept = ItemEdit.objects.get()
    assert wire.loads(penicillin.resource)["note"] == [{"text": "Asked again by phone."}]
    assert (penicillin.state, kept.before, kept.reason) == ("held", before, "The patient called.")
    event = Event.objects.get(action="export.edited")
    assert (event.object_id, event.actor_id) == (str(penicillin.pk), str(kept.edited_by_id))
    assert "phone" not in event.context


@pytest.mark.parametrize(
    ("reason", "changes", "said"),
    [
        (" ", {"note": "x"}, "Say why this is changed."),
        ("x", {"note": ""}, "Nothing was changed."),
        ("x", {"severity": "mild"}, "This can&#x27;t be changed."),
        ("x", {"note": "On methadone."}, "not protected as such"),
        ("x", {"note": "Not allergic after all."}, "Keep it out of the chart"),
    ],
)
def test_what_may_not_be_corrected_is_refused_in_a_sentence(casey, penicillin, reason, changes, said):
    assert said in correct(casey, penicillin, reason, **changes)
    assert not ItemEdit.objects.exists()
    assert ExportItem.objects.get(pk=penicillin.pk).resource == penicillin.resource


@pytest.mark.parametrize("kind", ["Observation", "QuestionnaireResponse"])
def test_answers_and_scores_are_not_corrected(casey, packet, kind):
    item = ExportItem.objects.filter(resource_type=kind).first()
    assert "This can&#x27;t be changed." in correct(casey, item, note="x")
    assert not ItemEdit.objects.exists()


def test_that_there_is_no_allergy_is_approved_or_kept_out_and_no_note_contradicts_it(casey, address):
    item = ExportItem.objects.get(resource_type="AllergyIntolerance")
    page = casey.get(address).content.decode()
    assert "write what there is into the chart yourself, or ask the patient again" in page
    assert f"edit-{item.id}" not in page
    assert f"reject-{item.id}" in page
    assert "contradict it" in correct(casey, item, "Told me.", note="Penicillin: rash in childhood")
    assert not ItemEdit.objects.exists()
    assert ExportItem.objects.get(pk=item.pk).resource == item.resource


def test_what_is_approved_is_corrected_no_more(casey, address, penicillin):
    casey.post(f"{address}approve/")
    assert "Nothing was changed." in correct(casey, penicillin, note="late")
    assert not ItemEdit.objects.exists()


def patient_page(client, packet):
    return " ".join(client.get(f"/staff/patients/{packet.patient_id}/").content.decode().split())


def test_the_patients_page_shows_a_correction_beside_what_was_said(casey, packet, penicillin):
    correct(casey, penicillin, reaction="hives")
    page = patient_page(casey, packet)
    assert (
        page.index('id="form-allergies"')
        < page.index("Reaction “rash” corrected to “hives”")
        < page.index("<dd>rash</dd>")
    )
    assert "Why: The patient called." in page
    assert "(Casey Clinician, " in page


def test_the_patients_page_shows_that_an_answer_was_kept_out_and_why(casey, packet):
    item = ExportItem.objects.get(resource_type="AllergyIntolerance")
    casey.post(f"/chart/items/{item.id}/reject/", {"reason": "Penicillin: rash in childhood"})
    page = patient_page(casey, packet)
    assert "No known allergy: kept out of the chart. Why: Penicillin: rash in childhood" in page
    assert "(Casey Clinician, " in page


def test_medical_personnel_in_an_emergency_are_told_of_it_too(casey, packet):
    item = ExportItem.objects.get(resource_type="AllergyIntolerance")
    casey.post(f"/chart/items/{item.id}/reject/", {"reason": "Penicillin: rash in childhood"})
    facts = {
        "recipient_name": "Dr. Ada Lin",
        "recipient_affiliation": "Bay Hospital",
        "disclosed_at": "2026-01-05T10:00",
        "nature": "Unconscious",
        "why_no_consent": "She can't answer",
        "what": "Allergies",
    }
    path = f"/staff/patients/{packet.patient_id}/emergency/"
    page = " ".join(casey.post(path, facts, follow=True).content.decode().split())
    assert "No known allergy: kept out of the chart. Why: Penicillin: rash in childhood" in page


def brief(client, packet):
    reply = client.get(f"/staff/patients/{packet.patient_id}/brief.pdf")
    reader = PdfReader(io.BytesIO(reply.content))
    assert len(reader.pages) == 1
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_the_brief_says_first_that_no_known_allergy_was_not_filed_and_why(casey, packet):
    item = ExportItem.objects.get(resource_type="AllergyIntolerance")
    casey.post(f"/chart/items/{item.id}/reject/", {"reason": "Penicillin: rash in childhood. " * 16})
    text = brief(casey, packet)
    assert "not filed No known allergy: kept out of the chart. Why: Penicillin: rash in childhood." in text
    assert text.index("not filed") < text.index("(Casey Clinician, ") < text.index("As told: Do you have any allergies")


def test_the_brief_shows_a_correction_and_what_was_said(casey, packet, penicillin):
    correct(casey, penicillin, reaction="hives")
    text = brief(casey, packet)
    said = "corrected Allergy: Penicillin: Reaction “rash” corrected to “hives”. Why: The patient called."
    assert said in text
    assert text.index(said) < text.index("As told: ") < text.index("Penicillin, rash")


def test_a_remark_about_substance_use_is_for_the_care_team(world, casey, packet):
    item = ExportItem.objects.filter(resource_type="QuestionnaireResponse", sensitivity="sud").first()
    casey.post(f"/chart/items/{item.id}/reject/", {"reason": "She was not asked this"})
    assert "She was not asked this" in patient_page(casey, packet)
    assert "She was not asked this" not in patient_page(signed_in(world.supervisor), packet)


def test_the_value_of_each_entry_is_shown_before_it_is_approved(world, casey, address, penicillin):
    page = casey.get(address).content.decode()
    assert '<p class="said">rash</p>' in page
    assert '<p class="said">0, minimal</p>' in page
    assert "I can&#x27;t sleep and I worry all day." in page
    assert "Cannabis" in page
    assert "Cannabis" not in signed_in(world.supervisor).get(address).content.decode()


def test_substance_use_is_seen_corrected_and_approved_by_the_care_team_alone(world, packet, address):
    sam, sensitive = signed_in(world.supervisor), ExportItem.objects.filter(sensitivity="sud")
    page = sam.get(address).content.decode()
    assert f"{sensitive.count()} entries about substance use" in page
    assert "DAST" not in page
    assert sam.post(f"/chart/items/{sensitive.first().id}/edit/", {"reason": "x"}).status_code == 404
    sam.post(f"{address}approve/")
    assert set(sensitive.values_list("state", flat=True)) == {"held"}
    assert ExportItem.objects.filter(state="pending").exists()


def keep_out(client, item, reason="Entered twice"):
    return client.post(f"/chart/items/{item.id}/reject/", {"reason": reason}, follow=True).content.decode()


def test_what_refers_to_an_entry_that_is_kept_out_is_kept_out_with_it_and_the_page_says_so_before(casey, address):
    form = ExportItem.objects.get(field_key="form:phq-9")
    assert "more entries refer to it and can't be filed without it" in casey.get(address).content.decode()
    assert "So is what refers to it: 10 more." in keep_out(casey, form)
    out = ExportItem.objects.filter(state="rejected")
    assert {one.split(":")[1] for one in out.values_list("field_key", flat=True)} == {"phq-9"}
    assert out.count() == 11


def test_what_others_cannot_see_is_not_kept_out_by_them(world, packet):
    notice = ExportItem.objects.get(field_key="notice")
    assert "only the care team can decide" in keep_out(signed_in(world.supervisor), notice)
    assert states() == {"held"}


def test_what_is_kept_out_says_in_words_by_whom_when_and_why_and_asks_for_nobody(casey, address):
    item = ExportItem.objects.latest("position")
    page = keep_out(casey, item, "Entered twice")
    assert "kept out of the chart</span>" in page
    assert "rejected-by-clinician" not in page
    assert "need a person" not in page
    assert "1 kept out or entered by hand" in page
    assert "Casey Clinician, " in page
    assert ": Entered twice</p>" in page


def test_what_the_chart_refused_needs_a_person_who_says_what_was_done(casey, address):
    item = ExportItem.objects.latest("position")
    ExportItem.objects.filter(pk=item.pk).update(state="rejected", reason="status-422")
    page = casey.get(address).content.decode()
    assert "1 stopped" in page
    assert "the chart refused it (HTTP 422)" in page
    by_hand = f"/chart/items/{item.id}/by-hand/"
    assert "Say what you did about it" in casey.post(by_hand, {"reason": ""}, follow=True).content.decode()
    page = casey.post(by_hand, {"reason": "Typed it in"}, follow=True).content.decode()
    assert "need a person" not in page
    assert ": Typed it in</p>" in page
    item.refresh_from_db()
    assert (item.state, item.settled_by.full_name) == ("manual", "Casey Clinician")
    assert Event.objects.get(action="export.by_hand").object_id == str(item.pk)
