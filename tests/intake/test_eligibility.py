"""What an instrument refuses, with the reason, and that nobody goes unasked about suicide without a word to anybody."""

import packets as given
import pytest
from staff_story import invited, publish, session_of

from intake.models import FormRule, InstrumentRight, Packet
from intake.services import briefing, choosing, eligibility, packets
from screening import instruments


@pytest.fixture
def ready(world):
    publish(world)
    return world


def only(world, *forms, **rule):
    """The clinic asks these forms and no others."""
    for number, form in enumerate(forms, start=1):
        FormRule.objects.create(clinic=world.clinic, form=form, position=number, **rule)


def spanish(world) -> Packet:
    told = {"patient": world.patient, "program": world.program, "site": world.site, "language": "es"}
    return packets.invite(**told, invited_by=world.front_desk).packet


def brief_of(world) -> str:
    page = briefing.read_brief(patient=world.patient, user=world.clinician).page
    return " ".join(str(part) for part in page.parts)


def patient_page(world, packet) -> str:
    address = f"/staff/patients/{world.patient.id}/?packet={packet.id}"
    return session_of(world.clinician).get(address).content.decode()


def test_the_questions_about_suicide_are_those_whose_findings_say_so():
    assert "phq9-q9" in instruments.ABOUT_SUICIDE
    assert {item.link_id for item in instruments.get("c-ssrs-screener").items} <= instruments.ABOUT_SUICIDE
    assert not {"safe-harm-others", "phq9-q8", "gad7-q1"} & instruments.ABOUT_SUICIDE


def test_an_adult_asked_in_their_language_has_nothing_refused_and_no_warning(ready):
    packet = invited(ready).packet
    assert eligibility.refused(packet) == ()
    assert eligibility.unasked_about_suicide(packet) == ""


def test_of_a_child_the_clinician_reads_that_nobody_asked_about_suicide(ready):
    ready.patient.birth_date = "2014-03-15"
    ready.patient.save()
    packet = invited(ready).packet
    assert eligibility.unasked_about_suicide(packet) == eligibility.NOT_A_QUESTION
    page = patient_page(ready, packet)
    assert eligibility.NOT_A_QUESTION in page
    assert "PHQ-9 was not asked. It is for ages 18 and over" in page
    assert eligibility.NOT_A_QUESTION in brief_of(ready)


def test_an_instrument_without_published_words_is_left_out_and_the_clinician_reads_which_and_why(ready):
    packet = spanish(ready)
    assert not packet.steps.filter(slug__in=["gad-7", "dast-10"]).exists()
    assert packet.steps.filter(slug="phq-9").exists(), "its Spanish words are published"
    page = patient_page(ready, packet)
    for name in ("GAD-7", "DAST-10"):
        assert f"{name} in Spanish was not asked. No published Spanish wording was verified, and no rule of" in page
    assert "PHQ-9 in Spanish" not in page
    assert eligibility.unasked_about_suicide(packet) == ""


def test_who_was_invited_in_spanish_and_reads_english_now_was_not_asked_all_the_same(ready):
    packet = spanish(ready)
    packet.language = "en"
    packet.save()
    assert "GAD-7 in Spanish" in dict(eligibility.refused(packet))


def test_who_reads_spanish_from_the_first_page_on_meets_what_the_desk_invited_to_and_the_clinician_reads_so(ready):
    packet = invited(ready).packet
    packet.language = "es"
    packet.save()
    assert packet.steps.filter(slug="gad-7").exists(), "the steps are fixed at the invitation"
    why = dict(eligibility.refused(packet))["GAD-7 in Spanish"]
    assert "so it stands there in English, and an interpreter was offered" in why


def test_a_clinicians_own_wish_to_ask_again_is_refused_for_words_too(ready):
    packet = spanish(ready)
    assert choosing.form_alone(packet, "gad-7") is None
    assert choosing.form_alone(packet, "phq-9")
    only(ready, "gad-7", with_interpreter=True)
    assert choosing.form_alone(packet, "gad-7")


def test_asked_about_suicide_in_another_language_only_is_said(ready):
    only(ready, "c-ssrs-screener", "safety", with_interpreter=True)
    packet = spanish(ready)
    assert packet.steps.filter(slug="c-ssrs-screener").exists(), "a danger told in English still pages"
    words = eligibility.unasked_about_suicide(packet)
    assert words.startswith("The patient reads Spanish, and was asked about suicide in English only.")
    assert words in patient_page(ready, packet)


def test_a_question_that_no_answer_brought_up_was_not_put(ready):
    only(ready, "phq-2-9")
    packet = invited(ready).packet
    for slug in given.DOCUMENTS:
        given.sign(packet, slug)
    given.answer(packet, "phq-2-9", {"phq2-q1": [given.NOT_AT_ALL], "phq2-q2": [given.NOT_AT_ALL]})
    assert eligibility.unasked_about_suicide(packet) == eligibility.NOT_REACHED
    positive = {"phq2-q1": ["LA6571-9"], "phq2-q2": ["LA6571-9"]}
    given.answer(packet, "phq-2-9", positive)
    assert eligibility.unasked_about_suicide(packet) == ""


def test_an_instrument_without_a_confirmed_right_is_named_with_the_reason(ready):
    only(ready, "phq-9")
    packet = invited(ready).packet
    packet.clinic = ready.other_clinic  # it has no rules of its own and has confirmed nothing
    assert not InstrumentRight.objects.filter(clinic=ready.other_clinic).exists()
    why = dict(eligibility.refused(packet))
    assert why["DAST-10"] == "Its owner sets terms, and the clinic has not confirmed its right to use it."
    assert "AUDIT-C" not in why, "no rule asks it"


def test_refused_for_words_and_nothing_else_asked_about_suicide_is_said(ready):
    only(ready, "c-ssrs-screener", "safety")
    packet = spanish(ready)
    assert not packet.steps.filter(slug="c-ssrs-screener").exists()
    assert eligibility.unasked_about_suicide(packet) == eligibility.NOT_A_QUESTION
    assert eligibility.NOT_A_QUESTION in patient_page(ready, packet)
    assert eligibility.NOT_A_QUESTION in brief_of(ready)


def test_the_desk_reads_none_of_it(ready):
    only(ready, "gad-7", with_interpreter=True)
    packet = spanish(ready)
    page = session_of(ready.front_desk).get(f"/admin/intake/packet/{packet.id}/change/").content.decode()
    assert "GAD-7" not in page
    assert "suicide" not in page
    assert "Offer an interpreter; it is free." in page
