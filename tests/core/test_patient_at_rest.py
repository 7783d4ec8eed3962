"""What the database holds of a patient, and how one is found without reading names."""

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, transaction

import core.services
from audit.actions import Actor
from core.crypto import Keyring, UnreadableValue, decrypt, encrypt
from core.models import Patient


def row(patient):
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM core_patient WHERE id = %s", [patient.id])
        return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))


def test_no_name_birth_date_or_number_is_readable_at_rest(world):
    stored = " ".join(str(value) for value in row(world.patient).values())
    for secret in ("Rosa", "Núñez", "1990-03-15", "0142", "rosa@example.test", "MRN-1001"):
        assert secret not in stored


def test_history_is_encrypted_too(world):
    with connection.cursor() as cursor:
        cursor.execute("SELECT given_name FROM core_historicalpatient")
        assert all("Rosa" not in value for (value,) in cursor.fetchall())
    assert world.patient.history.first().given_name == "Rosa"


@pytest.mark.parametrize(
    "terms",
    [
        {"family_name": "nunez"},
        {"given_name": "ROSA"},
        {"phone": "(555) 010-0142"},
        {"email": "Rosa@Example.test"},
        {"mrn": "mrn-1001"},
        {"family_name": "Nuñez", "birth_date": "1990-03-15"},
    ],
)
def test_a_patient_is_found_by_what_people_type(world, terms):
    assert list(Patient.objects.all().matching(**terms)) == [world.patient]


@pytest.mark.parametrize("terms", [{"family_name": "nun"}, {"family_name": "Nunez", "birth_date": "1990-03-16"}])
def test_search_is_exact(world, terms):
    assert not Patient.objects.all().matching(**terms).exists()


def test_two_patients_of_a_clinic_cannot_share_an_mrn(world):
    with pytest.raises(IntegrityError), transaction.atomic():
        core.services.register_patient(
            clinic=world.clinic,
            given_name="Other",
            family_name="Person",
            birth_date=world.patient.history.first().created_at.date(),
            actor=Actor.system("test"),
            mrn="mrn 1001",
        )


def test_an_encrypted_column_cannot_be_searched(world):
    with pytest.raises(FieldError, match="blind index"):
        Patient.objects.filter(given_name="Rosa")


def test_a_value_moved_to_another_column_does_not_open(world):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_patient SET given_name = family_name WHERE id = %s", [world.patient.id])
    with pytest.raises(UnreadableValue):
        Patient.objects.get(pk=world.patient.pk)


def test_an_old_key_still_reads_and_an_unknown_one_is_refused():
    old = Keyring({"k0": bytes(32)})
    new = Keyring({"k1": b"1" * 32, "k0": bytes(32)})
    stored = encrypt(old, "text", context="c")
    assert decrypt(new, stored, context="c") == "text"
    with pytest.raises(UnreadableValue):
        decrypt(Keyring({"k1": b"1" * 32}), stored, context="c")
    with pytest.raises(UnreadableValue):
        decrypt(old, stored[:-6] + "AAAAA=", context="c")
