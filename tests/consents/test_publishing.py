"""One effective text per document and language, and what was published stays as it was."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from consent_screen import TEST, edition
from django.db import DatabaseError, connection, transaction

import consents.services
from audit.models import Event
from consents.models import DocumentVersion
from consents.services import CannotPublish


def versions(world, slug="treatment", language="en"):
    rows = DocumentVersion.objects.filter(document__clinic=world.clinic, document__slug=slug, language=language)
    return {row.version: row.state for row in rows}


def test_installing_publishes_every_language_once(world):
    assert consents.services.install_documents(clinic=world.clinic, actor=TEST) == 18
    assert consents.services.install_documents(clinic=world.clinic, actor=TEST) == 0
    rows = DocumentVersion.objects.filter(document__clinic=world.clinic)
    assert rows.filter(state="effective").count() == Event.objects.filter(action="document.published").count() == 14
    assert rows.filter(state="draft").count() == Event.objects.filter(action="document.drafted").count() == 4
    assert DocumentVersion.history.filter(document__clinic=world.clinic).count() == 18


def test_another_clinic_gets_its_own_texts(published):
    assert consents.services.install_documents(clinic=published.other_clinic, actor=TEST) == 18


def test_a_new_version_retires_the_old_one_of_its_language_only(published):
    consents.services.publish(clinic=published.clinic, source=edition("treatment", "1.2"), actor=TEST)
    assert versions(published) == {"1.1": "retired", "1.2": "effective"}
    assert versions(published, language="es") == {"1.1": "effective"}


def test_installing_does_not_take_back_a_clinics_newer_text(published):
    consents.services.publish(clinic=published.clinic, source=edition("treatment", "1.2"), actor=TEST)
    assert consents.services.install_documents(clinic=published.clinic, actor=TEST) == 0
    assert versions(published) == {"1.1": "retired", "1.2": "effective"}


def test_the_same_text_again_changes_nothing(published):
    first = consents.services.publish(clinic=published.clinic, source=edition("treatment", "1.1"), actor=TEST)
    assert first.state == "effective"
    assert versions(published) == {"1.1": "effective"}


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (edition("treatment", "1.1", extra="One word more.\n"), "published text never changes"),
        (edition("treatment", "0.9"), "is not newer than 1.1"),
        (edition("share-permission", "1.1", drop="⟦2.31(a)(5)⟧"), "required element 2.31\\(a\\)\\(5\\) is missing"),
        (edition("treatment", "1.2", swap=("effective: 2026-11-01", "effective: 2999-01-01")), "takes effect on 2999"),
        (edition("privacy-notice", "1.1", slug="treatment"), "treatment is a treatment"),
    ],
    ids=["other words", "older", "element missing", "future", "other kind"],
)
def test_what_may_not_be_published_is_refused_with_its_reason(published, source, why):
    with pytest.raises(CannotPublish, match=why):
        consents.services.publish(clinic=published.clinic, source=source, actor=TEST)
    assert versions(published) == {"1.1": "effective"}


@pytest.mark.parametrize("column", ["title", "body", "html", "sha256", "effective_at"])
def test_the_database_freezes_a_published_text(published, column):
    changed = {column: None if column == "effective_at" else "other"}
    with pytest.raises(DatabaseError), transaction.atomic():
        DocumentVersion.objects.filter(document__slug="treatment").update(**changed)


def test_the_database_keeps_a_retired_text_retired(published):
    consents.services.publish(clinic=published.clinic, source=edition("treatment", "1.2"), actor=TEST)
    with pytest.raises(DatabaseError, match="only ever retired"), transaction.atomic():
        DocumentVersion.objects.filter(version="1.1", document__slug="treatment", language="en").update(
            state="effective", retired_at=None
        )
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        DocumentVersion.objects.filter(version="1.1", document__slug="treatment").delete()


@pytest.mark.django_db(transaction=True)
def test_two_publishers_at_once_never_leave_two_effective_texts(world):
    consents.services.install_documents(clinic=world.clinic, actor=TEST)
    start = Barrier(2)

    def publisher(version):
        start.wait()
        try:
            consents.services.publish(clinic=world.clinic, source=edition("treatment", version), actor=TEST)
        except CannotPublish:
            return "refused"
        finally:
            connection.close()
        return "published"

    with ThreadPoolExecutor(2) as pool:
        for major in range(2, 12):
            results = list(pool.map(publisher, [f"{major}.0", f"{major}.1"]))
            assert "published" in results
            effective = [version for version, state in versions(world).items() if state == "effective"]
            assert effective == [f"{major}.1"]
