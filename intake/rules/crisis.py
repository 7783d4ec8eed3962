"""Whom a person in a crisis can reach, by country and clinic. A country is in the table when its lines were looked up.

Sources, read in 2026:
- US: https://988lifeline.org/get-help/what-to-expect (call: 1 veterans, 2 Spanish; text: AYUDA for Spanish, 838255 for
  veterans; chat on 988lifeline.org, in Spanish too). The "press 3" option ended on 17 July 2025 and is not named.
- CA: https://mentalhealthcommission.ca/catalyst/988-launches-in-canada/ (call or text 988 at any time, in English or
  French; 911 in an emergency). It offers no chat.

Of any other country nothing is claimed: its patients see the clinic's own lines and "your emergency number".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class CrisisLines:
    """What a country offers day and night; empty where it offers nothing or nothing was looked up.

    `names` by language. `call`, `text` and `emergency` are dialled as they are; `words` is a text line that only has
    words, no number. `*_key` is pressed during the call, `spanish_word` is sent as the text.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    call: str = ""
    text: str = ""
    words: str = ""
    chat: str = ""
    emergency: str = ""
    spanish_key: str = ""
    spanish_word: str = ""
    veterans_key: str = ""
    veterans_text: str = ""
    any_crisis: bool = False  # for any mental health crisis, not for thoughts of suicide alone

    def name(self, language: str) -> str:
        return self.names.get(language) or self.names.get("en", "")


COUNTRIES: Mapping[str, CrisisLines] = {
    "US": CrisisLines(
        names={"en": "988 Suicide & Crisis Lifeline", "es": "988 Línea de Prevención del Suicidio y Crisis"},
        call="988",
        text="988",
        chat="https://988lifeline.org/",
        emergency="911",
        spanish_key="2",
        spanish_word="AYUDA",
        veterans_key="1",
        veterans_text="838255",
        any_crisis=True,
    ),
    "CA": CrisisLines(names={"en": "9-8-8: Suicide Crisis Helpline"}, call="988", text="988", emergency="911"),
}


def crisis_lines(country: str, *, text: str = "", chat: str = "") -> CrisisLines:
    """The lines of an ISO 3166-1 country; a region's own text line and chat stand instead of the country's."""
    lines = COUNTRIES.get(country.strip().upper(), CrisisLines())
    if own := text.strip():
        number = "" if set(own) - set("+0123456789 ()-.") else "".join(char for char in own if char in "+0123456789")
        lines = replace(lines, text=number, words="" if number else own, spanish_word="")
    return replace(lines, chat=chat.strip()) if chat.strip() else lines


LINES = ("country", "crisis_phone", "crisis_text", "crisis_chat")  # what of a clinic decides which lines are shown


def without_a_line(clinics: Iterable[Mapping[str, str]]) -> list[str]:
    """Those clinics (their `name` and LINES) whose patients see nobody to call, text or chat, with their country."""
    return [f"{one['name']} ({one['country'] or 'no country'})" for one in clinics if not _is_any_line_shown(one)]


def _is_any_line_shown(clinic: Mapping[str, str]) -> bool:
    lines = crisis_lines(clinic["country"], text=clinic["crisis_text"], chat=clinic["crisis_chat"])
    return bool(clinic["crisis_phone"].strip() or lines.call or lines.text or lines.words or lines.chat)
