"""A document's file: what it must hold before it may be published, in every language."""

import hashlib
from dataclasses import replace
from datetime import date

import pytest

from consents import rules
from consents.policy import TPO_PURPOSES, Category, Kind
from consents.rendering import html_of
from consents.rules import (
    OPTIONAL_ELEMENTS,
    REQUIRED_ELEMENTS,
    WORDS,
    InvalidDocument,
    document_files,
    faults,
    order,
    own_lines,
    parse,
    set_faults,
    with_lines,
    written,
)

LANGUAGES = ("en", "es")
SHIPPED = document_files(LANGUAGES)
TEMPLATES = [one for one in SHIPPED if one.is_template]
NOTICE = next(one for one in SHIPPED if one.slug == "privacy-notice")
RELEASE = next(one for one in TEMPLATES if one.slug == "release")
SHARING = [one for one in SHIPPED if one.kind == Kind.PART2_TPO]


def filled_in(source):
    return parse(source.text.replace("______", "Dr. Ana Ruiz"), slug=source.slug)


def named(source):
    return f"{source.slug}-{source.language}"


KINDS = {
    "ai-tools": "ai_use", "esign": "esign", "messages": "comms", "privacy-notice": "npp_ack",
    "records-notice": "part2_notice", "release": "part2_specific", "share-permission": "part2_tpo",
    "treatment": "treatment", "video-visits": "telehealth",
}  # fmt: skip


def test_nine_documents_ship_in_two_languages():
    assert {(one.slug, one.kind, one.language) for one in SHIPPED} == {
        (slug, kind, language) for slug, kind in KINDS.items() for language in LANGUAGES
    }
    assert {one.slug for one in TEMPLATES} == {"ai-tools", "release"}


def test_what_was_published_before_is_as_it_was():
    """SHA-256 of the files whose text clinics already signed."""
    before = {
        "privacy-notice/1.0.en": "df1e4a470dd5fbf3",
        "privacy-notice/1.0.es": "6ee52811ad1db6fa",
        "share-permission/1.0.en": "f1fc0333ae0bdce5",
        "share-permission/1.0.es": "696cd7d8a20dcf7a",
        "treatment/1.0.en": "2d90f03453baa67d",
        "treatment/1.0.es": "bc0f3656a0f652e6",
    }
    found = {
        f"{one.slug}/{one.version}.{one.language}": hashlib.sha256(one.text.encode()).hexdigest()[:16]
        for one in SHIPPED
    }
    assert before.items() <= found.items()


@pytest.mark.parametrize("source", SHIPPED, ids=named)
def test_a_shipped_text_may_be_published_once_its_blanks_are_filled_and_says_who_has_to_review_it(source):
    assert faults(filled_in(source)) == ()
    assert faults(source) == (("it holds a blank to fill in",) if source.is_template else ())
    assert ("counsel" if source.language == "en" else "traductor") in source.review_note


@pytest.mark.parametrize("source", SHIPPED, ids=named)
def test_no_tag_box_blank_or_open_choice_is_left_for_a_patient_to_see(source):
    page = html_of(filled_in(source).body)
    for left in ("⟦", "⟧", "[ ]", "( )", "____", "CHOOSE", "ELEGIR", "{{if", "<script"):
        assert left not in page


@pytest.mark.parametrize("source", SHIPPED, ids=named)
def test_the_slug_and_the_title_tell_nothing_about_the_kind_of_care(source):
    """42 CFR 2.13(c): both travel in URLs and page titles."""
    for word in ("substance", "sustancia", "part2", "part 2", "drug", "alcohol"):
        assert word not in f"{source.slug} {source.title}".lower()


@pytest.mark.parametrize(
    "name", ["Substance use records", "Permiso sobre sustancias", "Part 2 consent", "Parte 2", "release-sud", "part2"]
)
def test_a_name_that_tells_the_kind_of_care_is_refused(name):
    told = f"this name tells what kind of care it is: {name}"
    assert faults(replace(NOTICE, title=name)) == faults(replace(NOTICE, slug=name)) == (told,)
    assert faults(replace(NOTICE, title="Parts of your care, with sudden changes")) == ()


@pytest.mark.parametrize("kind", Kind)
def test_no_kinds_everyday_name_tells_the_front_desk_about_the_kind_of_care(kind):
    """42 CFR 2.13(c): the desk's list shows these names."""
    for word in ("substance", "part 2", "part2", "drug", "alcohol", "addiction", "sud"):
        assert word not in kind.label.lower()


@pytest.mark.parametrize("source", [one for one in SHIPPED if one.slug == "treatment"], ids=named)
def test_the_crisis_lines_are_in_the_agreement_to_care(source):
    assert "988" in source.body
    assert "911" in source.body


@pytest.mark.parametrize("element", REQUIRED_ELEMENTS[Kind.PART2_TPO])
@pytest.mark.parametrize("source", SHARING, ids=named)
def test_a_permission_to_share_without_one_element_may_not_be_published(source, element):
    """42 CFR 2.31(a)(1) to (10), (4)(iii) and (10)(i)(ii) with them."""
    lacking = replace(source, body=source.body.replace(f"⟦{element}⟧", ""))
    assert faults(lacking) == (f"required element {element} is missing: it does not say {WORDS[element]}",)


@pytest.mark.parametrize("source", [one for one in SHIPPED if one.language == "en"], ids=named)
def test_each_element_of_each_kind_is_asked_for_in_words(source):
    """Citations: see consents/rules/elements.py."""
    for element in REQUIRED_ELEMENTS[source.kind]:
        (fault, *others) = faults(replace(filled_in(source), body=filled_in(source).body.replace(f"⟦{element}⟧", "")))
        assert fault == f"required element {element} is missing: it does not say {WORDS[element]}"
        assert not others


def test_every_element_has_its_words():
    optional = [one for elements in OPTIONAL_ELEMENTS.values() for one in elements]
    assert {*WORDS} == {*optional} | {one for elements in REQUIRED_ELEMENTS.values() for one in elements}


def test_all_ten_elements_of_the_regulation_are_required():
    numbers = {element.removeprefix("2.31(a)(").partition(")")[0] for element in REQUIRED_ELEMENTS[Kind.PART2_TPO]}
    assert numbers == {str(number) for number in range(1, 11)}


def test_an_acknowledgement_without_its_statement_of_receipt_may_not_be_published():
    assert faults(replace(NOTICE, body=NOTICE.body.replace("⟦164.520(c)(2)(ii)⟧", ""))) == (
        "required element 164.520(c)(2)(ii) is missing: it does not say that the patient was given the notice",
    )


@pytest.mark.parametrize(
    ("added", "fault"),
    [
        ("⟦2.31(a)(11)⟧", "unknown element tag 2.31(a)(11)"),
        ("{{patient_nmae}}", "unknown field patient_nmae"),
        ("{{CHOOSE ONE, counsel approves}}", "unknown field CHOOSE ONE, counsel approves"),
        ("<b>bold</b>", "it holds HTML"),
        ("[here](https://example.test)", "it holds a link or an image"),
        ("![x](file:///etc/passwd)", "it holds a link or an image"),
        ("[here]: https://example.test", "it holds a link or an image"),
        ("until ____", "it holds a blank to fill in"),
        ("[ ] Other", "it holds an empty box"),
        ("( ) not now", "it holds an empty box"),
    ],
)
def test_wording_that_is_not_plain_text_is_refused(added, fault):
    source = SHARING[0]
    assert fault in faults(replace(source, body=f"{source.body}\n\n{added}", text=f"{source.text}\n\n{added}"))


def test_a_text_that_does_not_show_its_version_is_refused():
    source = SHARING[0]
    assert faults(replace(source, body=source.body.replace("{{version}}", "1.0"))) == ("field version is never used",)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"purposes": ()}, "no purpose"),
        ({"purposes": ("TREAT", "HLEGAL")}, "purpose HLEGAL is not treatment, payment or operations"),
        ({"purposes": ("PATRQT",)}, "purpose PATRQT is not treatment, payment or operations"),
        ({"categories": ()}, "no category of information"),
        ({"categories": ("sud_counseling_notes",)}, "unknown category sud_counseling_notes"),
        ({"expiry": ""}, "expiry must be one of after_N_months, end_of_treatment, event, none"),
        ({"expiry": "someday"}, "expiry must be one of after_N_months, end_of_treatment, event, none"),
        ({"statements": ()}, "there is no statement to tick"),
        ({"statements": (("a", "x"), ("a", "y"))}, "an id is used twice"),
        ({"decisions": (("declined", "No"),)}, "there is no button to sign it"),
        ({"decisions": (("signed", "Yes"), ("refused", "No"))}, "it can't be refused"),
        ({"version": "one"}, "version one is not like 1.0"),
        ({"title": "Of {{patient_name}}"}, "a field or a tag stands outside the body: Of {{patient_name}}"),
        ({"texts": {"spare": ("a", "b")}}, "field spare is never used"),
    ],
)
def test_a_fault_of_scope_or_decision_is_named(change, fault):
    assert fault in faults(replace(SHARING[0], **change))


def test_only_a_permission_to_share_has_a_scope():
    assert faults(replace(NOTICE, purposes=("TREAT",))) == ("only a permission to share has a scope",)


def test_the_shipped_scope_is_treatment_payment_and_operations():
    for source in SHARING:
        assert source.purposes == ("TREAT", "HPAYMT", "HOPERAT")
        assert {*source.categories} == {*Category}
        assert source.expiry == "none"


def test_the_version_of_one_language_alone_is_not_a_version():
    assert set_faults((NOTICE,), LANGUAGES) == ("privacy-notice 1.0: there is no text in es",)


@pytest.mark.parametrize(
    ("kind", "change", "fault"),
    [
        (Kind.PART2_SPECIFIC, {"recipients": ()}, "no recipient"),
        (Kind.PART2_SPECIFIC, {"recipients": ("Dr. Bo Lee",)}, "recipient Dr. Bo Lee is not named in the text"),
        (Kind.PART2_SPECIFIC, {"purposes": ("HLEGAL",)}, "purpose HLEGAL is not one of"),
        (Kind.PART2_SPECIFIC, {"expiry": "none"}, "expiry must be one of after_N_months, end_of_treatment, event"),
        (Kind.PART2_SPECIFIC, {"purposes": ("TREAT",)}, "required element 2.31(a)(10)(ii) is missing"),
        (Kind.PART2_SPECIFIC, {"categories": ("sud_counseling_notes",)}, "unknown category sud_counseling_notes"),
        (Kind.PART2_COUNSELING_NOTES, {}, "unknown category attendance"),
        (Kind.PART2_COUNSELING_NOTES, {}, "required element 2.31(b)(3) is missing"),
        (Kind.PART2_PROCEEDINGS, {}, "purpose PATRQT is not a legal case"),
        (Kind.PART2_PROCEEDINGS, {}, "required element 2.31(d) is missing"),
        (Kind.PART2_CJ_REFERRAL, {}, "required element 2.35(c) is missing"),
        (Kind.HIPAA_AUTHORIZATION, {}, "required element 164.508(c)(1)(v) is missing"),
    ],
)
def test_what_must_stand_apart_stands_apart(kind, change, fault):
    """42 CFR 2.31(b), (d), 2.35; 45 CFR 164.508: a kind holds its own purposes and categories and no other's."""
    assert any(one.startswith(fault) for one in faults(replace(filled_in(RELEASE), kind=kind, **change)))


def test_a_permission_that_counts_months_knows_its_last_day():
    assert RELEASE.expires_on(date(2026, 11, 30)) == date(2027, 11, 30)
    assert replace(RELEASE, expiry="after_3_months").expires_on(date(2026, 11, 30)) == date(2027, 2, 28)
    assert SHARING[0].expires_on(date(2026, 11, 30)) is None


def test_languages_may_not_differ_in_what_is_signed():
    english, spanish = SHARING
    narrower = replace(spanish, purposes=("TREAT",))
    assert "differ between languages" in set_faults((english, narrower), LANGUAGES)[0]


HEAD = "title: T\nkind: npp_ack\nversion: 1.0\nlanguage: en\neffective: 2026-02-16\nreview_note: R"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no front matter", "between two --- lines"),
        (f"---\n{HEAD}\nnever closed", "between two --- lines"),
        (f"---\n{HEAD}\njust words\n---\nbody", "not `name: value`"),
        (f"---\n{HEAD}\ncolour: red\n---\nbody", "unknown or repeated name: colour"),
        (f"---\n{HEAD}\ntitle: again\n---\nbody", "unknown or repeated name: title"),
        (f"---\n{HEAD}\nstatement: no id\n---\nbody", "unknown or repeated name: statement"),
        ("---\ntitle: T\n---\nbody", "missing: kind, version, language, effective, review_note"),
        (
            f"---\n{HEAD.replace('npp_ack', 'lease')}\n---\nbody",
            "kind lease is not one of esign, npp_ack",
        ),
        (f"---\n{HEAD.replace('2026-02-16', 'soon')}\n---\nbody", "effective date"),
        (f"---\n{HEAD}\ntext a part2: x\n---\nbody", "a text line is missing: a other"),
        (f"---\n{HEAD}\ntext a part2: x\ntext a other: y\ntext a third: z\n---\nb", "a text line is `text NAME"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(text, why):
    with pytest.raises(InvalidDocument, match=why):
        parse(text, slug="x")


def test_a_spoilt_file_is_named(documents):
    (documents / "treatment" / "1.0.es.md").write_text("nothing")
    with pytest.raises(InvalidDocument, match=r"treatment/1\.0\.es\.md: it must begin"):
        document_files(LANGUAGES, documents)


def test_a_file_must_be_named_for_what_it_says(documents):
    path = documents / "treatment" / "1.0.es.md"
    path.rename(path.with_name("1.1.es.md"))
    with pytest.raises(InvalidDocument, match=r"treatment/1\.1\.es\.md: it says version 1\.0, language es"):
        document_files(LANGUAGES, documents)


def test_a_file_with_a_fault_or_without_its_sister_is_refused(documents):
    path = documents / "share-permission" / "1.0.en.md"
    path.write_text(path.read_text().replace("⟦2.31(a)(6)⟧", ""))
    with pytest.raises(InvalidDocument, match=r"share-permission/1\.0\.en\.md: required element 2\.31\(a\)\(6\)"):
        document_files(LANGUAGES, documents)
    path.unlink()
    with pytest.raises(InvalidDocument, match="there is no text in en"):
        document_files(LANGUAGES, documents)


def test_the_rules_and_the_policy_speak_of_the_same_things():
    assert {*rules.REQUIRED_ELEMENTS} == {*rules.DECISIONS} == {*Kind}
    assert {*Category} == rules.CATEGORIES
    assert rules.TPO_PURPOSES == TPO_PURPOSES


def test_versions_sort_as_people_sort_them():
    assert sorted(["1.10", "1.9", "2.0", "1"], key=order) == ["1", "1.9", "1.10", "2.0"]


@pytest.mark.parametrize("source", SHIPPED, ids=named)
def test_a_file_taken_apart_and_written_again_is_the_same_file(source):
    parts = {name: getattr(source, name) for name in ("kind", "version", "language", "effective", "review_note")}
    assert written(**parts, title=source.title, lines=own_lines(source.text), body=source.body) == source.text


def test_another_number_changes_its_line_and_nothing_else():
    later = with_lines(NOTICE.text, version="1.1")
    assert later.replace("version: 1.1\n", "version: 1.0\n") == NOTICE.text
    assert parse(later, slug="x").version == "1.1"
