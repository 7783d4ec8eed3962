"""What will be filed: shown with its state, released by a clinician of the care team alone, kept out with a reason."""

import uuid

import packets as given
import pytest
from personas import signed_in

import ehr.services
from audit.models import Event
from ehr.mapping import wire
from ehr.models import ExportItem, ItemEdit
from ehr.services.connecting import connect_sandbox
from intake.services import submission


@pytest.fixture
def packet(world):
    connect_sandbox(clinic=world.clinic, base_url="http://127.0.0.1:9/fhir")
    packet = given.invite(world).packet
    given.complete(packet)
    submission.submit(packet=packet, key=uuid.uuid4())
    given.seal()
    assert ehr.services.relay_finished() == 1
    return packet


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
    for act in ("reject", "edit"):
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


def entry_about_allergies():
    return ExportItem.objects.get(resource_type="AllergyIntolerance")


def test_an_entry_is_corrected_with_a_reason_and_what_was_proposed_is_kept(casey, address):
    before = entry_about_allergies().resource
    change = {"field-note": "Asked again by phone.", "reason": "The patient called."}
    page = casey.post(f"/chart/items/{entry_about_allergies().id}/edit/", change, follow=True).content.decode()
    assert "<ins>Asked again by phone.</ins>" in page
    assert "Casey Clinician" in page
    assert "The patient called." in page
    item, kept = entry_about_allergies(), ItemEdit.objects.get()
    assert wire.loads(item.resource)["note"] == [{"text": "Asked again by phone."}]
    assert (item.state, kept.before, kept.reason) == ("held", before, "The patient called.")
    event = Event.objects.get(action="export.edited")
    assert (event.object_id, event.actor_id) == (str(item.pk), str(kept.edited_by_id))
    assert "phone" not in event.context


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("AllergyIntolerance", {"field-note": "x", "reason": " "}, "Say why this is changed."),
        ("AllergyIntolerance", {"field-note": "", "reason": "x"}, "Nothing was changed."),
        ("AllergyIntolerance", {"field-reaction": "hives", "reason": "x"}, "This can&#x27;t be changed."),
        ("AllergyIntolerance", {"field-note": "On methadone.", "reason": "x"}, "not protected as such"),
        ("Observation", {"field-note": "x", "reason": "x"}, "This can&#x27;t be changed."),
        ("QuestionnaireResponse", {"field-note": "x", "reason": "x"}, "This can&#x27;t be changed."),
    ],
)
def test_what_may_not_be_corrected_is_refused_in_a_sentence(casey, address, kind, change, said):
    item = ExportItem.objects.filter(resource_type=kind).first()
    assert said in casey.post(f"/chart/items/{item.id}/edit/", change, follow=True).content.decode()
    assert not ItemEdit.objects.exists()
    assert ExportItem.objects.get(pk=item.pk).resource == item.resource


def test_what_is_approved_is_corrected_no_more(casey, address):
    casey.post(f"{address}approve/")
    change = {"field-note": "late", "reason": "x"}
    page = casey.post(f"/chart/items/{entry_about_allergies().id}/edit/", change, follow=True).content.decode()
    assert "Nothing was changed." in page
    assert not ItemEdit.objects.exists()


def test_substance_use_is_seen_corrected_and_approved_by_the_care_team_alone(world, packet, address):
    sam, sensitive = signed_in(world.supervisor), ExportItem.objects.filter(sensitivity="sud")
    page = sam.get(address).content.decode()
    assert f"{sensitive.count()} entries about substance use" in page
    assert "DAST" not in page
    assert sam.post(f"/chart/items/{sensitive.first().id}/edit/", {"reason": "x"}).status_code == 404
    sam.post(f"{address}approve/")
    assert set(sensitive.values_list("state", flat=True)) == {"held"}
    assert ExportItem.objects.filter(state="pending").exists()
