"""What was kept at a signing, in words for whoever holds the PDF; the stored code stands beside them."""

from collections.abc import Mapping
from typing import NamedTuple


class Line(NamedTuple):
    """`code`: what is stored, "" where the words are that themselves."""

    name: str
    words: str
    code: str = ""


# What the evidence page has words for by itself; anything else that was kept is a line of its own.
NAMED = frozenset({
    "identity_check", "ip", "user_agent", "respondent", "session", "shown_at", "seconds_on_page", "font_scale",
    "method", "screen", "mark",
})  # fmt: skip
NAMES = {
    "en": {
        "esign_signature": "number of the agreement to sign on a screen",
        "access_shown_by": "shown that PDFs open on this device by",
        "why_on_paper": "why on paper",
        "decided_on": "date on the paper",
        "entered_by": "number of whoever wrote it down",
        "entered_by_name": "name of whoever wrote it down",
        "paper_sha256": "SHA-256 of the paper's scan",
        "authority_paper_sha256": "SHA-256 of the proof of the right to sign",
        "answered_by": "who filled in the forms",
        "assisted_by": "number of the member of staff who helped",
        "handed_over": "the device was handed to somebody else to sign",
        "time_zone": "time zone of the clinic",
        "server_time": "time on our server when it was signed",
    },
    "es": {
        "esign_signature": "número del acuerdo de firmar en pantalla",
        "access_shown_by": "se comprobó que aquí se abren archivos PDF con",
        "why_on_paper": "por qué en papel",
        "decided_on": "fecha en el papel",
        "entered_by": "número de quien lo anotó",
        "entered_by_name": "nombre de quien lo anotó",
        "paper_sha256": "SHA-256 del papel escaneado",
        "authority_paper_sha256": "SHA-256 del comprobante del derecho a firmar",
        "answered_by": "quién llenó los formularios",
        "assisted_by": "número de la persona de la clínica que ayudó",
        "handed_over": "el dispositivo se dio a otra persona para que firmara",
        "time_zone": "zona horaria de la clínica",
        "server_time": "hora en nuestro servidor al firmar",
    },
}
WORDS = {
    "en": {
        ("answered_by", "patient"): "the patient",
        ("answered_by", "guardian"): "somebody who answers for the patient",
        ("handed_over", "True"): "yes",
        ("handed_over", "False"): "no",
        ("access_shown_by", "sample-pdf"): "the word in a sample PDF, typed by whoever signed",
        ("why_on_paper", "chosen"): "the patient chose paper",
        ("why_on_paper", "counter"): "it was signed at the front desk",
        ("why_on_paper", "no-screen"): "a screen could not be used",
    },
    "es": {
        ("answered_by", "patient"): "paciente",
        ("answered_by", "guardian"): "alguien que responde por el paciente",
        ("handed_over", "True"): "sí",
        ("handed_over", "False"): "no",
        ("access_shown_by", "sample-pdf"): "la palabra de un PDF de muestra, escrita por quien firmó",
        ("why_on_paper", "chosen"): "el paciente eligió papel",
        ("why_on_paper", "counter"): "se firmó en la recepción",
        ("why_on_paper", "no-screen"): "no se podía usar una pantalla",
    },
}
VALUES = {
    "en": {
        "clinic_name": "Name of the clinic",
        "clinic_contact": "How to reach the clinic",
        "privacy_contact": "Whom to ask about privacy",
        "program_legal_name": "Legal name of the program",
        "patient_name": "Patient’s name",
        "effective_date": "In effect since",
        "version": "Version",
    },
    "es": {
        "clinic_name": "Nombre de la clínica",
        "clinic_contact": "Cómo comunicarse con la clínica",
        "privacy_contact": "A quién preguntar sobre privacidad",
        "program_legal_name": "Nombre legal del programa",
        "patient_name": "Nombre del paciente",
        "effective_date": "En vigor desde",
        "version": "Versión",
    },
}
OTHER = {"en": "Words for this kind of program", "es": "Palabras para este tipo de programa"}


def kept(evidence: Mapping[str, object], language: str) -> list[Line]:
    """What has no line of its own on the page, in the order of the stored names."""
    known = language if language in NAMES else "en"
    lines = []
    for name, value in sorted(evidence.items()):
        if name in NAMED or value in (None, ""):
            continue
        said = str(value)
        words = WORDS[known].get((name, said))
        lines.append(Line(NAMES[known].get(name, name.replace("_", " ")), words or said, said if words else ""))
    return lines


def filled_in(values: Mapping[str, str], language: str) -> list[Line]:
    """What the text's fields said."""
    known = language if language in VALUES else "en"
    return [Line(VALUES[known].get(name, OTHER[known]), said, name) for name, said in values.items()]
