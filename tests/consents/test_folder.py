"""Every document of one patient, and whether what is stored still is what was signed: any byte changed says altered."""

import base64
import hashlib
from datetime import date

import pytest
from consent_screen import TEST
from django.urls import reverse
from owner import as_owner
from personas import signed_in, staff

import audit.services
import consents.services
import consents.services.sealing
import consents.services.stamping
import core.services
from audit.models import Event
from consents.models import DocumentVersion, Revocation, Signature
from consents.services.proving import SIGNED, TEXT
from core.crypto import encrypt
from core.fields import keyring
from core.permissions import Role

SHARING = "share-permission"
CHANGED = {
    "text": "CASE WHEN {0} IS NULL OR {0} = '' THEN 'x' ELSE left({0}, -1) || chr(ascii(right({0}, 1)) # 1) END",
    "character varying": "CASE WHEN {0} = '' THEN 'x' ELSE left({0}, -1) || chr(ascii(right({0}, 1)) # 1) END",
    "uuid": "gen_random_uuid()",
    "timestamp with time zone": "{0} + interval '1 microsecond'",
    "date": "coalesce({0}, CURRENT_DATE) + 1",
}
TABLES = (
    "consents_signature",
    "consents_documentversion",
    "consents_sealeddocument",
    "consents_timestamp",
    "audit_event",
)


@pytest.fixture
def kept(screen, settings):
    """One document signed, sealed and stamped, one declined; the audit trail sealed over them."""
    settings.TSA_URL = "http://127.0.0.1:9/tsr"
    signature = screen.decide("treatment", language="es")
    screen.decide(SHARING, "declined")
    consents.services.sealing.seal_due()
    consents.services.stamping.stamp_due(stamp=lambda pdf: pdf + b"\n% the authority's word")
    audit.services.seal()
    return signature


@pytest.fixture
def attacker(kept):
    """The database's owner with every guard switched off, as somebody who got hold of the machine."""
    with as_owner(autocommit=True) as owner:
        for table in TABLES:
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield owner
        for table in TABLES:
            owner.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def folder(world):
    return consents.services.read_folder(patient=world.patient, actor=TEST)


def columns(owner, table):
    rows = owner.execute("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table])
    return dict(rows.fetchall())


def test_what_nobody_touched_is_whole(kept, published):
    found = folder(published)
    assert found.is_whole
    assert [(row.decision, row.state, row.altered, row.has_pdf, row.is_stamped) for row in found.rows] == [
        ("declined", "", (), False, False),
        ("signed", "valid", (), True, True),
    ]


@pytest.mark.django_db(transaction=True)
def test_one_changed_byte_in_any_column_says_altered(kept, published, attacker):
    """Each column of the signature, of its text and of both PDFs, one after another, and back."""
    of = {
        "consents_signature": ("id", kept.id, "signature", {*SIGNED} - {"id", "patient_id", "version_id", "capacity"}),
        "consents_documentversion": ("id", kept.version_id, "text", {*TEXT} - {"id", "document_id"}),
        "consents_sealeddocument": ("signature_id", kept.id, "PDF", {"pdf", "pdf_sha256"}),
        "consents_timestamp": ("sealed_id", kept.id, "timestamp", {"pdf", "pdf_sha256"}),
    }
    for table, (key, pk, what, names) in of.items():
        types = columns(attacker, table)
        for name in sorted(names):
            (before,) = attacker.execute(f"SELECT {name} FROM {table} WHERE {key} = %s", [pk]).fetchone()
            attacker.execute(f"UPDATE {table} SET {name} = {CHANGED[types[name]].format(name)} WHERE {key} = %s", [pk])
            assert consents.services.altered(kept.id) == (what,), f"{table}.{name}"
            assert not folder(published).is_whole, f"{table}.{name}"
            attacker.execute(f"UPDATE {table} SET {name} = %s WHERE {key} = %s", [before, pk])
    assert folder(published).is_whole
    change = "UPDATE consents_signature SET capacity = 'parent', authority = signer_name WHERE id = %s"
    attacker.execute(change, [kept.id])
    assert consents.services.altered(kept.id) == ("signature",)


def test_no_column_of_a_signature_is_left_out():
    assert {*SIGNED, "round"} == {one.attname for one in Signature._meta.concrete_fields}


@pytest.mark.django_db(transaction=True)
def test_another_text_or_another_patient_under_a_signature_shows(kept, published, attacker):
    somebody_else = core.services.register_patient(
        clinic=published.clinic, given_name="Ana", family_name="Ruiz", birth_date=date(1991, 1, 1), actor=TEST
    )
    other = DocumentVersion.objects.exclude(pk=kept.version_id).first()
    attacker.execute("UPDATE consents_signature SET version_id = %s WHERE id = %s", [other.pk, kept.id])
    assert consents.services.altered(kept.id) == ("signature", "text")
    attacker.execute("UPDATE consents_signature SET version_id = %s WHERE id = %s", [kept.version_id, kept.id])
    with as_owner(autocommit=True) as owner:
        owner.execute("UPDATE consents_signature SET patient_id = %s WHERE id = %s", [somebody_else.pk, kept.id])
    assert consents.services.altered(kept.id) == ("signature",)
    assert (len(folder(published).rows), folder(published).gone) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_whoever_also_has_the_key_can_forge_no_pdf(kept, published, attacker):
    forged = base64.b64encode(b"%PDF-1.7 forged").decode()
    attacker.execute(
        "UPDATE consents_sealeddocument SET pdf = %s, pdf_sha256 = %s WHERE signature_id = %s",
        [
            encrypt(keyring(), forged, context="sealed.pdf"),
            hashlib.sha256(b"%PDF-1.7 forged").hexdigest(),
            kept.id,
        ],
    )
    assert consents.services.altered(kept.id) == ("PDF",)


@pytest.mark.django_db(transaction=True)
def test_a_forged_event_and_a_decision_that_is_gone_show(kept, published, attacker):
    attacker.execute(
        "UPDATE audit_event SET context = replace(context, %s, %s) WHERE action = 'signature.made'",
        [kept.shown_sha256, "0" * 64],
    )
    assert "audit trail" in consents.services.altered(kept.id)
    attacker.execute("DELETE FROM consents_signature WHERE decision = 'declined'")
    found = folder(published)
    assert (len(found.rows), found.gone, found.is_whole) == (1, 1, False)


@pytest.mark.django_db(transaction=True)
def test_a_sealed_document_that_is_gone_shows(kept, published, attacker):
    attacker.execute("DELETE FROM consents_timestamp")
    attacker.execute("DELETE FROM consents_sealeddocument")
    assert consents.services.altered(kept.id) == ("PDF", "timestamp")


# --- the page --------------------------------------------------------------------------------------------


def page_of(world):
    return reverse("consents:folder", args=[world.patient.id])


@pytest.mark.parametrize("who", ["compliance", "clinician", "supervisor"])
def test_compliance_and_those_who_care_for_the_patient_see_every_document(kept, published, who):
    response = signed_in(getattr(published, who)).get(page_of(published))
    html = response.content.decode()
    assert response.status_code == 200
    assert "Everything stored is what it was" in html
    assert "as they were, timestamped" in html
    assert "Núñez" not in html.partition("</title>")[0]
    assert Event.objects.filter(action="document.read", object_type="core.Patient").count() == 1


@pytest.mark.parametrize("who", ["front_desk", "operator", "backup", "stranger", "stranger_desk", "elsewhere"])
def test_nobody_else_finds_the_folder_or_a_copy(kept, published, who):
    user = (
        staff(published.other_clinic, Role.COMPLIANCE, "comp@else.test", "Ellis")
        if who == "elsewhere"
        else getattr(published, who)
    )
    client = signed_in(user)
    copy = reverse("consents:folder-copy", args=[published.patient.id, kept.id])
    assert [client.get(url).status_code for url in (page_of(published), copy)] == [404, 404]
    assert not Event.objects.filter(action="document.read").exists()


def test_a_copy_is_the_stamped_pdf_and_reading_it_leaves_an_event(kept, published):
    client = signed_in(published.compliance)
    response = client.get(reverse("consents:folder-copy", args=[published.patient.id, kept.id]))
    assert response["Content-Type"] == "application/pdf"
    assert response.content.endswith(b"the authority's word")
    assert "treatment" not in response["Content-Disposition"]
    assert Event.objects.filter(action="document.read", object_id=str(kept.id)).count() == 1
    declined = Signature.objects.get(decision="declined")
    other = reverse("consents:folder-copy", args=[published.other_clinic.id, kept.id])
    assert client.get(reverse("consents:folder-copy", args=[published.patient.id, declined.id])).status_code == 404
    assert client.get(other).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_page_says_altered_and_what_to_do(kept, published, attacker):
    attacker.execute("UPDATE consents_sealeddocument SET pdf_sha256 = repeat('0', 64)")
    html = signed_in(published.compliance).get(page_of(published)).content.decode()
    assert "Something stored here was altered" in html
    assert 'chip high">altered</span> PDF' in html
    attacker.execute("UPDATE consents_sealeddocument SET pdf = overlay(pdf placing 'AAAA' from 60)")
    copy = reverse("consents:folder-copy", args=[published.patient.id, kept.id])
    assert signed_in(published.compliance).get(copy).status_code == 404


def test_revoked_expired_and_suspected_false_are_named(screen, published):
    made = [screen.another_packet().decide("treatment") for _ in range(4)]
    Revocation.objects.create(signature=made[1], why="revoked")
    Revocation.objects.create(signature=made[2], why="suspected_false")
    Revocation.objects.create(signature=made[3], why="revoked", recipients=["payer"])
    expired = Signature.objects.create(
        patient=published.patient, version=made[0].version, kind="treatment", source_ref=made[0].id, decision="signed",
        shown_html="x", shown_sha256="x", expires_on=date(2020, 1, 1),
    )  # fmt: skip
    states = {row.signature_id: row.state for row in folder(published).rows}
    named = ("valid", "revoked", "suspected false", "partly revoked", "expired")
    assert states == dict(zip([one.id for one in [*made, expired]], named, strict=True))
