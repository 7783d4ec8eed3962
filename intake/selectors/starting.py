"""What a form starts with before anything is answered: its initial values, and what it takes of the patient's details.

Nothing of it is stored until the patient saves something on the form.
"""

from collections.abc import Mapping
from typing import Any

from core.models import Patient
from intake import engine
from intake.models import Packet


def starting_items(packet: Packet, definition: engine.Definition) -> list[dict[str, Any]]:
    return engine.begin(definition, patient=patient_for(packet, definition))


def patient_for(packet: Packet, definition: engine.Definition) -> Mapping[str, Any] | None:
    """%patient, for the forms that have an initialExpression; the others cost no query and no decryption."""
    return as_fhir(packet.patient) if definition.has_initial_expressions else None


def as_fhir(patient: Patient) -> dict[str, Any]:
    """The patient's own demographics as a minimal FHIR R4 Patient: what is known, and nothing from any record."""
    telecom = [{"system": "phone", "value": patient.phone}, {"system": "email", "value": patient.email}]
    found = {
        "resourceType": "Patient",
        "id": str(patient.id),
        "name": [{"family": patient.family_name, "given": [patient.given_name]}],
        "birthDate": patient.birth_date,
        "gender": patient.sex,
        "telecom": [one for one in telecom if one["value"]],
        "communication": [{"language": {"coding": [{"code": patient.language}]}, "preferred": True}],
    }
    return {name: value for name, value in found.items() if value}
