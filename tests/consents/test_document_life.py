"""From the first draft to the day it takes effect: written by one, approved by another, in every language at once."""

from datetime import date, timedelta

import pytest
from consent_screen import TEST
from django.db import DatabaseError, transaction
from drafts import WHY, document, edited, second_officer, states, words

import consents.selectors
import consents.services
from audit.models import Event
from consents.models import ConsentRule, Document, DocumentVersion, Review
from consents.rules import InvalidDocument
from consents.services import (
    CannotPublish,
    DraftExists,
    NameRefused,
    NotADraft,
    NotReviewable,
    OutdatedText,
    SameAuthor,
    Words,
)
from core import clock


@pytest.fixture
def sora(published):
    return second_officer(published)


def approve(world, by, version="1.2", at=None, slug="treatment"):
    return consents.services.approve(document=document(world, slug), version=version, at=at, by=by)


def text(world, version, language="en", slug="treatment"):
    return document(world, slug).versions.get(version=version, language=language)


def pass_by(world, version):
    """As if the approval had been given with an instant that has just come."""
    rows = document(world).versions.filter(version=version)
    rows.update(effective_at=clock.now())
    return rows.first().effective_at


def test_a_draft_begins_as_the_text_in_force_in_every_language(published):
    version = consents.services.start_draft(document=document(published), by=published.compliance)
    assert version == "1.2"
    for language in ("en", "es"):
        draft, current = text(published, "1.2", language), text(published, "1.1", language)
        assert draft.body == current.body.replace("version: 1.1\n", "version: 1.2\n")
        assert (draft.title, draft.html, draft.author) == (current.title, current.html, published.compliance)
    assert states(published) == {
        "1.1 en": "effective", "1.1 es": "effective", "1.2 en": "draft", "1.2 es": "draft",
    }  # fmt: skip


def test_one_version_at_a_time_is_under_way(published):
    edited(published)
    with pytest.raises(DraftExists):
        consents.services.start_draft(document=document(published), by=published.compliance)


def test_what_was_typed_is_kept_with_its_hash_its_grade_and_why(published):
    edited(published)
    row = text(published, "1.2")
    assert row.body.endswith("You can park.\n")
    assert "<p>You can park.</p>" in row.html
    assert (row.change_note, row.author) == (WHY, published.compliance)
    assert row.sha256 != text(published, "1.1").sha256
    assert 0 < row.reading_grade < 8


def test_a_browsers_line_ends_become_ours(published):
    edited(published)
    subject, row = document(published), text(published, "1.2")
    given = words(row)
    typed = Words(given.title, given.lines.replace("\n", "\r\n"), given.body.replace("\n", "\r\n"))
    consents.services.edit_draft(
        document=subject, version="1.2", texts={"en": typed}, change_note=WHY, review_by=None, by=published.compliance
    )
    assert text(published, "1.2").body == row.body


def test_a_line_that_cannot_be_read_is_named_with_its_language_and_nothing_is_saved(published):
    edited(published)
    before = text(published, "1.2", "es").body
    spoilt = Words("Título", "decision signed Firmar", "Texto")
    with pytest.raises(InvalidDocument, match="Español: this line is not"):
        consents.services.edit_draft(
            document=document(published), version="1.2", texts={"es": spoilt}, change_note="", review_by=None,
            by=published.compliance,
        )  # fmt: skip
    assert text(published, "1.2", "es").body == before


def test_another_person_approves_and_then_it_is_in_force_in_every_language(published, sora):
    edited(published)
    with pytest.raises(SameAuthor):
        approve(published, published.compliance)
    at = approve(published, sora)
    assert states(published) == {
        "1.1 en": "retired", "1.1 es": "retired", "1.2 en": "effective", "1.2 es": "effective",
    }  # fmt: skip
    rows = document(published).versions
    assert {*rows.filter(version="1.1").values_list("retired_at", flat=True)} == {at}
    assert {*rows.filter(version="1.2").values_list("effective_at", flat=True)} == {at}
    day = text(published, "1.2").body.partition("effective: ")[2][:10]
    assert day in {f"{at:%Y-%m-%d}", f"{at - timedelta(days=1):%Y-%m-%d}"}  # the clinic's day


def test_each_step_leaves_its_events(published, sora):
    edited(published)
    approve(published, sora)
    found = {
        action: Event.objects.filter(action=f"document.{action}", actor_kind=kind).count()
        for action, kind in (("drafted", "staff"), ("approved", "staff"), ("published", "system"))
    }
    assert found == {"drafted": 4, "approved": 2, "published": 14 + 2}


def test_the_database_refuses_what_its_author_approves(published):
    edited(published)
    with pytest.raises(DatabaseError, match="another_person_approves"), transaction.atomic():
        document(published).versions.filter(version="1.2").update(approver=published.compliance)


@pytest.mark.parametrize("language", ["en", "es"])
def test_an_element_missing_in_one_language_is_said_with_the_language_in_plain_words(published, sora, language):
    name = {"en": "English", "es": "Español"}[language]
    edited(published, "share-permission", only=language, drop=" ⟦2.31(a)(7)⟧")
    with pytest.raises(CannotPublish) as refused:
        approve(published, sora, "1.1", slug="share-permission")
    assert str(refused.value) == (
        f"{name}: required element 2.31(a)(7) is missing: it does not say when it ends: a day, an event, the end of "
        "the treatment, or that it has no end."
    )
    assert states(published, "share-permission")["1.1 en"] == "draft"


def test_what_is_signed_may_not_differ_between_the_languages(published, sora):
    edited(published)
    row = text(published, "1.2", "es")
    more = words(row)
    lines = f"{more.lines}\noption music: Con música."
    consents.services.edit_draft(
        document=document(published), version="1.2", texts={"es": Words(more.title, lines, more.body)},
        change_note="", review_by=None, by=published.compliance,
    )  # fmt: skip
    with pytest.raises(CannotPublish, match=r"Between the languages: .*statements or decisions differ"):
        approve(published, sora)


def test_a_text_with_blanks_ships_as_a_draft_and_takes_effect_once_they_are_filled(published, sora):
    subject = document(published, "ai-tools")
    assert states(published, "ai-tools") == {"1.0 en": "draft", "1.0 es": "draft"}
    with pytest.raises(CannotPublish, match="English: it holds a blank to fill in"):
        approve(published, sora, "1.0", slug="ai-tools")
    rows = {row.language: words(row) for row in subject.versions.all()}
    filled = {code: Words(one.title, one.lines, one.body.replace("______", "Quill")) for code, one in rows.items()}
    consents.services.edit_draft(
        document=subject, version="1.0", texts=filled, change_note="Named", review_by=None, by=published.compliance
    )
    approve(published, sora, "1.0", slug="ai-tools")
    assert {*states(published, "ai-tools").values()} == {"effective"}


def test_an_approved_text_can_go_back_and_no_other_can(published, sora):
    edited(published)
    approve(published, sora, at=clock.now() + timedelta(days=1))
    with pytest.raises(NotADraft):
        approve(published, sora)
    consents.services.send_back(document=document(published), version="1.2", by=sora)
    assert states(published)["1.2 en"] == "draft"
    approve(published, sora)
    with pytest.raises(NotADraft):
        consents.services.send_back(document=document(published), version="1.2", by=sora)


def test_the_database_freezes_what_was_approved(published, sora):
    edited(published)
    approve(published, sora, at=clock.now() + timedelta(days=1))
    with pytest.raises(DatabaseError, match="approved text never changes"), transaction.atomic():
        document(published).versions.filter(version="1.2").update(body="other")


def test_a_text_takes_effect_at_its_instant_for_whoever_looks_first_without_any_worker(published, screen, sora):
    edited(published)
    approve(published, sora, at=clock.now() + timedelta(days=1))
    assert screen.show("treatment").version == "1.1"
    at = pass_by(published, "1.2")
    assert screen.show("treatment").version == "1.2"
    assert text(published, "1.1").retired_at == text(published, "1.1", "es").retired_at == at
    assert text(published, "1.2").effective_at == at


def test_who_read_the_old_text_signs_nothing_once_the_instant_has_come(published, screen, sora):
    edited(published)
    approve(published, sora, at=clock.now() + timedelta(days=1))
    shown = screen.show("treatment")
    pass_by(published, "1.2")
    with pytest.raises(OutdatedText):
        screen.decide("treatment", shown=shown)
    assert screen.decide("treatment").version.version == "1.2"


def test_while_nothing_is_due_taking_effect_costs_one_query(published, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert consents.services.take_effect_due(clinic_id=published.clinic.id, slug="treatment") == 0


def test_what_ships_later_does_not_replace_what_the_clinic_made_its_own(published, sora):
    """Nor while a draft of it is under way, nor what its counsel reviewed."""
    edited(published)
    approve(published, sora)
    edited(published, "messages")
    review(published, sora, "counsel", slug="share-permission", version="1.0")
    rows = DocumentVersion.objects.filter(document__clinic=published.clinic)
    count = rows.count()
    assert consents.services.install_documents(clinic=published.clinic, actor=TEST) == 0
    assert rows.count() == count


def review(world, by, role, *, slug="treatment", version="1.1", language="en"):
    return consents.services.record_review(
        version=text(world, version, language, slug), role=role, reviewer_name="Lee  Lawyer", note="Fine", by=by
    )


def test_the_note_stays_until_everybody_who_must_has_reviewed_the_text(published, sora):
    assert text(published, "1.1", "es").review_note
    review(published, sora, "counsel", language="es")
    assert text(published, "1.1", "es").review_note
    review(published, sora, "translator", language="es")
    assert text(published, "1.1", "es").review_note == ""
    assert text(published, "1.1", "en").review_note
    review(published, sora, "counsel")
    assert text(published, "1.1", "en").review_note == ""
    assert Review.objects.first().reviewer_name == "Lee Lawyer"
    assert Event.objects.filter(action="document.reviewed").count() == 3


def test_a_review_is_recorded_once_of_a_text_that_can_no_longer_change(published, sora):
    review(published, sora, "counsel")
    for role in ("counsel", "translator"):
        with pytest.raises(NotReviewable):
            review(published, sora, role)
    edited(published)
    with pytest.raises(NotReviewable):
        review(published, sora, "counsel", version="1.2")


def test_the_day_to_look_again_moves_without_a_new_version(published, sora):
    consents.services.look_again(document=document(published), version="1.1", review_by=date(2027, 11, 1), by=sora)
    rows = document(published).versions.filter(version="1.1")
    assert {*rows.values_list("review_by", "state")} == {(date(2027, 11, 1), "effective")}
    with pytest.raises(NotReviewable):
        consents.services.look_again(document=document(published), version="9.9", review_by=None, by=sora)


def test_a_draft_of_a_reviewed_text_is_to_be_reviewed_again(published, sora):
    review(published, sora, "counsel")
    edited(published)
    assert text(published, "1.2").review_note
    assert consents.selectors.reviews_wanted(text(published, "1.2")) == ("counsel",)


def test_another_recipient_gets_a_document_of_its_own(published, sora):
    made = consents.services.start_document(like=document(published, "release"), slug="release-north", by=sora)
    assert (made.kind, states(published, "release-north")) == ("part2_specific", {"1.0 en": "draft", "1.0 es": "draft"})
    for name in ("release-north", "treatment", "release-sud"):
        with pytest.raises(NameRefused):
            consents.services.start_document(like=document(published, "release"), slug=name, by=sora)
    assert Document.objects.filter(slug="release-north").count() == 1


def test_a_release_that_counts_months_ends_by_itself_and_keeps_its_recipient(published, screen, sora):
    subject = document(published, "release")
    texts = {row.language: words(row) for row in subject.versions.all()}
    filled = {
        code: Words(*(part.replace("______", "Dr. Ana Ruiz") for part in (one.title, one.lines, one.body)))
        for code, one in texts.items()
    }
    consents.services.edit_draft(
        document=subject, version="1.0", texts=filled, change_note="", review_by=None, by=published.compliance
    )
    approve(published, sora, "1.0", slug="release")
    signature = screen.decide("release")
    scope = signature.fields["scope"]
    assert (scope["recipients"], scope["expiry"]) == (["Dr. Ana Ruiz"], "date")
    assert 360 < (signature.expires_on - clock.now().date()).days < 368


def test_editions_are_told_newest_first_in_two_queries(published, django_assert_num_queries):
    edited(published)
    subject = document(published)
    with django_assert_num_queries(2):
        newest, current = consents.selectors.editions(subject)
    assert (newest.version, newest.state, current.version, current.state) == ("1.2", "draft", "1.1", "effective")
    assert current.wanted == (("en", "counsel"), ("es", "counsel"), ("es", "translator"))


def test_who_signed_an_older_text_that_stands_is_affected_by_the_new_one(published, screen, sora):
    def affected():
        return list(consents.selectors.affected_by_new_version(document(published)).values_list("pk", flat=True))

    signed = screen.decide("treatment")
    edited(published)
    assert affected() == []
    approve(published, sora)
    assert affected() == [signed.pk]
    screen.another_packet().decide("treatment")
    assert affected() == []


@pytest.mark.parametrize("why", ["revoked", "declined since", "no rule asks again", "rules without it"])
def test_who_is_not_affected(published, screen, sora, why):
    signed = screen.decide("treatment")
    if why == "revoked":
        consents.services.revoke(signature=signed, why="revoked", note="", actor=TEST)
    if why == "no rule asks again":
        ConsentRule.objects.create(document=document(published), on_new_version=False)
    if why == "rules without it":
        ConsentRule.objects.create(document=document(published, "messages"))
    if why == "declined since":
        screen.another_packet().decide("treatment", "declined")
    edited(published)
    approve(published, sora)
    assert not consents.selectors.affected_by_new_version(document(published)).exists()
