"""What the operator is told, and what compliance (and nobody else) finds in the admin."""

import sys

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

import consents.rendering
import consents.selectors
import consents.services
from audit.actions import Actor
from consents import checks
from consents.admin import DocumentVersionAdmin
from consents.models import ConsentRule, Document, DocumentVersion
from consents.rendering.press import press
from consents.rules import document_files


def test_where_pdfs_can_be_made_the_check_is_silent():
    assert checks.pdf_libraries(None) == []
    assert press().pdf(style="", page="<p>x").startswith(b"%PDF")


def test_missing_pango_is_a_warning_with_the_line_to_type(monkeypatch):
    monkeypatch.setitem(checks.LIBRARIES, sys.platform, ("libno-such-pango.so.0",))
    (warning,) = checks.pdf_libraries(None)
    assert (warning.id, warning.is_serious()) == ("consents.W001", False)
    assert "apt-get install --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0" in warning.hint


def test_the_shipped_folder_passes_the_check():
    assert checks.document_folder(None) == []


def test_a_language_without_texts_is_an_error(settings):
    settings.LANGUAGES = [*settings.LANGUAGES, ("vi", "Tiếng Việt")]
    (error,) = checks.document_folder(None)
    assert error.id == "consents.E001"
    assert "there is no text in vi" in error.msg


@pytest.fixture
def texts():
    return DocumentVersionAdmin(DocumentVersion, admin.site)


def asking(user):
    request = RequestFactory().get("/admin/consents/documentversion/")
    request.user = user
    return request


def test_compliance_reads_its_own_clinics_texts_and_changes_nothing(published, texts):
    consents.services.install_documents(clinic=published.other_clinic, actor=Actor.system("test"))
    request = asking(published.compliance)
    assert texts.has_module_permission(request)
    assert texts.has_view_permission(request)
    assert {row.document.clinic_id for row in texts.get_queryset(request)} == {published.clinic.id}
    newest = {(one.slug, one.language) for one in document_files(("en", "es"))}
    assert texts.get_queryset(request).count() == len(newest)
    for refused in (texts.has_add_permission, texts.has_change_permission, texts.has_delete_permission):
        assert not refused(request)


@pytest.mark.parametrize("who", ["front_desk", "clinician", "supervisor", "stranger", "stranger_desk"])
def test_everybody_else_finds_nothing(published, texts, who):
    request = asking(getattr(published, who))
    assert not texts.has_module_permission(request)
    assert not texts.has_view_permission(request)
    assert not texts.get_queryset(request).exists()


def test_nobody_signed_in_finds_nothing(published, texts):
    request = asking(AnonymousUser())
    assert not texts.has_view_permission(request)
    assert not texts.get_queryset(request).exists()


def told(at=("default",)):
    return [(one.id, one.msg) for one in checks.texts_to_look_at(list(at))]


def test_texts_that_nobody_reviewed_are_named_by_clinic_until_they_are(published):
    (warning,) = told()
    assert warning[0] == "consents.W002"
    assert "Harbor Clinic (esign, messages, privacy-notice, records-notice, share-permission, treatment, " in warning[1]
    rows = DocumentVersion.objects.filter(state="effective")
    for row in rows.exclude(document__slug="treatment"):
        for role in consents.selectors.reviews_wanted(row):
            consents.services.record_review(
                version=row, role=role, reviewer_name="Lee", note="", by=published.compliance
            )
    assert told()[0][1].endswith("translator: Harbor Clinic (treatment).")


def test_a_day_to_look_again_that_has_passed_is_named(published):
    DocumentVersion.objects.filter(document__slug="treatment", state="effective").update(review_by="2020-01-01")
    assert ("consents.W003", "The day to look at these texts again has passed: Harbor Clinic (treatment).") in told()


def test_without_the_database_the_texts_are_not_looked_at(published):
    assert told(at=()) == checks.notices_to_give([]) == []


def test_a_program_whose_patients_are_not_given_the_notice_of_part_2_is_named(published):
    def named():
        return [one.msg.rpartition(": ")[2] for one in checks.notices_to_give(["default"])]

    assert named() == ["Elsewhere Clinic."], "it has published nothing"
    published.other_clinic.programs.update(part2_status="not_part2")
    assert named() == []
    treatment = Document.objects.get(clinic=published.clinic, slug="treatment")
    consents.services.save_rule(rule=ConsentRule(document=treatment), by=published.compliance)
    assert named() == [], "the default ones came with it"
    ConsentRule.objects.filter(document__slug="records-notice").update(is_active=False)
    assert named() == ["Harbor Clinic."]
