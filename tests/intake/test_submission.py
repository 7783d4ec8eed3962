"""No submission with anything required missing, unsigned or outdated; each with its own words; nothing lost."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import packets as given
import pytest
from django.db import connection, transaction

import consents.services
from audit.actions import Actor
from consents.rules import parse, with_lines
from intake import selectors
from intake.models import Packet, Response, SavedAnswer, Submission
from intake.services import submission


@pytest.fixture
def packet(world):
    return given.invite(world).packet


def why_not(packet) -> list[tuple[str, str, str]]:
    with pytest.raises(submission.NotComplete) as refused:
        submission.submit(packet=packet, key=uuid.uuid4())
    return [(one.slug, one.key, one.why) for one in refused.value.missing]


def test_a_complete_packet_is_submitted_once(packet):
    given.complete(packet)
    key = uuid.uuid4()
    assert submission.submit(packet=packet, key=key).state == Packet.State.SUBMITTED
    assert submission.submit(packet=packet, key=key).state == Packet.State.SUBMITTED
    assert Submission.objects.count() == 1


@pytest.mark.parametrize("slug", given.ANSWERS)
def test_each_required_field_missing_in_turn_is_refused_by_name(packet, slug):
    given.complete(packet)
    for key, answered in given.ANSWERS[slug].items():
        given.answer(packet, slug, {key: []})
        assert (slug, key, "unanswered") in why_not(packet)
        label = next(one.label for one in selectors.missing(packet, "en") if one.key == key)
        assert label and label != key
        given.answer(packet, slug, {key: answered})
        with transaction.atomic():  # for the next field it isn't sent yet
            assert submission.submit(packet=packet, key=uuid.uuid4()).state == Packet.State.SUBMITTED
            transaction.set_rollback(True)


@pytest.mark.parametrize("left_out", given.DOCUMENTS)
def test_each_document_undecided_in_turn_is_refused_by_name(packet, left_out):
    for slug in given.DOCUMENTS:
        if slug != left_out:
            given.sign(packet, slug)
    for slug in given.ANSWERS:
        if left_out != "share-permission" or slug not in given.SUD:
            given.answer(packet, slug)
    assert why_not(packet) == [(left_out, "", "unsigned")]
    assert Response.objects.filter(packet=packet).count() >= 6


def test_a_declined_treatment_consent_does_not_submit(packet):
    for slug in given.DOCUMENTS:
        given.sign(packet, slug, "declined" if slug == "treatment" else "signed")
    for slug in given.ANSWERS:
        given.answer(packet, slug)
    assert why_not(packet) == [("treatment", "", "unsigned")]


def test_the_privacy_notice_may_be_refused_with_a_reason(packet):
    given.sign(packet, "privacy-notice", "refused")
    with pytest.raises(consents.services.CannotSign):
        given.sign(packet, "treatment", "refused")
    for slug in ("treatment", "share-permission"):
        given.sign(packet, slug)
    for slug in given.ANSWERS:
        given.answer(packet, slug)
    assert submission.submit(packet=packet, key=uuid.uuid4()).state == Packet.State.SUBMITTED


def test_a_refusal_without_a_reason_is_not_taken(packet):
    with pytest.raises(consents.services.CannotSign) as refused:
        given.sign(packet, "privacy-notice", "refused", reason=" ")
    assert refused.value.code == "reason"


def test_a_declined_sharing_permission_skips_the_substance_sections_and_submits(packet):
    given.complete(packet, declined=True)
    with pytest.raises(submission.StepLocked):
        given.answer(packet, "dast-10")
    assert submission.submit(packet=packet, key=uuid.uuid4()).state == Packet.State.SUBMITTED
    states = {step.slug: step.state for step in selectors.steps(packet, "en")}
    assert (states["substance-use"], states["dast-10"]) == ("skipped", "skipped")


def test_a_text_replaced_after_signing_is_outdated_and_refused(world, packet):
    given.complete(packet)
    from consents.models import DocumentVersion

    old = DocumentVersion.objects.get(document__slug="treatment", language="en", state="effective")
    newer = parse(with_lines(old.body, version="9.9"), slug="treatment")
    consents.services.publish(clinic=world.clinic, source=newer, actor=Actor.system("test"))
    assert why_not(packet) == [("treatment", "", "outdated")]


def test_a_wrong_hash_signs_nothing(packet):
    with pytest.raises(consents.services.OutdatedText):
        given.sign(packet, "treatment", shown_sha256="0" * 64)
    assert ("treatment", "", "unsigned") in why_not(packet)


def test_the_same_key_again_gets_the_stored_result(packet):
    key = uuid.uuid4()
    first = given.answer(packet, "insurance", key=key)
    again = given.answer(packet, "insurance", key=key)
    assert (again.revision, again.replayed) == (first.revision, True)
    assert SavedAnswer.objects.count() == 1


def test_the_same_key_with_another_body_is_refused_and_changes_nothing(packet):
    key = uuid.uuid4()
    given.answer(packet, "insurance", key=key)
    with pytest.raises(submission.KeyReused):
        given.answer(packet, "insurance", {"ins-have": ["true"]}, key=key)
    assert Response.objects.get().revision == 1


def test_what_can_not_be_read_leaves_the_rest_and_says_so(packet):
    saved = given.answer(packet, "medications", {"med-any": [given.YES]})
    assert not saved.problems
    saved = given.answer(packet, "insurance", {"ins-have": ["perhaps"]})
    assert [problem.link_id for problem in saved.problems] == ["ins-have"]


def test_a_submitted_packet_takes_no_more(packet):
    given.complete(packet)
    submission.submit(packet=packet, key=uuid.uuid4())
    with pytest.raises(submission.PacketClosed):
        given.answer(packet, "insurance")
    with pytest.raises(submission.PacketClosed):
        given.sign(packet, "treatment")
    with pytest.raises(submission.KeyReused):
        submission.submit(packet=packet, key=uuid.uuid4())


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_submits_with_one_key_make_one(world, packet):
    given.complete(packet)
    key = uuid.uuid4()

    def submit(_):
        try:
            return submission.submit(packet=packet, key=key).state
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(submit, range(20))) == {Packet.State.SUBMITTED}
    assert Submission.objects.count() == 1
