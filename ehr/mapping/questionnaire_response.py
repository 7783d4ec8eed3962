"""One QuestionnaireResponse per form: every answer, with the words of its question, as the patient gave it."""

from collections.abc import Iterator, Mapping
from typing import Any

from ehr.mapping import forms
from ehr.mapping.answers import Items, bare, walk
from ehr.mapping.codes import hl7
from ehr.mapping.drafts import (
    DEMOGRAPHICS,
    INTAKE_ANSWERS,
    MEDICATIONS,
    PATIENT,
    SUBSTANCE_USE,
    Context,
    Draft,
    instant,
    key,
    reference,
)
from ehr.mapping.source import AnswerSet

DECLINED = "https://candor.health/fhir/StructureDefinition/declined-to-answer"
ASKED_DECLINED = {
    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
    "valueCode": "asked-declined",
}
_CATEGORIES = {
    forms.DEMOGRAPHICS: DEMOGRAPHICS,
    forms.INSURANCE: DEMOGRAPHICS,
    forms.MEDICATIONS: MEDICATIONS,
}


_RESPONDENT = "respondent"
_RELATIONSHIPS = {
    "parent": ("PRN", "parent"),
    "guardian": ("GUARD", "guardian"),
    "proxy": ("HPOWATT", "healthcare power of attorney"),
}


def form_key(slug: str) -> str:
    return key("form", slug)


def categories(answers: AnswerSet) -> tuple[str, ...]:
    """The Part 2 information categories that a form's answers fall in."""
    kind = _CATEGORIES.get(answers.slug, INTAKE_ANSWERS)
    return (kind, SUBSTANCE_USE) if answers.sensitivity == "sud" else (kind,)


def draft_response(answers: AnswerSet, context: Context) -> Draft:
    texts = {item["linkId"]: item.get("text", "") for item in walk(answers.definition.get("item", ()))}
    resource = {
        "resourceType": "QuestionnaireResponse",
        "contained": respondents(answers),
        "questionnaire": f"{answers.url}|{answers.version}",
        "status": "completed",
        "subject": reference(PATIENT),
        "authored": instant(answers.authored),
        "author": author(answers),
        "source": _source(answers),
        "item": list(_items(answers.items, texts)),
    }
    return context.draft(
        form_key(answers.slug),
        f"{answers.title}: all answers",
        resource,
        sensitivity=answers.sensitivity,
        categories=categories(answers),
        profile="us-core-questionnaireresponse",
    )


def respondents(answers: AnswerSet) -> list[dict[str, Any]]:
    """Whoever answered for the patient, inside the resource: the chart need not have them on file."""
    if answers.respondent is None:
        return []
    code, display = _RELATIONSHIPS[answers.respondent.relationship]
    return [
        {
            "resourceType": "RelatedPerson",
            "id": _RESPONDENT,
            "patient": reference(PATIENT),
            "relationship": [hl7("v3-RoleCode", code, display)],
            "name": [{"text": answers.respondent.name}],
        }
    ]


def _source(answers: AnswerSet) -> dict[str, str]:
    """Who gave the answers (QuestionnaireResponse.source): the patient, or the one who answered for them."""
    return {"reference": f"#{_RESPONDENT}"} if answers.respondent else reference(PATIENT)


def author(answers: AnswerSet) -> dict[str, str]:
    """Who wrote them down: a member of staff who helped, by name only, else whoever answered."""
    return {"display": answers.helper} if answers.helper else _source(answers)


def _items(items: Items, texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Items that say something: an answer, something below, or why there is none (an extension, such as declined)."""
    for item in items:
        kept: dict[str, Any] = {"linkId": item["linkId"], "text": texts.get(item["linkId"]) or item.get("text", "")}
        said = {
            "extension": [_why_unanswered(extension) for extension in item.get("extension", ())],
            "answer": [_answer(answer, texts) for answer in item.get("answer", ())],
            "item": list(_items(item.get("item", ()), texts)),
        }
        if any(said.values()):
            yield {**kept, **said}


def _why_unanswered(extension: Mapping[str, Any]) -> Mapping[str, Any]:
    """Our forms' mark of a question declined, in the words that charts know."""
    return ASKED_DECLINED if extension.get("url") == DECLINED else extension


def _answer(answer: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    found = {name: bare(value) if name == "valueCoding" else value for name, value in answer.items() if name != "item"}
    return {**found, "item": list(_items(answer.get("item", ()), texts))}
