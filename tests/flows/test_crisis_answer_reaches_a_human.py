"""From the saved answer to the page: in one transaction, before any submission, whatever fails after."""

import uuid

import packets as given
import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

import escalation.services
from audit.actions import Actor
from audit.models import Event
from escalation.models import Incident, Page
from intake.models import Response
from intake.services import submission

SEVERAL, NEARLY_EVERY_DAY = "LA6569-3", "LA6571-9"


@pytest.fixture
def packet(world):
    return given.invite(world).packet


def dangerous(packet, code=SEVERAL):
    return given.answer(packet, "phq-9", {"phq9-q9": [code]})


@pytest.fixture
def mend(owner_sql):
    """Scoring is broken: the database refuses its results. Calling it mends that."""
    role = connection.settings_dict["USER"]

    def grant():
        owner_sql.execute(f'GRANT INSERT ON screening_screeningresult TO "{role}"')

    owner_sql.execute(f'REVOKE INSERT ON screening_screeningresult FROM "{role}"')
    yield grant
    grant()


def test_a_saved_answer_opens_an_incident_and_its_first_page_before_submission(packet):
    saved = dangerous(packet)
    incident = Incident.objects.get()
    assert saved.risk
    assert (incident.state, incident.source_ref) == ("notifying", packet.id)
    assert Page.objects.filter(incident=incident, state="pending").exists()
    assert packet.__class__.objects.get(pk=packet.pk).state == "in_progress"


def test_the_page_goes_out_and_says_nothing_of_the_patient(packet):
    dangerous(packet)
    assert escalation.services.deliver_due() >= 1
    letter = mail.outbox[0]
    text = letter.subject + letter.body + str(letter.extra_headers) + letter.from_email
    for secret in ("Rosa", "Núñez", "/1990", "1990-", "PHQ", "phq", "suicid", "depress", "Several", "Harbor Clinic"):
        assert secret not in text
    assert Incident.objects.get().code in letter.body


def test_an_answer_that_is_not_dangerous_pages_nobody(packet):
    assert not given.answer(packet, "phq-9").risk
    assert not Incident.objects.exists()


def test_the_same_answer_saved_again_is_one_incident(packet):
    dangerous(packet)
    given.answer(packet, "phq-9")
    dangerous(packet)
    assert Incident.objects.count() == 1


def test_a_graver_answer_joins_and_a_milder_one_closes_nothing(packet):
    dangerous(packet)
    dangerous(packet, NEARLY_EVERY_DAY)
    dangerous(packet, given.NOT_AT_ALL)
    incident = Incident.objects.get()
    assert incident.state == "notifying"
    assert len(incident.snapshot["triggers"]) == 2


def close(world, incident):
    actor = Actor.staff(world.clinician.id)
    escalation.services.acknowledge(incident_id=incident.id, user=world.clinician, actor=actor)
    escalation.services.resolve(
        incident_id=incident.id, user=world.clinician, kind="reached_safe", note="Called; safe.", actor=actor
    )


@pytest.mark.parametrize("taken_back", ["before it was closed", "afterwards"])
def test_what_was_taken_back_and_is_said_again_after_the_incident_was_closed_pages_anew(world, packet, taken_back):
    dangerous(packet)
    if taken_back == "before it was closed":
        dangerous(packet, given.NOT_AT_ALL)
    close(world, Incident.objects.get())
    if taken_back == "afterwards":
        dangerous(packet, given.NOT_AT_ALL)
    assert dangerous(packet).risk
    again = Incident.objects.exclude(state="resolved").get()
    assert Page.objects.filter(incident=again, state="pending").exists()
    given.answer(packet, "phq-9", {"phq9-q1": [SEVERAL]})
    assert Incident.objects.count() == 2, "said once more, told once more"
    close(world, again)
    given.answer(packet, "phq-9", {"phq9-q2": [SEVERAL]})
    assert Incident.objects.count() == 2, "it stood when it was closed"


def test_words_that_were_deleted_and_are_written_again_after_the_incident_was_closed_page_anew(world, packet):
    for words in ("I want to kill myself.", "I can't sleep."):
        given.answer(packet, "presenting-concerns", {"con-reason": [words]})
    close(world, Incident.objects.get())
    given.answer(packet, "presenting-concerns", {"con-reason": ["I can't sleep. I want to kill myself."]})
    assert Incident.objects.exclude(state="resolved").count() == 1


def test_a_resolved_incident_is_not_opened_again_by_the_same_answer(world, packet):
    dangerous(packet)
    incident = Incident.objects.get()
    close(world, incident)
    given.answer(packet, "phq-9", {"phq9-q1": [SEVERAL]})
    assert Incident.objects.count() == 1
    dangerous(packet, NEARLY_EVERY_DAY)
    assert Incident.objects.count() == 2


def test_an_answer_is_kept_when_scoring_fails(mend, packet, caplog):
    saved = dangerous(packet)
    response = Response.objects.get()
    assert saved.revision == 1
    assert given.SEVERAL in str(response.answers)
    assert response.assessed_revision == 0
    assert "assessment failed" in caplog.text


def test_what_could_not_be_scored_pages_a_human_after_three_tries(mend, packet):
    dangerous(packet)
    for _ in range(2):
        submission.assess_unassessed()
        assert not Incident.objects.exists()
    submission.assess_unassessed()
    assert Incident.objects.get().snapshot["triggers"][0]["code"] == "could-not-be-scored"
    submission.assess_unassessed()
    assert Incident.objects.count() == 1


def test_the_sweep_scores_what_was_kept_once_scoring_works_again(mend, packet):
    dangerous(packet)
    mend()
    assert submission.assess_unassessed() == 1
    assert Incident.objects.get().snapshot["triggers"][0]["code"] == "suicide-item-positive"
    assert submission.assess_unassessed() == 0


def test_nothing_is_kept_of_a_save_that_did_not_commit(packet):
    key = uuid.uuid4()
    with pytest.raises(RuntimeError), transaction.atomic():
        given.answer(packet, "phq-9", {"phq9-q9": [SEVERAL]}, key=key)
        raise RuntimeError
    assert not Response.objects.exists()
    assert not Incident.objects.exists()
    assert given.answer(packet, "phq-9", {"phq9-q9": [SEVERAL]}, key=key).risk


def test_every_link_of_the_way_left_its_event(packet):
    before = set(Event.objects.values_list("action", flat=True))
    dangerous(packet)
    escalation.services.deliver_due()
    after = set(Event.objects.values_list("action", flat=True)) - before
    assert {"step.saved", "screening.scored", "incident.opened", "page.delivered"} <= after


def test_the_database_refuses_an_open_incident_without_a_due_time(packet):
    dangerous(packet)
    with pytest.raises(IntegrityError, match="an_unresolved_incident_has_a_due_time"), transaction.atomic():
        Incident.objects.update(due_at=None)
