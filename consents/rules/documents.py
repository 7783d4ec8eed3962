"""What a document's file must look like before anyone may be asked to sign it. Pure.

A file is a few `name: value` lines between two `---` lines, then CommonMark with {{named_fields}} and element tags
such as ⟦2.31(a)(1)⟧, which say where a required element stands and are never shown.
"""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from consents.rules.elements import (
    CATEGORIES,
    COUNSELING_NOTES,
    DECISIONS,
    LEGAL,
    OPTIONAL_ELEMENTS,
    PART2_COUNSELING_NOTES,
    PART2_PROCEEDINGS,
    PART2_TPO,
    PURPOSES,
    REQUIRED_ELEMENTS,
    SHARING,
    TPO_PURPOSES,
    TPO_STATEMENTS,
    WORDS,
)

FOLDER = Path(__file__).resolve().parent.parent / "documents"

# Filled from the clinic, the program, the patient and the document itself; a `text` line adds its own.
FIELDS = frozenset(
    {
        "clinic_name", "clinic_contact", "privacy_contact", "program_legal_name", "patient_name", "effective_date",
        "version",
    }
)  # fmt: skip

TAG = re.compile(r"⟦([^⟧]*)⟧")
FIELD = re.compile(r"\{\{([^{}]*)\}\}")
LINE = re.compile(r"(?P<name>[a-z][a-z0-9_]*(?: [a-z][a-z0-9_]*){0,2}): (?P<value>\S.*)")
MONTHS = re.compile(r"after_(\d{1,2})_months")
VERSION = re.compile(r"\d{1,4}(\.\d{1,4}){0,3}")
SINGLE = frozenset(
    {
        "title", "kind", "version", "language", "effective", "review_note", "purposes", "categories", "expiry",
        "recipients",
    }
)  # fmt: skip
REQUIRED_LINES = ("title", "kind", "version", "language", "effective", "review_note")
# Raw HTML, links and images are refused; so are a blank, a box and an either-or that a template left to be filled.
# 42 CFR 2.13(c): the front desk, a page's title and its address show a document's title and slug.
TELLING = re.compile(r"substan|sustanc|drug|droga|alcohol|opioid|addict|adicci|part[e ]? ?2|\bsud\b", re.IGNORECASE)
BLANK, BLANK_FAULT = re.compile(r"_{3,}"), "it holds a blank to fill in"
REFUSED = {
    "HTML": re.compile(r"<"),
    "a link or an image": re.compile(r"\]\(|\]\[|\]:"),
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
    `purposes`, `categories` and `recipients` are the scope of a permission to share: coded, the recipients by name.
    `text` is the whole file.
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
    recipients: tuple[str, ...] = ()
    decisions: tuple[tuple[str, str], ...] = ()
    statements: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def is_template(self) -> bool:
        """It has blanks that only the clinic can fill in: shipped as a draft, never in force as it is."""
        return BLANK.search(self.text) is not None

    @property
    def expiry_kind(self) -> str:
        """As `consents.policy` names it: a number of months comes to a date."""
        return "date" if MONTHS.fullmatch(self.expiry) else self.expiry

    def expires_on(self, signed: date) -> date | None:
        """The last day of what is signed on that day, where `expiry` counts months."""
        match = MONTHS.fullmatch(self.expiry)
        if match is None:
            return None
        month = signed.month - 1 + int(match[1])
        year, month = signed.year + month // 12, month % 12 + 1
        return date(year, month, min(signed.day, monthrange(year, month)[1]))


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
        recipients=_codes(single.get("recipients", ""), ";"),
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


def _codes(value: str, between: str = ",") -> tuple[str, ...]:
    return tuple(code.strip() for code in value.split(between) if code.strip())


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
    if source.kind.startswith("part2_") and {*source.purposes} & TPO_PURPOSES:
        required = (*required, *(tag for tag in TPO_STATEMENTS if tag not in required))
    known = {*required, *OPTIONAL_ELEMENTS.get(source.kind, ())}
    return [
        *(f"required element {tag} is missing: it does not say {WORDS[tag]}" for tag in required if tag not in found),
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
        *([BLANK_FAULT] if source.is_template else []),
        *(f"this name tells what kind of care it is: {name}" for name in (source.title, source.slug) if tells(name)),
        *(f"it holds {what}" for what, pattern in REFUSED.items() if pattern.search(source.body)),
        *(f"a field or a tag stands outside the body: {text[:40]}" for text in plain if "{{" in text or "⟦" in text),
    ]


def tells(name: str) -> bool:
    """Whether a name says what kind of care it is about."""
    return TELLING.search(name) is not None


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
    if source.kind not in SHARING:
        has_scope = source.purposes or source.categories or source.recipients
        return ["only a permission to share has a scope"] if has_scope else []
    purposes, why = _purposes(source.kind)
    categories = {COUNSELING_NOTES} if source.kind == PART2_COUNSELING_NOTES else CATEGORIES
    return [
        *([] if source.purposes else ["no purpose"]),
        *(f"purpose {code} is not {why}" for code in sorted({*source.purposes} - purposes)),
        *([] if source.categories else ["no category of information"]),
        *(f"unknown category {code}" for code in sorted({*source.categories} - categories)),
        *_recipient_faults(source),
        *_expiry_faults(source),
    ]


def _purposes(kind: str) -> tuple[frozenset[str], str]:
    """A legal case stands alone (42 CFR 2.31(d)), and the single consent is for treatment, payment and operations."""
    if kind == PART2_TPO:
        return TPO_PURPOSES, "treatment, payment or operations"
    if kind == PART2_PROCEEDINGS:
        return frozenset({LEGAL}), "a legal case"
    return PURPOSES, f"one of {', '.join(sorted(PURPOSES))}"


def _recipient_faults(source: DocumentSource) -> list[str]:
    """The single consent names a class of recipients in its words; every other one names them."""
    if source.kind == PART2_TPO:
        return []
    unsaid = (name for name in source.recipients if name not in source.body)
    return [
        *([] if source.recipients else ["no recipient"]),
        *(f"recipient {name} is not named in the text" for name in unsaid),
    ]


def _expiry_faults(source: DocumentSource) -> list[str]:
    """42 CFR 2.31(a)(7): without an end only for treatment, payment and operations."""
    known = {"end_of_treatment", "event", *(["none"] if {*source.purposes} <= TPO_PURPOSES else [])}
    if source.expiry in known or MONTHS.fullmatch(source.expiry):
        return []
    return [f"expiry must be one of after_N_months, {', '.join(sorted(known))}"]


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
    scope = (source.expiry, source.purposes, source.categories, len(source.recipients))
    return (source.kind, source.effective, source.is_template, *scope, *ids)


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
    if found := [fault for fault in faults(source) if fault != BLANK_FAULT]:
        raise InvalidDocument(f"{name}: {found[0]}")
    if path.name != f"{source.version}.{source.language}.md":
        raise InvalidDocument(f"{name}: it says version {source.version}, language {source.language}")
    return source


def order(version: str) -> tuple[int, ...]:
    """Sorts versions as people do: 1.10 comes after 1.9."""
    return tuple(int(part) for part in version.split("."))


def with_lines(text: str, **changed: object) -> str:
    """The same file with other values on lines that it has: `version`, `effective`, `title`."""
    head, closing, body = text.partition("\n---\n")
    lines = [
        f"{name}: {changed[name]}" if (name := line.partition(":")[0]) in changed else line for line in head.split("\n")
    ]
    return "\n".join(lines) + closing + body


def written(
    *, kind: str, version: str, language: str, effective: date, review_note: str, title: str, lines: str, body: str
) -> str:
    """A document's file from its parts; `lines` are those that `own_lines` gives. What it holds is asked of `parse`."""
    known = {
        "title": title, "kind": kind, "version": version, "language": language, "effective": effective.isoformat(),
        "review_note": review_note,
    }  # fmt: skip
    head = [*(f"{name}: {' '.join(str(value).split())}" for name, value in known.items()), *lines.split("\n")]
    return "\n".join(["---", *(line.strip() for line in head if line.strip()), "---", body.strip(), ""])


def own_lines(text: str) -> str:
    """The lines at a file's head that say what is signed: buttons, statements, options, scope."""
    head = text.partition("\n---\n")[0].split("\n")[1:]
    return "\n".join(line for line in head if line.partition(":")[0] not in REQUIRED_LINES)


def readable(text: str) -> str:
    """What a person compares: the title, the lines and the words, without what is kept for the machine."""
    head, _, body = text.partition("\n---\n")
    title = next((line for line in head.split("\n") if line.startswith("title: ")), "")
    return "\n".join([title, own_lines(text), body])
