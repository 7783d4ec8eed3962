"""Says what is wrong with a form before a patient meets it.

Faults that change or break a form's meaning are errors in any form. Rules of portability (how other engines would read
it) and translations are warnings for a foreign form and errors in our own library; our own library is also held to
what Candor promises about substance-use and risk items.
"""

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from intake.engine.condition_rules import check_conditions
from intake.engine.definition import Compiler, Definition, Item
from intake.engine.findings import DefinitionError, Findings, Lint
from intake.engine.parsing import read_form
from intake.engine.values import Coding

_LOINC: Final = "http://loinc.org"
# The screens whose answers 42 CFR Part 2 protects: DAST (panel, totals), AUDIT-C and AUDIT (panels, totals, items).
_SUBSTANCE_USE_CODES = """
    82666-9 82667-7 82665-1 72109-2 75626-2 72110-0 75624-7 68518-0 68519-8 68520-6
    97734-8 97735-5 97736-3 97737-1 97738-9 97739-7 97740-5
"""
_SUBSTANCE_USE: Final = frozenset(_SUBSTANCE_USE_CODES.split())
# Questions about suicide whose answers page a human: PHQ-9 item 9; C-SSRS screener 1 to 6 (6: ever, last three months).
# NLM's copy of the PHQ-9 leaves its item 9 optional.
_RISK_CODES: Final = frozenset(["44260-8", "93246-7", "93247-5", "93248-3", "93249-1", "93250-9", "93267-3", "93269-9"])
_OWN_SUBSTANCE_USE: Final = "https://candor.health/fhir/CodeSystem/substance-use"
_FIELD_NAME: Final = re.compile(r"[a-z0-9-]+")


def parse(resource: Mapping[str, Any], compiler: Compiler | None = None) -> Definition:
    """The form, for use. Raises DefinitionError with every finding if any of them is an error.

    A form with expressions needs the compiler: without them it would ask and say other things.
    """
    findings = Findings()
    form = read_form(resource, findings, compiler)
    if form is not None:
        check_conditions(form, findings)
        for item in form.all_items:
            _check_item(form, item, findings)
    is_partial = form is not None and form.is_partial
    errors = tuple(finding for finding in findings.all() if finding.severity == "error" or is_partial)
    if form is None or errors:
        raise DefinitionError(errors)
    return form


def lint(
    resource: Any,
    *,
    ours: bool = False,
    languages: Sequence[str] = ("es",),
    wordings: Mapping[str, str] | None = None,
    answers: Mapping[str, Mapping[str, str]] | None = None,
    mapped: Collection[str] = (),
    compiler: Compiler | None = None,
) -> tuple[Lint, ...]:
    """All findings about a form, in reading order of its rules. Takes any JSON and never raises.

    languages: those that every text must be translated to (none for an instrument that has no official translation).
    wordings: {linkId: wording_hash} of published instruments; "linkId@es" for a translation.
    answers: {linkId: {code: text}} of published instruments.
    mapped: linkIds that are filed to the chart by their code, so need one.
    """
    findings = Findings(ours=ours)
    form = read_form(resource, findings, compiler)
    if form is not None:
        check_conditions(form, findings)
        for item in form.all_items:
            _check_item(form, item, findings)
            if item.link_id in mapped and not item.codes:
                findings.add("code-missing", item.path, name=item.link_id)
        for language in languages:
            _check_translations(form, language, findings)
        _check_wordings(form, wordings or {}, answers or {}, findings)
        if ours:
            _check_library(form, findings)
    return findings.all()


def wording_hash(item: Item, language: str = "") -> str:
    """SHA-256 (hex) of the text that the patient reads, UTF-8."""
    return hashlib.sha256(item.text_in(language).encode("utf-8", "surrogatepass")).hexdigest()


def _check_wordings(
    form: Definition, wordings: Mapping[str, str], answers: Mapping[str, Mapping[str, str]], findings: Findings
) -> None:
    for name, published in wordings.items():
        link_id, _, language = name.partition("@")
        found = form.find(link_id)
        is_there = found is not None and (not language or found.words.speaks(language))
        if found is not None and is_there and wording_hash(found, language) != published:
            findings.add("wording-differs", found.path, name=name)
    for link_id, codes in answers.items():
        found = form.find(link_id)
        if found is not None and _offered(found) != dict(codes):
            findings.add("wording-differs", found.path, name=link_id)


def _offered(item: Item) -> dict[str, str]:
    meanings = ((option.meaning.content, option.label) for option in item.options)
    return {meaning.code: label for meaning, label in meanings if isinstance(meaning, Coding)}


def _check_item(form: Definition, item: Item, findings: Findings) -> None:
    if item.required and item.hidden and item.is_question and not (item.initial or item.calculated):
        findings.add("required-hidden", item.path)
    if item.required and _hangs_on_an_optional_answer(form, item):
        findings.add("required-under-optional", item.path)
    if any(option.exclusive for option in item.options) and not item.repeats:
        findings.add("exclusive-not-repeating", item.path)
    if item.is_extracted and not item.codes:
        findings.add("code-missing", item.path, name=item.link_id)
    if item.risk or any(option.risk for option in item.options) or _has_code(item, _RISK_CODES):
        _check_risk(item, findings)


def _hangs_on_an_optional_answer(form: Definition, item: Item) -> bool:
    """Whether this is asked even of someone who left the question above it, because no condition stands between."""
    below = item
    for above in form.ancestors(item):
        if below.enable_when or below.enable_expression:
            return False
        if above.is_question:
            return not above.required or above.is_sensitive
        below = above
    return False


def _check_translations(form: Definition, language: str, findings: Findings) -> None:
    if form.language.lower().split("-")[0] == language:
        return
    if not form.words.speaks(language):
        findings.add("translation-missing", "Questionnaire.title", name=language)
    for item in form.all_items:
        words = [item.words, item.why_asked, item.pattern_words, *item.unit_words]
        words += [option.words for option in item.options if option.meaning.type in ("Coding", "string")]
        if not all(text.speaks(language) for text in words):
            findings.add("translation-missing", item.path, name=language)


def _check_library(form: Definition, findings: Findings) -> None:
    for item in form.all_items:
        if item.link_id and not _FIELD_NAME.fullmatch(item.link_id):
            findings.add("link-id-charset", item.path, name=item.link_id)
        section = form.section(item)
        is_protected = section.type == "group" and section.sensitivity == "sud"
        if _is_substance_use(item) and not is_protected:
            findings.add("sud-outside-section", item.path)


def _is_substance_use(item: Item) -> bool:
    is_own = any(code.system == _OWN_SUBSTANCE_USE for code in item.codes)
    return item.sensitivity == "sud" or is_own or _has_code(item, _SUBSTANCE_USE)


def _has_code(item: Item, loinc: Collection[str]) -> bool:
    return any(code.system == _LOINC and code.code in loinc for code in item.codes)


def _check_risk(item: Item, findings: Findings) -> None:
    if not item.is_question:
        findings.add("risk-no-question", item.path)
    if item.hidden or item.read_only:
        findings.add("risk-hidden", item.path)
    if not item.required:
        findings.add("risk-optional", item.path)
