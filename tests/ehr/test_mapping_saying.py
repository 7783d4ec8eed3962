"""What an entry says is shown before it is approved."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from finished_packet import FINISHED, HELPED, LIBRARY, SYSTEM, UNWILLING

from ehr.mapping.drafts import Context
from ehr.mapping.incident import IncidentNote, draft_incident
from ehr.mapping.plan import plan
from ehr.mapping.saying import lines


def said(packet, field_key):
    (draft,) = (one for one in plan(packet, identifier_system=SYSTEM) if one.field_key == field_key)
    return lines(draft.resource)


@pytest.mark.parametrize(
    ("field_key", "words"),
    [
        ("score:phq-9", ("9, mild",)),
        ("item:phq-9:phq9-q1", ("Several days",)),
        ("medicine:0", ("12.50 mg, once a day", "For: sleep")),
        ("medicine:1", ()),
        ("allergy:0", ("hives, then I couldn't breathe, severe",)),
        ("allergy:1", ()),
        ("allergy:2", ("Reaction not described, mild",)),
    ],
)
def test_the_value_of_an_entry(field_key, words):
    assert said(FINISHED, field_key) == words


def test_who_the_patient_is():
    assert said(FINISHED, "patient") == (
        "Ada Okafor",
        "Called Adaeze",
        "Born 1990-02-28, female",
        "Phone: 617-555-0111",
        "Email: ada@example.org",
        "Address: 1 Main St, Apt 2, Boston, MA, 02101",
        "Emergency contact: Chidi Okafor, 617-555-0122",
    )


def test_every_answer_of_a_form_with_its_question():
    answers = said(FINISHED, "form:phq-9")
    assert len(answers) == 10
    assert all(one.endswith(": Several days") for one in answers[:9])


@pytest.mark.parametrize("packet", [FINISHED, LIBRARY, HELPED, UNWILLING, replace(FINISHED, part2=True)])
def test_only_a_name_alone_says_nothing_more(packet):
    drafts = plan(packet, identifier_system=SYSTEM)
    silent = {one.field_key for one in drafts if not lines(one.resource)}
    assert {one.split(":")[0] for one in silent} <= {"medicine", "allergy", "treatment-medicine"}


def test_the_words_of_a_note():
    at = datetime(2026, 11, 22, 15, 4, tzinfo=UTC)
    told = IncidentNote("ABC", at, "Reached", "She is safe.", "Casey", at, None)
    (note,) = draft_incident(told, "none", Context(False, SYSTEM, "Harbor"))
    assert "She is safe." in lines(note.resource)
