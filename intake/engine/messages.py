"""What the engine says to people about an answer, in English and Spanish. Plain, and never blaming.

No message repeats what was answered. The Spanish is a draft for a qualified translator.
"""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "es")

_MESSAGES: Final[Mapping[str, tuple[str, str]]] = {
    # An answer that can't be one
    "wrong-type": ("This answer doesn't fit the question.", "Esta respuesta no corresponde a la pregunta."),
    "malformed": ("We couldn't read this answer.", "No pudimos leer esta respuesta."),
    "impossible-date": (
        "We couldn't read that date. Write the month first, then the day: 03/15/1990.",
        "No pudimos leer esa fecha. Escriba primero el mes y luego el día: 03/15/1990.",
    ),
    "impossible-time": ("We couldn't read that time. Try 2:30 PM.", "No pudimos leer esa hora. Pruebe con 2:30 PM."),
    "not-a-number": (
        "We couldn't read that number. Please write it in digits, not in words.",
        "No pudimos leer ese número. Escríbalo en cifras, no en palabras.",
    ),
    "whole-number": ("Please give a whole number, without a point.", "Escriba un número entero, sin decimales."),
    "unit-missing": ("Please choose a unit.", "Elija una unidad."),
    "unit-differs": (
        "You typed one unit and chose another. Please check which one is right.",
        "Escribió una unidad y eligió otra. Revise cuál es la correcta.",
    ),
    "not-a-link": ("We couldn't read that web address.", "No pudimos leer esa dirección web."),
    "bad-characters": (
        "Some characters can't be saved. Please type them again.",
        "Algunos caracteres no se pueden guardar. Escríbalos de nuevo.",
    ),
    # An answer outside the limits
    "too-long": ("This is too long. Please shorten it.", "Es demasiado largo. Escriba menos."),
    "too-short": ("Please write a little more.", "Escriba un poco más."),
    "date-too-short": ("Please give the whole date, such as 03/15/1990.", "Escriba la fecha completa: 03/15/1990."),
    "pattern": ("This doesn't look right. Please check it.", "Esto no parece correcto. Revíselo."),
    "too-small": ("This must be {limit} or more.", "Debe ser {limit} o más."),
    "too-large": ("This must be {limit} or less.", "Debe ser {limit} o menos."),
    "too-many-decimals": ("Please use fewer digits after the point.", "Use menos cifras después del punto."),
    "unit-not-allowed": ("Please choose one of the units listed.", "Elija una de las unidades de la lista."),
    "not-an-option": ("Please choose one of the answers listed.", "Elija una de las respuestas de la lista."),
    "option-exclusive": (
        "One of these answers can't be combined with another.",
        "Una de estas respuestas no se puede combinar con otra.",
    ),
    "too-many-answers": ("Please give one answer only.", "Dé una sola respuesta."),
    "too-many": ("Please give at most {limit}.", "Dé como máximo {limit}."),
    # An amount so unusual that it is asked about once more
    "amount-sure": ("You typed {amount}. Is that right?", "Usted escribió {amount}. ¿Es correcto?"),
    "amount-sure-why": (
        "One digit too many is easy to type. If it is not right, please change it above.",
        "Es fácil escribir una cifra de más. Si no es correcto, cámbielo arriba.",
    ),
    # A response that doesn't fit the form
    "unknown-question": ("This question is not part of the form.", "Esta pregunta no es parte del formulario."),
    "misplaced": (
        "This question is in another place of the form.",
        "Esta pregunta está en otra parte del formulario.",
    ),
    "answer-not-allowed": ("Nothing can be answered here.", "Aquí no se responde nada."),
    "too-many-instances": ("This part can be given only once.", "Esta parte solo se puede dar una vez."),
    "split-answers": ("All answers belong in one item.", "Todas las respuestas van en un solo elemento."),
    "nested-beside-answer": (
        "Questions below an answer belong inside it (qrs-1).",
        "Las preguntas debajo de una respuesta van dentro de ella (qrs-1).",
    ),
    "condition-broken": (
        "This question's condition can't be evaluated. Mend the form.",
        "La condición de esta pregunta no se puede evaluar. Corrija el formulario.",
    ),
    "condition-failed": (
        "This question's condition gives neither true nor false. Mend the form.",
        "La condición de esta pregunta no da verdadero ni falso. Corrija el formulario.",
    ),
    "condition-circular": (
        "This question's condition depends on itself. Mend the form.",
        "La condición de esta pregunta depende de sí misma. Corrija el formulario.",
    ),
    "calculation-failed": (
        "This value can't be calculated. Mend the form.",
        "Este valor no se puede calcular. Corrija el formulario.",
    ),
    "calculation-circular": (
        "This value depends on itself. Mend the form.",
        "Este valor depende de sí mismo. Corrija el formulario.",
    ),
    # What a patient's page posted
    "unknown-field": ("This question is no longer here.", "Esta pregunta ya no está aquí."),
    "read-only": ("This answer can't be changed here.", "Esta respuesta no se puede cambiar aquí."),
    "cannot-decline": ("This question needs an answer.", "Esta pregunta necesita una respuesta."),
    "declined-and-answered": (
        "You gave an answer and also chose not to answer. We kept your answer.",
        "Usted respondió y también eligió no responder. Guardamos su respuesta.",
    ),
}


def say(code: str, language: str, **words: object) -> str:
    """The message in that language, English where it has none."""
    english, spanish = _MESSAGES[code]
    return (spanish if language.lower().split("-")[0] == "es" else english).format_map(words)
