"""One JSON object of a form, read with care: what is absent is empty, what is malformed is reported with its path."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from intake.engine.definition import CANDOR, Words
from intake.engine.findings import Findings
from intake.engine.values import SUFFIXES, UnreadableValue, Value, read

CORE: Final = "http://hl7.org/fhir/StructureDefinition/"
SDC: Final = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
VARIABLE: Final = f"{CORE}variable"
CALCULATED: Final = f"{SDC}calculatedExpression"
ENABLE_WHEN: Final = f"{SDC}enableWhenExpression"
INITIAL: Final = f"{SDC}initialExpression"
_EVERYWHERE: Final = frozenset({"id", "extension", "modifierExtension", "fhir_comments"})
_EXPRESSIONS: Final = (
    VARIABLE,
    CALCULATED,
    ENABLE_WHEN,
    INITIAL,
    f"{CORE}cqf-expression",
    f"{CORE}cqf-calculatedValue",
    f"{CORE}questionnaire-constraint",
    *(
        f"{SDC}{name}"
        for name in (
            "answerExpression",
            "candidateExpression",
            "answerOptionsToggleExpression",
        )
    ),
    "http://hl7.org/fhir/StructureDefinition/targetConstraint",
)


@dataclass(frozen=True, slots=True)
class Element:
    raw: Mapping[str, Any]
    path: str
    findings: Findings

    def text(self, name: str) -> str:
        return self._member(name, str, "text") or ""

    def flag(self, name: str) -> bool:
        return self._member(name, bool, "true or false") or False

    def number(self, name: str) -> int | None:
        """A whole number; True is none, although Python would take it for 1."""
        raw = self._member(name, int, "a whole number")
        return raw if isinstance(raw, int) else None

    def object(self, name: str) -> "Element | None":
        raw = self._member(name, dict, "an object")
        return None if raw is None else Element(raw, f"{self.path}.{name}", self.findings)

    def objects(self, name: str) -> list["Element"]:
        found = []
        for place, raw in enumerate(self._member(name, list, "a list") or ()):
            path = f"{self.path}.{name}[{place}]"
            if isinstance(raw, Mapping):
                found.append(Element(raw, path, self.findings))
            else:
                self.findings.add("malformed", path, name=name, kind="a list of objects")
        return found

    def words(self, name: str) -> Words:
        """The text with its translations (FHIR's translation extension on the primitive's shadow element)."""
        shadow = self.object(f"_{name}")
        translations = [] if shadow is None else shadow.extensions(f"{CORE}translation")
        return Words(self.text(name), tuple(pair for pair in map(_translation, translations) if all(pair)))

    def typed(self, prefix: str) -> Value:
        """The one value[x] or answer[x]. Raises UnreadableValue where there is none, several or an impossible one."""
        names = [name for name in self.raw if name.startswith(prefix) and name.removeprefix(prefix) in SUFFIXES]
        if len(names) != 1:
            raise UnreadableValue("wrong-type")
        value = read(SUFFIXES[names[0].removeprefix(prefix)], self.raw[names[0]])
        if value is None:
            raise UnreadableValue("wrong-type")
        return value

    def extensions(self, url: str) -> list["Element"]:
        return [found for found in self.objects("extension") if found.raw.get("url") == url]

    def extension(self, url: str, types: Collection[str]) -> Value | None:
        """The value of the extension, if the element has it; one of another type is reported and not used."""
        given = self.extensions(url)
        if len(given) > 1:
            self.findings.add("extension-repeated", given[1].path, name=url)
        for found in given[:1]:
            try:
                value = found.typed("value")
            except UnreadableValue:
                value = None
            if value is not None and value.type in types:
                return value
            code = "expression-not-evaluated" if _is_computed(found) else "extension-value"
            self.findings.add(code, found.path, name=url, kind=" or ".join(sorted(types)))
        return None

    def says(self, url: str) -> bool:
        value = self.extension(url, {"boolean"})
        return value is not None and value.content is True

    def check(
        self, known: Collection[str], extensions: Collection[str] = (), expressions: Collection[str] = ()
    ) -> None:
        """Reports what nobody here would understand: unknown elements, modifier extensions, other expressions."""
        for name in self.raw:
            if name.removeprefix("_") not in known and name not in _EVERYWHERE:
                self.findings.add("unknown-property", self.path, name=name)
        self.refuse_modifiers()
        for found in self.objects("extension"):
            url = found.raw.get("url")
            if url in _EXPRESSIONS and url not in expressions:
                self.findings.add("expression-not-evaluated", found.path, name=url)
            elif isinstance(url, str) and url.startswith(CANDOR) and url.removeprefix(CANDOR) not in extensions:
                self.findings.add("extension-unknown", found.path, name=url)

    def refuse_modifiers(self) -> None:
        for found in self.objects("modifierExtension"):
            self.findings.add("modifier-extension", found.path, name=found.raw.get("url", ""))

    def has_extension(self, *urls: str) -> bool:
        return any(found.raw.get("url") in urls for found in self.objects("extension"))

    def _member(self, name: str, kind: type, described: str) -> Any:
        raw = self.raw.get(name)
        fits = isinstance(raw, kind) and (kind is bool or not isinstance(raw, bool))
        if name in self.raw and not fits:
            self.findings.add("malformed", f"{self.path}.{name}", name=name, kind=described)
        return raw if fits else None


def _translation(extension: Element) -> tuple[str, str]:
    parts = {str(part.raw.get("url")): part for part in extension.objects("extension")}
    lang, content = parts.get("lang"), parts.get("content")
    if lang is None or content is None:
        return "", ""
    return lang.text("valueCode"), content.text("valueString") or content.text("valueMarkdown")


def _is_computed(extension: Element) -> bool:
    """Whether the value is given by an expression on its shadow element (SDC's dynamic minValue and the like)."""
    return any(name.startswith("_value") for name in extension.raw)
