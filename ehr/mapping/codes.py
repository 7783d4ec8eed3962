"""Code systems and the few codes the mappers set themselves. Codes that a patient picks come from the forms.

LOINC codes and names: loinc.org, by way of the LOINC 2.82 listing and HL7's example value set of consent categories.
The exact display of 57016-8 was not confirmed, so it is sent without one; LOINC has no code of its own for a 42 CFR
Part 2 consent, 64292-6 is the nearest.
"""

from typing import Any

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
BCP47 = "urn:ietf:bcp:47"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

CONSENT_DOCUMENT = ("59284-0", "Consent Document")
RELEASE_OF_INFORMATION = ("64292-6", "Release of information consent Document")
PRIVACY_ACKNOWLEDGEMENT = ("57016-8", None)

# SNOMED CT 716186003: as in HL7's International Patient Summary (example AllergyIntolerance eumfh-39-07-1) and AU Core.
NO_KNOWN_ALLERGY = "716186003"


def coding(system: str, code: str, display: str | None = None) -> dict[str, str]:
    found = {"system": system, "code": code}
    return {**found, "display": display} if display else found


def concept(system: str, code: str, display: str | None = None, *, text: str | None = None) -> dict[str, Any]:
    """A CodeableConcept with one coding."""
    found: dict[str, Any] = {"coding": [coding(system, code, display)]}
    return {**found, "text": text} if text else found


def hl7(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    """A CodeableConcept from one of HL7's own code systems."""
    return concept(f"{TERMINOLOGY}/{system}", code, display)
