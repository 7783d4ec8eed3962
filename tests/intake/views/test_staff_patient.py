"""One patient on one page: what is dangerous first, and substance use for the care team only."""

import packets as given
import pytest
from django.urls import NoReverseMatch, reverse
from patient_pages import autosave, opened
from staff_story import ITEM_NINE, another_patient, in_danger, invited, publish, session_of

from audit.models import Event
from core.models import Program
from escalation.models import Incident


def prologue(world):
    return in_danger(world)[0]


@pytest.fixture
def packet(story):
    return story


@pytest.fixture
def address(world):
    return f"/staff/patients/{world.patient.id}/"


def text(user, address):
    return session_of(user).get(address).content.decode()


def test_the_finding_stands_before_scores_and_scores_before_answers(world, packet, address):
    page = text(world.clinician, address)
    order = ["Rosa Núñez", "What needs attention", ITEM_NINE, "Scores", "How this was counted", "In their words"]
    places = [page.index(word) for word in order[:-1]]
    assert places == sorted(places)
    assert page.index("How this was counted") < page.index('id="form-phq-9"')


def test_a_score_shows_its_total_its_band_and_how_it_was_counted(world, packet, address):
    page = text(world.clinician, address)
    assert "<strong>3</strong> of 27" in page
    assert "None-minimal" in page
    assert "Little interest or pleasure in doing things" in page


def test_consents_stand_with_their_versions(world, packet, address):
    page = text(world.clinician, address)
    consents = page[page.index('id="consents-title"') :]
    assert "Permission to use and share my treatment records" in consents
    assert "1.0, en" in consents
    assert "signed" in consents


def test_who_was_paged_stands_in_the_timeline(world, packet, address):
    page = text(world.clinician, address)
    assert "Pages and people" in page
    assert "Casey Clinician" in page[page.index("Pages and people") :]


def test_the_care_team_sees_substance_use_marked_as_part_2(world, packet, address):
    page = text(world.clinician, address)
    assert 'id="form-dast-10"' in page
    assert "Part 2: substance use" in page
    assert "42 CFR part 2 prohibits unauthorized use or disclosure" in page


def test_a_supervisor_outside_the_care_team_sees_that_it_exists_and_nothing_of_it(world, packet, address):
    page = text(world.supervisor, address)
    assert ITEM_NINE in page
    assert "1 substance-use section can be opened by the care team only" in page
    assert "DAST" not in page
    assert 'id="form-dast-10"' not in page


@pytest.mark.parametrize("who", ["backup", "stranger", "front_desk", "stranger_desk", "compliance"])
def test_to_everybody_else_the_patient_does_not_exist(world, packet, address, who):
    assert session_of(getattr(world, who)).get(address).status_code == 404
    assert not Event.objects.filter(action__in=["packet.read", "screening.read"]).exists()


def test_reading_leaves_evidence_of_packet_and_scores(world, packet, address):
    text(world.clinician, address)
    read = Event.objects.filter(action__in=["packet.read", "screening.read"], actor_id=str(world.clinician.id))
    assert sorted((event.action, event.object_type) for event in read) == [
        ("packet.read", "intake.Packet"),
        ("screening.read", "core.Patient"),  # every result so far, for the trend
        ("screening.read", "intake.Packet"),
    ]


def test_a_patient_without_a_packet_is_read_too(world):
    other = another_patient(world, "Zamora")
    assert "has not been invited yet" in text(world.clinician, f"/staff/patients/{other.id}/")
    assert Event.objects.filter(action="patient.read", patient_id=other.id).count() == 1


def test_an_older_packet_can_be_chosen_and_one_of_somebody_else_cannot(world, packet, address):
    newer = invited(world).packet
    assert ITEM_NINE not in text(world.clinician, address)
    assert ITEM_NINE in text(world.clinician, f"{address}?packet={packet.id}")
    assert session_of(world.clinician).get(f"{address}?packet={world.patient.id}").status_code == 404
    assert newer.id != packet.id


def test_a_patients_words_are_never_markup(world, address):
    publish(world)
    packet = invited(world).packet
    given.answer(packet, "demographics", {"demo-preferred": ["<script>alert(1)</script>"]})
    page = text(world.clinician, address)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_what_a_patient_prefers_not_to_answer_is_said_so(world, packet, address):
    given.answer(packet, "substance-use", {"sub-alcohol!declined": ["declined"]})
    assert "Prefers not to answer" in text(world.clinician, address)


def test_outside_part_2_nothing_but_substance_use_is_marked(world, packet, address):
    Program.objects.filter(pk=world.program.pk).update(part2_status=Program.Part2Status.NOT_PART2)
    page = text(world.clinician, address)
    assert "Part 2 record" not in page
    assert "Part 2: substance use" in page


def test_the_page_stands_without_the_chart(world, packet, address, settings):
    """Delete `ehr` and its addresses are gone: the page leaves that part out."""
    settings.ROOT_URLCONF = "urls_without_chart"
    with pytest.raises(NoReverseMatch):
        reverse("ehr:packet-status", args=[packet.id])
    page = text(world.clinician, address)
    assert ITEM_NINE in page
    assert "What will be filed" not in page


def test_the_filing_part_is_asked_for_by_its_address(world, packet, address):
    assert f'hx-get="/chart/{packet.id}/"' in text(world.clinician, address)


def test_neither_title_nor_address_names_the_patient(world, packet, address):
    title = text(world.clinician, address).split("<title>")[1].split("</title>")[0]
    assert "Rosa" not in title


def test_danger_that_only_the_other_screen_told_is_not_read_as_no_danger(world):
    """The stored answer is the harmless one: neither page may leave the clinician with that alone."""
    publish(world)
    invitation = invited(world)
    phone, tablet = opened(invitation), opened(invitation)
    for one in (phone, tablet):
        one.go("/i/packet/phq-9/")
    autosave(phone, "phq-9", {"phq9-q9": [given.NOT_AT_ALL]})
    autosave(tablet, "phq-9", {"phq9-q9": [given.SEVERAL]})
    incident = Incident.objects.get(source_ref=invitation.packet.id)
    page = text(world.clinician, f"/incidents/{incident.code}/")
    assert ITEM_NINE in page
    assert "one said &quot;Several days&quot;, the other &quot;Not at all&quot;, which was kept." in page
    assert "The answer that told of danger was not kept then" in page
    patient = text(world.clinician, f"/staff/patients/{world.patient.id}/")
    autosave(tablet, "phq-9", {"phq9-q9": ["LA6571-9"]})
    incident.refresh_from_db()
    assert len(incident.snapshot["triggers"]) == 2, "another danger is another thing to be told"
    assert "Nothing in the answers as they stand needs attention" in patient
    assert "told before, or on another screen, stands on the incident" in patient


def test_an_instrument_that_the_patients_age_refuses_is_named_with_the_reason_and_not_asked(world):
    world.patient.birth_date = "2014-03-15"
    world.patient.save()
    publish(world)
    packet = invited(world).packet
    assert not packet.steps.filter(slug__in=("phq-9", "gad-7", "dast-10")).exists()
    page = text(world.clinician, f"/staff/patients/{world.patient.id}/")
    assert "GAD-7 was not asked. It is for ages 18 and over, and the patient was 1" in page


def test_why_they_come_stands_at_the_top_in_their_own_words(world, packet, address):
    given.answer(packet, "presenting-concerns", {"con-reason": ["I can't sleep <and> worry."]})
    page = text(world.clinician, address)
    words = page.index("<blockquote>I can&#x27;t sleep &lt;and&gt; worry.</blockquote>")
    assert page.index("Rosa Núñez") < words < page.index("What needs attention")


def test_on_paper_every_page_says_whose_it_is_and_carries_the_part_2_notice(world, packet, address):
    page = text(world.clinician, address)
    header = page[page.index('class="onpaper"') :].split("</p>")[0]
    for words in ("Rosa Núñez", "MRN-1001", "March 15, 1990", "42 CFR part 2 prohibits unauthorized use"):
        assert words in header, words


def test_a_question_of_our_own_shows_what_was_answered(world, packet, address):
    given.answer(packet, "safety", {"safe-harm-others": [given.NO]})
    given.answer(packet, "substance-use", {"sub-overdose-ever": [given.YES], "sub-overdose-30": [given.NO]})
    page = " ".join(text(world.clinician, address).split())
    asked = "In the past 2 weeks, have you had thoughts of hurting someone else?"
    scores = page[page.index('id="scores-title"') : page.index('id="form-')]
    assert f"<dt>{asked}</dt><dd>No</dd>" in scores
    assert "<dt>Have you ever had an overdose?</dt><dd>Yes</dd>" in scores
    assert "<dt>Did you have an overdose in the past 30 days?</dt><dd>No</dd>" in scores
    assert "overdose" not in text(world.supervisor, address)


def test_a_form_whose_only_section_is_called_as_it_is_has_one_heading(world, packet, address):
    given.answer(packet, "demographics", {"demo-given": ["Rosa"], "demo-emergency-has": ["false"]})
    page = text(world.clinician, address)
    assert '<h2 id="form-demographics">About you</h2>' in page
    assert '<h3 class="asked">About you</h3>' not in page
    assert '<h3 class="asked">' in page
