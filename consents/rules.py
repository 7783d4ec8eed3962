"""What a document's file must look like before anyone may be asked to sign it. Pure.

A file is a few `name: value` lines between two `---` lines, then CommonMark with {{named_fields}} and element tags
such as ⟦2.31(a)(1)⟧, which say where a required element stands and are never shown.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "documents"

# Filled from the clinic, the program, the patient and the document itself; a `text` line adds its own.
FIELDS = frozenset(
    {
        "clinic_name", "clinic_contact", "privacy_contact", "program_legal_name", "patient_name", "effective_date",
        "version",
    }
)  # fmt: skip

# The words of `consents.policy`, said once more because neither module knows the other; a test holds them equal.
NPP_ACK, TREATMENT, PART2_TPO = "npp_ack", "treatment", "part2_tpo"
TPO_PURPOSES = frozenset({"TREAT", "HPAYMT", "HOPERAT"})
CATEGORIES = frozenset(
    {
        "demographics", "substance_use", "results", "medications", "treatment_plan", "attendance", "billing",
        "intake_answers",
    }
)  # fmt: skip

# 42 CFR 2.31(a): a consent without one of them is void (2.31(c)(2)). (a)(4)(iii) and (a)(10) bind every consent for
# treatment, payment and operations. 45 CFR 164.520(c)(2)(ii): the acknowledgement of receipt.
REQUIRED_ELEMENTS: dict[str, tuple[str, ...]] = {
    NPP_ACK: ("164.520(c)(2)(ii)",),
    TREATMENT: (),
    PART2_TPO: (
        "2.31(a)(1)", "2.31(a)(2)", "2.31(a)(3)", "2.31(a)(4)(i)", "2.31(a)(4)(iii)", "2.31(a)(5)", "2.31(a)(6)",
        "2.31(a)(7)", "2.31(a)(8)", "2.31(a)(9)", "2.31(a)(10)(i)", "2.31(a)(10)(ii)",
    ),
}  # fmt: skip
# Only when an intermediary or fundraising is named (42 CFR 2.31(a)(4)(ii), (a)(5)(iii)).
OPTIONAL_ELEMENTS = {PART2_TPO: ("2.31(a)(4)(ii)", "2.31(a)(5)(iii)")}

# 45 CFR 164.520(c)(2)(ii) lets the acknowledgement be refused; there is nothing in a notice to decline.
DECISIONS = {
    NPP_ACK: frozenset({"signed", "refused"}),
    TREATMENT: frozenset({"signed", "declined"}),
    PART2_TPO: frozenset({"signed", "declined"}),
}
# "none" and "end of the treatment" are enough for treatment, payment and operations (42 CFR 2.31(a)(7)).
EXPIRY_KINDS = frozenset({"none", "end_of_treatment"})

TAG = re.compile(r"⟦([^⟧]*)⟧")
FIELD = re.compile(r"\{\{([^{}]*)\}\}")
LINE = re.compile(r"(?P<name>[a-z][a-z0-9_]*(?: [a-z][a-z0-9_]*){0,2}): (?P<value>\S.*)")
VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){0,3}")
SINGLE = frozenset(
    {"title", "kind", "version", "language", "effective", "review_note", "purposes", "categories", "expiry"}
)
REQUIRED_LINES = ("title", "kind", "version", "language", "effective", "review_note")
# Raw HTML, links and images are refused; so are a blank, a box and an either-or that a template left to be filled.
REFUSED = {
    "HTML": re.compile(r"<"),
    "a link or an image": re.compile(r"\]\(|\]\[|\]:"),
    "a blank to fill in": re.compile(r"_{3,}"),
    "an empty box": re.compile(r"\[ ?\]|\( ?\)"),
    "a choice left open": re.compile(r"CHOOSE|ELEGIR"),
}


class InvalidDocument(ValueError):
    """The file can't be read as a document; the text says why, in one line."""


@dataclass(frozen=True)
class DocumentSource:
    """One text in one language, as in its file.

    `decisions`: (decision, words of its button). `statements`: (id, text), each to be ticked before signing.
    `options`: (id, text), may be ticked. `texts`: field → (in a Part 2 program, elsewhere).
    `purposes` and `categories` are the coded scope of a Part 2 consent. `text` is the whole file.
    """

    slug: str
    kind: str
    version: str
    language: str
    title: str
    effective: date
    review_note: str
    body: str
    text: str
    expiry: str = ""
    purposes: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    decisions: tuple[tuple[str, str], ...] = ()
    statements: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def parse(text: str, *, slug: str) -> DocumentSource:
    """Read a document's file. Raises InvalidDocument; whether its content will do is asked with `faults`."""
    opening, _, rest = text.partition("---\n")
    head, closing, body = rest.partition("\n---\n")
    if opening or not closing:
        raise InvalidDocument("it must begin with lines between two --- lines")
    single, several = _lines(head)
    if single["kind"] not in REQUIRED_ELEMENTS:
        raise InvalidDocument(f"kind {single['kind']} is not one of {', '.join(REQUIRED_ELEMENTS)}")
    try:
        effective = date.fromisoformat(single["effective"])
    except ValueError as error:
        raise InvalidDocument(f"effective date: {error}") from error
    return DocumentSource(
        slug=slug,
        kind=single["kind"],
        version=single["version"],
        language=single["language"],
        title=single["title"],
        effective=effective,
        review_note=single["review_note"],
        body=body.strip(),
        text=text,
        expiry=single.get("expiry", ""),
        purposes=_codes(single.get("purposes", "")),
        categories=_codes(single.get("categories", "")),
        decisions=several["decision"],
        statements=several["statement"],
        options=several["option"],
        texts=_texts(several["text"]),
    )


def _lines(head: str) -> tuple[dict[str, str], dict[str, tuple[tuple[str, str], ...]]]:
    single: dict[str, str] = {}
    several: dict[str, tuple[tuple[str, str], ...]] = {"decision": (), "statement": (), "option": (), "text": ()}
    for line in head.splitlines():
        match = LINE.fullmatch(line)
        if match is None:
            raise InvalidDocument(f"this line is not `name: value`: {line[:60]}")
        name, _, rest = match["name"].partition(" ")
        if rest and name in several:
            several[name] += ((rest, match["value"].strip()),)
        elif not rest and name in SINGLE and name not in single:
            single[name] = match["value"].strip()
        else:
            raise InvalidDocument(f"unknown or repeated name: {match['name']}")
    if absent := [name for name in REQUIRED_LINES if name not in single]:
        raise InvalidDocument(f"missing: {', '.join(absent)}")
    return single, several


def _codes(value: str) -> tuple[str, ...]:
    return tuple(code.strip() for code in value.split(",") if code.strip())


def _texts(lines: tuple[tuple[str, str], ...]) -> dict[str, tuple[str, str]]:
    """`text NAME part2: …` and `text NAME other: …` come in pairs."""
    given = dict(lines)
    names = {key.partition(" ")[0] for key in given}
    try:
        texts = {name: (given[f"{name} part2"], given[f"{name} other"]) for name in names}
    except KeyError as error:
        raise InvalidDocument(f"a text line is missing: {error.args[0]}") from error
    if len(given) != 2 * len(names):
        raise InvalidDocument("a text line is `text NAME part2:` or `text NAME other:`")
    return texts


def faults(source: DocumentSource) -> tuple[str, ...]:
    """Why this text may not be published, one line each; empty when it may."""
    return (*_element_faults(source), *_wording_faults(source), *_decision_faults(source), *_scope_faults(source))


def _element_faults(source: DocumentSource) -> list[str]:
    found = TAG.findall(source.body)
    required = REQUIRED_ELEMENTS[source.kind]
    known = {*required, *OPTIONAL_ELEMENTS.get(source.kind, ())}
    return [
        *(f"required element {tag} is missing" for tag in required if tag not in found),
        *(f"unknown element tag {tag}" for tag in found if tag not in known),
    ]


def _wording_faults(source: DocumentSource) -> list[str]:
    named = FIELD.findall(source.body)
    told = (text for _, text in (*source.statements, *source.options, *source.decisions))
    plain = [source.title, *told, *(text for pair in source.texts.values() for text in pair)]
    return [
        *([] if VERSION.fullmatch(source.version) else [f"version {source.version} is not like 1.0"]),
        *(f"unknown field {name}" for name in named if name not in FIELDS and name not in source.texts),
        # Without its version two editions could look alike, and a hash of what was shown would not tell them apart.
        *(f"field {name} is never used" for name in ("version", *source.texts) if name not in named),
        *(f"it holds {what}" for what, pattern in REFUSED.items() if pattern.search(source.body)),
        *(f"a field or a tag stands outside the body: {text[:40]}" for text in plain if "{{" in text or "⟦" in text),
    ]


def _decision_faults(source: DocumentSource) -> list[str]:
    offered = [decision for decision, _ in source.decisions]
    ids = [name for name, _ in (*source.statements, *source.options)]
    return [
        *([] if "signed" in offered else ["there is no button to sign it"]),
        *(f"it can't be {decision}" for decision in offered if decision not in DECISIONS[source.kind]),
        *([] if source.statements else ["there is no statement to tick"]),
        *([] if len({*ids}) == len(ids) and len({*offered}) == len(offered) else ["an id is used twice"]),
    ]


def _scope_faults(source: DocumentSource) -> list[str]:
    if source.kind != PART2_TPO:
        return ["only a permission to share has a scope"] if source.purposes or source.categories else []
    return [
        *([] if source.purposes else ["no purpose"]),
        *(f"purpose {code} is not treatment, payment or operations" for code in {*source.purposes} - TPO_PURPOSES),
        *([] if source.categories else ["no category of information"]),
        *(f"unknown category {code}" for code in sorted({*source.categories} - CATEGORIES)),
        *([] if source.expiry in EXPIRY_KINDS else [f"expiry must be one of {', '.join(sorted(EXPIRY_KINDS))}"]),
    ]


def set_faults(sources: tuple[DocumentSource, ...], languages: tuple[str, ...]) -> tuple[str, ...]:
    """Faults between files: every version of a document speaks every language and keeps one scope in all of them."""
    versions: dict[tuple[str, str], list[DocumentSource]] = {}
    for source in sources:
        versions.setdefault((source.slug, source.version), []).append(source)
    found = []
    for (slug, version), group in versions.items():
        absent = [language for language in languages if language not in {one.language for one in group}]
        found += [f"{slug} {version}: there is no text in {language}" for language in absent]
        if len({_meaning(one) for one in group}) > 1:
            found.append(f"{slug} {version}: kind, date, scope, statements or decisions differ between languages")
    return tuple(found)


def _meaning(source: DocumentSource) -> tuple[object, ...]:
    """What must not depend on the language."""
    ids = [tuple(name for name, _ in pairs) for pairs in (source.decisions, source.statements, source.options)]
    return (source.kind, source.effective, source.expiry, source.purposes, source.categories, *ids)


def document_files(languages: tuple[str, ...], folder: Path = FOLDER) -> tuple[DocumentSource, ...]:
    """Read `<slug>/<version>.<language>.md`, oldest version first. Raises InvalidDocument naming the file."""
    sources = tuple(_document(path) for path in sorted(folder.glob("*/*.md")))
    if found := set_faults(sources, languages):
        raise InvalidDocument(found[0])
    return tuple(sorted(sources, key=lambda one: (one.slug, order(one.version), one.language)))


def _document(path: Path) -> DocumentSource:
    name = f"{path.parent.name}/{path.name}"
    try:
        source = parse(path.read_text(encoding="utf-8"), slug=path.parent.name)
    except (InvalidDocument, OSError, UnicodeDecodeError) as error:
        raise InvalidDocument(f"{name}: {error}") from error
    if found := faults(source):
        raise InvalidDocument(f"{name}: {found[0]}")
    if path.name != f"{source.version}.{source.language}.md":
        raise InvalidDocument(f"{name}: it says version {source.version}, language {source.language}")
    return source


def order(version: str) -> tuple[int, ...]:
    """Sorts versions as people do: 1.10 comes after 1.9."""
    return tuple(int(part) for part in version.split("."))
