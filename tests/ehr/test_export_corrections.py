"""What the patient said is corrected before it is filed: with a reason, shown beside it, until it is approved."""

import pytest
from filing import brief, correct, patient_page, planned
from personas import signed_in

from audit.models import Event
from ehr.mapping import wire
from ehr.models import ExportItem, ItemEdit


def prologue(world):
    return planned(world, allergic=True)


@pytest.fixture
def penicillin(packet):
    return ExportItem.objects.get(resource_type="AllergyIntolerance")


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


def test_what_is_approved_is_corrected_no_more(casey, address, penicillin):
    casey.post(f"{address}approve/")
    assert "Nothing was changed." in correct(casey, penicillin, note="late")
    assert not ItemEdit.objects.exists()


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


def test_the_brief_shows_a_correction_and_what_was_said(casey, packet, penicillin):
    correct(casey, penicillin, reaction="hives")
    text = brief(casey, packet)
    said = "corrected Allergy: Penicillin: Reaction “rash” corrected to “hives”. Why: The patient called."
    assert said in text
    assert text.index(said) < text.index("As told: ") < text.index("Penicillin, rash")


def test_the_value_of_each_entry_is_shown_before_it_is_approved(world, casey, address, penicillin):
    page = casey.get(address).content.decode()
    assert '<p class="said">rash</p>' in page
    assert '<p class="said">0, minimal</p>' in page
    assert "I can&#x27;t sleep and I worry all day." in page
    assert "Cannabis" in page
    assert "Cannabis" not in signed_in(world.supervisor).get(address).content.decode()
