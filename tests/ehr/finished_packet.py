"""A realistic finished packet: the project's own forms, answered."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from ehr.mapping import wire
from ehr.mapping.source import (
    AnswerSet,
    FinishedPacket,
    PatientRecord,
    PhotoRecord,
    Respondent,
    ScoreRecord,
    SignatureRecord,
)

FORMS = Path(__file__).parents[2] / "intake" / "definitions"
TERMS = FORMS.parent / "terminology"
SYSTEM = "https://candor.example/push"
PACKET = "6f9b2f5e-0c1d-4f6a-9a53-0d9f6a1f1c11"
AT = datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)
PDF = b"%PDF-1.7 what was signed"

WHO = PatientRecord(
    id="0b8e63f0-3b1e-4a53-8d68-53b5e2b7f001",
    mrn=None,
    family="Okafor",
    given="Ada",
    birth_date=date(1990, 2, 28),
    sex="female",
    phone="+16175550100",
    email="",
    language="en",
    address=None,
)
ABOUT = {
    "demo-given": "Ada",
    "demo-family": "Okafor",
    "demo-preferred": "Adaeze",
    "demo-pronouns": "they and she",
    "demo-sex": "female",
    "demo-language": "es",
    "demo-phone": "617-555-0111",
    "demo-voicemail": False,
    "demo-email": "ada@example.org",
    "demo-has-address": True,
    "demo-address-line": "1 Main St, Apt 2",
    "demo-city": "Boston",
    "demo-state": "MA",
    "demo-zip": "02101",
    "demo-emergency-has": True,
    "demo-emergency-name": "Chidi Okafor",
    "demo-emergency-relationship": "SIB",
    "demo-emergency-phone": "617-555-0122",
}
INSURED = {"ins-have": True, "ins-payer": "MassHealth", "ins-member-id": "MH-1", "ins-relationship": "self"}
ALLERGIC = {
    "all-any": "LA33-6",
    "all-list": [
        {"all-substance": "723", "all-reaction": "hives, then I couldn't breathe", "all-severity": "severe"},
        {"all-substance": "the blue pill from 2019"},
        {"all-substance": "91935009", "all-severity": "mild"},
    ],
}
NOT_ALLERGIC = {"all-any": "716186003"}
TAKING = {
    "med-any": "LA33-6",
    "med-list": [
        {
            "med-name": "36437",
            "med-dose": (Decimal("12.50"), "mg"),
            "med-how-often": "once a day",
            "med-reason": "sleep",
        },
        {"med-name": "my cousin's herbs"},
    ],
}
USING = {
    "sub-alcohol": "alcohol-never",
    "sub-tobacco": "tobacco-past",
    "sub-substances": ["cannabis", "cocaine"],
    "sub-treatment": True,
    "sub-medicine": True,
    "sub-medicine-name": ["1819"],
}
PHQ9 = {f"phq9-q{number}": "LA6569-3" for number in range(1, 10)} | {"phq9-difficulty": "LA6573-5"}
GAD7 = {f"gad7-q{number}": "LA6568-5" for number in range(1, 8)}
DAST10 = {f"dast10-q{number}": "LA32-8" for number in range(1, 11)}

CARD = {"contentType": "image/jpeg", "url": "urn:uuid:1c3f1a3e-0d2c-4b7c-9a55-8f0c1f1d2e3f", "title": "Card, front"}
# The rest of the library: what a clinic's own rules may ask for.
REST: dict[str, dict[str, Any]] = {
    "insurance": INSURED | {"ins-card-front": CARD},
    "presenting-concerns": {"con-reason": "I can't sleep — and I worry.", "con-since": "since-weeks"},
    "medical-history": {"hist-conditions": ["seizures", "other"], "hist-other": "gout", "hist-counseling": True},
    "social-needs": {"soc-housing": "shelter", "soc-food": "LA33-6", "soc-rides": "LA32-8", "soc-safe": "not-sure"},
    "telehealth-readiness": {
        "tele-device": ["smartphone"],
        "tele-internet": "LA33-6",
        "tele-private": "LA33-6",
        "tele-state": "Massachusetts",
    },
    "safety": {"safe-harm-others": "LA33-6"},
    "c-ssrs-screener": {f"cssrs-q{n}": "LA33-6" if n < 4 else "LA32-8" for n in range(1, 7)},
    "pc-ptsd-5": {f"pcptsd5-{name}": "LA33-6" for name in ("gate", "q1", "q2", "q3", "q4", "q5")},
}
REST_SUD: dict[str, dict[str, Any]] = {
    "substance-use": USING
    | {
        "sub-overdose-ever": "LA33-6",
        "sub-overdose-30": "LA33-6",
        "sub-quit-alcohol": ["quit-alcohol-seizure"],
        "sub-quit-benzo": ["quit-benzo-none"],
        "sub-naloxone": "LA32-8",
    },
    "audit-c": {"auditc-q1": "LA18929-2", "auditc-q2": "LA18932-6", "auditc-q3": "LA18934-2"},
}


def definition(slug: str) -> dict[str, Any]:
    newest = max(FORMS.glob(f"{slug}-[0-9]*.json"))
    form: dict[str, Any] = wire.loads(newest.read_bytes())
    return form


def answers(slug: str, told: Mapping[str, Any], sensitivity: str = "none") -> AnswerSet:
    form = definition(slug)
    return AnswerSet(
        slug=slug,
        url=form["url"],
        version=form["version"],
        title=form["title"],
        sensitivity=sensitivity,
        authored=AT,
        items=items(form["item"], told),
        definition=form,
    )


def items(questions: list[dict[str, Any]], told: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The QuestionnaireResponse items for {linkId: answer, or for a repeating group a list of such}."""
    made = []
    for question in questions:
        link_id, below = question["linkId"], question.get("item", [])
        if question["type"] == "group":
            instances = told.get(link_id, []) if question.get("repeats") else [told]
            made += [{"linkId": link_id, "item": items(below, instance)} for instance in instances]
        elif link_id in told:
            several = told[link_id] if isinstance(told[link_id], list) else [told[link_id]]
            made.append({"linkId": link_id, "answer": [answer(question, one) for one in several]})
    return [item for item in made if item.get("answer") or item.get("item")]


def answer(question: dict[str, Any], told: Any) -> dict[str, Any]:
    if question["type"] == "quantity":
        return {"valueQuantity": amount(question, *told)}
    if "answerValueSet" in question:
        return term(question["answerValueSet"], told)
    if question["type"] in ("choice", "open-choice"):
        for option in question["answerOption"]:
            if option["valueCoding"]["code"] == told:
                return {"valueCoding": option["valueCoding"]}
        assert question["type"] == "open-choice", f"{question['linkId']} does not offer {told}"
        return {"valueString": told}
    kind = {"text": "String"}.get(question["type"], question["type"].capitalize())
    return {f"value{kind}": told}


def amount(question: dict[str, Any], value: Decimal, code: str) -> dict[str, Any]:
    units = [one["valueCoding"] for one in question["extension"] if one["url"].endswith("/questionnaire-unitOption")]
    unit = next(one for one in units if one["code"] == code)
    return {"value": value, "unit": unit["display"], "system": unit["system"], "code": code}


def term(value_set: str, told: str) -> dict[str, Any]:
    """The term with that code in the table of the value set, else the words."""
    tables = [wire.loads(path.read_bytes()) for path in TERMS.glob("*.json")]
    table = next(one for one in tables if one["valueSet"] == value_set)
    for one in table["concepts"]:
        if one["code"] == told:
            system = one.get("system") or table["system"]
            return {"valueCoding": {"system": system, "code": told, "display": one["display"]}}
    return {"valueString": told}


def score(instrument: str, panel: str | None, total_loinc: str | None, total: int | None, band: str) -> ScoreRecord:
    sensitivity = "sud" if instrument in ("dast-10", "audit-c") else "none"
    return ScoreRecord(instrument, panel, total_loinc, instrument.upper(), total, band, sensitivity, AT, instrument)


def signature(kind: str, title: str, decision: str = "signed") -> SignatureRecord:
    ids = {"npp_ack": "a", "treatment": "b", "part2_tpo": "c"}
    return SignatureRecord(
        id=f"{ids[kind] * 8}-0000-4000-8000-000000000000",
        kind=kind,
        title=title,
        decision=decision,
        signed_at=AT,
        language="en",
        version="1.0",
        pdf=PDF if decision == "signed" else None,
        sha256="0" * 64,
    )


FINISHED = FinishedPacket(
    id=PACKET,
    clinic_id="3d0c9d0e-6ad6-4a7c-a3a1-1a52b9a0c0aa",
    clinic_name="Harbor Clinic",
    submitted_at=AT,
    part2=False,
    patient=WHO,
    answer_sets=(
        answers("demographics", ABOUT),
        answers("insurance", INSURED),
        answers("allergies", ALLERGIC),
        answers("medications", TAKING),
        answers("substance-use", USING, "sud"),
        answers("phq-9", PHQ9),
        answers("gad-7", GAD7),
        answers("dast-10", DAST10, "sud"),
    ),
    scores=(
        score("phq-9", "44249-1", "44261-6", 9, "mild"),
        score("gad-7", "69737-5", "70274-6", 0, "minimal"),
        score("dast-10", "82666-9", "82667-7", 1, "low"),
    ),
    signatures=(
        signature("npp_ack", "Notice of privacy practices"),
        signature("treatment", "Agreement to get care"),
        signature("part2_tpo", "Permission to share"),
    ),
)
# Others answered for the patient, once with help from the desk, and added photos.
FRONT = PhotoRecord(CARD["url"].removeprefix("urn:uuid:"), CARD["title"], AT, b"\xff\xd8\xff pixels")
BACK = replace(FRONT, id="2c3f1a3e-0d2c-4b7c-9a55-8f0c1f1d2e3f", title="Card, back")
HELPED = replace(
    FINISHED,
    answer_sets=(
        replace(
            answers("insurance", REST["insurance"]),
            respondent=Respondent("Chidi Okafor", "parent"),
            helper="Dana Desk",
            photos=(FRONT,),
        ),
        replace(answers("demographics", ABOUT), respondent=Respondent("Chidi Okafor", "guardian"), photos=(BACK,)),
        replace(answers("allergies", ALLERGIC), respondent=Respondent("Chidi Okafor", "proxy")),
    ),
    scores=(),
)
UNWILLING = replace(
    FINISHED,
    part2=True,
    answer_sets=(answers("allergies", NOT_ALLERGIC),),
    scores=(score("c-ssrs-screener", "93373-9", None, None, "high"), score("gad-2", None, None, 3, "positive")),
    signatures=(
        signature("npp_ack", "Notice of privacy practices", "refused"),
        signature("treatment", "Agreement to get care", "declined"),
        signature("part2_tpo", "Permission to share", "declined"),
    ),
)
LIBRARY = replace(
    FINISHED,
    answer_sets=(
        answers("demographics", ABOUT),
        *(answers(slug, told) for slug, told in REST.items()),
        *(answers(slug, told, "sud") for slug, told in REST_SUD.items()),
    ),
    scores=(
        replace(
            score("c-ssrs-screener", "93373-9", None, None, "moderate"), level_loinc="93374-7", band_loinc="LA6751-7"
        ),
        score("pc-ptsd-5", "102010-6", "102017-1", 5, "positive"),
        score("audit-c", "72109-2", "75626-2", 12, "positive"),
    ),
)
