"""What will be filed: shown with its state, released by a clinician of the care team alone, kept out with a reason."""

import filing
import packets as given
import pytest
from personas import signed_in

from audit.models import Event
from ehr.models import ExportItem, ItemEdit


def prologue(world):
    return filing.planned(world)


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


@pytest.mark.parametrize("kind", ["Observation", "QuestionnaireResponse"])
def test_answers_and_scores_are_not_corrected(casey, packet, kind):
    item = ExportItem.objects.filter(resource_type=kind).first()
    assert "This can&#x27;t be changed." in filing.correct(casey, item, note="x")
    assert not ItemEdit.objects.exists()


def test_that_there_is_no_allergy_is_approved_or_kept_out_and_no_note_contradicts_it(casey, address):
    item = ExportItem.objects.get(resource_type="AllergyIntolerance")
    page = casey.get(address).content.decode()
    assert "write what there is into the chart yourself, or ask the patient again" in page
    assert f"edit-{item.id}" not in page
    assert f"reject-{item.id}" in page
    assert "contradict it" in filing.correct(casey, item, "Told me.", note="Penicillin: rash in childhood")
    assert not ItemEdit.objects.exists()
    assert ExportItem.objects.get(pk=item.pk).resource == item.resource


def test_the_patients_page_shows_that_an_answer_was_kept_out_and_why(casey, packet):
    item = ExportItem.objects.get(resource_type="AllergyIntolerance")
    casey.post(f"/chart/items/{item.id}/reject/", {"reason": "Penicillin: rash in childhood"})
    page = filing.patient_page(casey, packet)
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


def test_the_brief_says_first_that_no_known_allergy_was_not_filed_and_why(casey, packet):
    item = ExportItem.objects.get(resource_type="AllergyIntolerance")
    casey.post(f"/chart/items/{item.id}/reject/", {"reason": "Penicillin: rash in childhood. " * 16})
    text = filing.brief(casey, packet)
    assert "not filed No known allergy: kept out of the chart. Why: Penicillin: rash in childhood." in text
    assert text.index("not filed") < text.index("(Casey Clinician, ") < text.index("As told: Do you have any allergies")


def test_a_remark_about_substance_use_is_for_the_care_team(world, casey, packet):
    item = ExportItem.objects.filter(resource_type="QuestionnaireResponse", sensitivity="sud").first()
    casey.post(f"/chart/items/{item.id}/reject/", {"reason": "She was not asked this"})
    assert "She was not asked this" in filing.patient_page(casey, packet)
    assert "She was not asked this" not in filing.patient_page(signed_in(world.supervisor), packet)


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
