"""A form with every type of item that the engine supports, what somebody answers to it, and a packet that asks it."""

from typing import Any

import packets as given

from intake.models import FormRule, FormVersion
from intake.services import packets

SLUG = "every-type"
CODES, CANDOR = "http://example.org/c", "https://candor.health/fhir/StructureDefinition/"
CORE = "http://hl7.org/fhir/StructureDefinition/"
COLOURS = {"red": ("Red", "Rojo"), "green": ("Green", "Verde"), "blue": ("Blue", "Azul")}
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"


def spoken(spanish: str) -> dict[str, Any]:
    part = [{"url": "lang", "valueCode": "es"}, {"url": "content", "valueString": spanish}]
    return {"extension": [{"url": f"{CORE}translation", "extension": part}]}


def control(code: str) -> dict[str, Any]:
    coding = {"system": CONTROLS, "code": code}
    return {"url": f"{CORE}questionnaire-itemControl", "valueCodeableConcept": {"coding": [coding]}}


def limit(name: str, value: int) -> dict[str, Any]:
    return {"url": f"{CORE}{name}", "valueInteger": value}


def item(link_id: str, type_: str, english: str, spanish: str, *extensions: Any, **more: Any) -> dict[str, Any]:
    found = {"linkId": link_id, "type": type_, "text": english, "_text": spoken(spanish), **more}
    return {**found, "extension": list(extensions)} if extensions else found


def options(*names: str) -> list[dict[str, Any]]:
    found = []
    for name in names or tuple(COLOURS):
        english, spanish = COLOURS[name]
        coding = {"system": CODES, "code": name, "display": english, "_display": spoken(spanish)}
        found.append({"valueCoding": coding})
    return found


def why(english: str, spanish: str) -> dict[str, Any]:
    return {"url": f"{CANDOR}why-asked", "valueString": english, "_valueString": spoken(spanish)}


def group(link_id: str, english: str, spanish: str, *items: Any, **more: Any) -> dict[str, Any]:
    reason = why("We ask so that we can test every kind of question.", "Preguntamos para probar cada tipo.")
    return item(link_id, "group", english, spanish, reason, item=list(items), **more)


SENSITIVE = {"url": f"{CANDOR}sensitivity", "valueCode": "sensitive"}
UNITS = [
    {
        "url": f"{CORE}questionnaire-unitOption",
        "valueCoding": {"system": "http://unitsofmeasure.org", "code": code, "display": code},
    }
    for code in ("mg", "mL")
]
FORM: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "url": f"https://candor.health/fhir/Questionnaire/{SLUG}",
    "version": "1.0.0",
    "name": "EveryType",
    "title": "Every kind of question",
    "_title": spoken("Cada tipo de pregunta"),
    "language": "en",
    "status": "active",
    "item": [
        group(
            "basic", "Words and numbers", "Palabras y números",
            item("hello", "display", "Please answer as you like.", "Conteste como guste."),
            item("flag", "boolean", "Is it true?", "¿Es verdad?", required=True),
            item("name", "string", "A few words", "Unas palabras", required=True, maxLength=40),
            item("story", "text", "A longer text", "Un texto más largo"),
            item("count", "integer", "How many?", "¿Cuántos?", required=True),
            item("weight", "decimal", "What does it weigh?", "¿Cuánto pesa?"),
            item("fixed", "string", "Filled in by us", "Llenado por nosotros", readOnly=True,
                 initial=[{"valueString": "Nothing to do"}]),
        ),
        group(
            "times", "Dates and addresses", "Fechas y direcciones",
            item("day", "date", "Which day?", "¿Qué día?", required=True),
            item("moment", "dateTime", "Which moment?", "¿Qué momento?"),
            item("hour", "time", "What time?", "¿Qué hora?"),
            item("page", "url", "Which web page?", "¿Qué página web?"),
        ),
        group(
            "choices", "Choices", "Opciones",
            item("one", "choice", "Choose one", "Elija uno", required=True, answerOption=options()),
            item("some", "choice", "Choose some", "Elija algunos", control("check-box"), repeats=True,
                 answerOption=options()),
            item("list", "choice", "Choose from a list", "Elija de una lista", control("drop-down"),
                 answerOption=options()),
            item("slide", "integer", "How much, from 0 to 10?", "¿Cuánto, de 0 a 10?", control("slider"),
                 limit("minValue", 0), limit("maxValue", 10)),
            item("open", "open-choice", "Choose or type", "Elija o escriba", answerOption=options()),
            item("private", "choice", "Something private", "Algo privado", SENSITIVE, required=True,
                 answerOption=options()),
        ),
        group(
            "more", "Amounts and lists", "Cantidades y listas",
            item("dose", "quantity", "How much do you take?", "¿Cuánto toma?", *UNITS),
            item("words", "string", "Names, one in each box", "Nombres, uno en cada casilla", repeats=True),
            item("inner", "group", "Together", "Juntos", item=[item("inside", "string", "Inside", "Adentro")]),
            item("above", "boolean", "Is there more?", "¿Hay más?", item=[
                item("below", "string", "What more?", "¿Qué más?", required=True, enableWhen=[
                    {"question": "above", "operator": "=", "answerBoolean": True}])]),
            item("people", "group", "People", "Personas", repeats=True, required=True, item=[
                item("who", "string", "Who?", "¿Quién?", required=True),
                item("near", "boolean", "Near?", "¿Cerca?")]),
            item("card", "attachment", "A photo of a card", "Una foto de una tarjeta"),
        ),
        item("bye", "display", "Thank you.", "Gracias."),
    ],
}  # fmt: skip

# What is typed or chosen, in the order of the form, and what is stored for it.
ANSWERS: dict[str, str | list[str]] = {
    "flag": "true",
    "name": "Ana",
    "story": "Two\nlines",
    "count": "1,200",
    "weight": "62.5",
    "day": "3/15/1990",
    "moment": "07/04/2026 2:30 pm",
    "hour": "2 pm",
    "page": "https://example.org/",
    "one": "red",
    "some": ["red", "blue"],
    "list": "green",
    "slide": "7",
    "open": "Purple",
    "private!declined": "declined",
    "dose": "5 mg",
    "words": "Bo",
    "inside": "In",
    "above": "true",
    "below": "Deep",
    "people[0].who": "Eva",
    "people[0].near": "false",
}
STORED: dict[str, list[str]] = {
    **{key: [value] for key, value in ANSWERS.items() if isinstance(value, str) and "!" not in key},
    "count": ["1200"],
    "day": ["1990-03-15"],
    "moment": ["2026-07-04T14:30:00-04:00"],
    "hour": ["14:00:00"],
    "one": ["red"],
    "some": ["red", "blue"],
    "fixed": ["Nothing to do"],
    "dose": ["5 mg"],
}


def invited(world: Any, language: str = "en") -> packets.Invitation:
    """A packet of the three documents, signed, and this form. The documents must be published."""
    FormVersion.objects.get_or_create(
        slug=SLUG, version="1.0.0", clinic=None, defaults={"definition": FORM, "sha256": "0" * 64}
    )
    FormRule.objects.get_or_create(clinic=world.clinic, form=SLUG, defaults={"position": 1})
    invitation = packets.invite(
        patient=world.patient, program=world.program, site=world.site, language=language, invited_by=world.front_desk
    )
    for slug in given.DOCUMENTS:
        given.sign(invitation.packet, slug)
    return invitation


def stored(items: Any) -> dict[str, list[str]]:
    """Response items as text: key → what was said, an instance's number in the key, a declined question left out."""
    found: dict[str, list[str]] = {}
    _read(items, "", found)
    return found


def _read(items: Any, prefix: str, found: dict[str, list[str]]) -> None:
    seen: dict[str, int] = {}
    for one in items:
        link_id = one["linkId"]
        here = prefix
        if link_id == "people":
            here = f"people[{seen.setdefault(link_id, 0)}]."
            seen[link_id] += 1
        for answer in one.get("answer", []):
            [(_, value)] = [pair for pair in answer.items() if pair[0].startswith("value")]
            found.setdefault(prefix + link_id, []).append(_plain(value))
            _read(answer.get("item", []), here, found)
        _read(one.get("item", []), here, found)


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return str(value["code"]) if "value" not in value else f"{value['value']} {value['unit']}"
    return str(value)
