"""A document's file: what it must hold before it may be published, in every language."""

from dataclasses import replace

import pytest

from consents import rules
from consents.policy import TPO_PURPOSES, Category, Kind
from consents.rendering import html_of
from consents.rules import REQUIRED_ELEMENTS, InvalidDocument, document_files, faults, order, parse, set_faults

LANGUAGES = ("en", "es")
SHIPPED = document_files(LANGUAGES)
SHARING = [one for one in SHIPPED if one.kind == Kind.PART2_TPO]


def named(source):
    return f"{source.slug}-{source.language}"


def test_three_documents_ship_in_two_languages():
    assert [(one.slug, one.kind, one.language) for one in SHIPPED] == [
        (slug, kind, language)
        for slug, kind in (("privacy-notice", "npp_ack"), ("share-permission", "part2_tpo"), ("treatment", "treatment"))
        for language in LANGUAGES
    ]


@pytest.mark.parametrize("source", SHIPPED, ids=named)
def test_a_shipped_text_may_be_published_and_says_who_has_to_review_it(source):
    assert faults(source) == ()
    assert ("counsel" if source.language == "en" else "traductor") in source.review_note


@pytest.mark.parametrize("source", SHIPPED, ids=named)
def test_no_tag_box_blank_or_open_choice_is_left_for_a_patient_to_see(source):
    page = html_of(source.body)
    for left in ("⟦", "⟧", "[ ]", "( )", "____", "CHOOSE", "ELEGIR", "{{if", "<script"):
        assert left not in page


@pytest.mark.parametrize("source", SHIPPED, ids=named)
def test_the_slug_and_the_title_tell_nothing_about_the_kind_of_care(source):
    """42 CFR 2.13(c): both travel in URLs and page titles."""
    for word in ("substance", "sustancia", "part2", "part 2", "drug", "alcohol"):
        assert word not in f"{source.slug} {source.title}".lower()


@pytest.mark.parametrize("source", [one for one in SHIPPED if one.slug == "treatment"], ids=named)
def test_the_crisis_lines_are_in_the_agreement_to_care(source):
    assert "988" in source.body
    assert "911" in source.body


@pytest.mark.parametrize("element", REQUIRED_ELEMENTS[Kind.PART2_TPO])
@pytest.mark.parametrize("source", SHARING, ids=named)
def test_a_permission_to_share_without_one_element_may_not_be_published(source, element):
    """42 CFR 2.31(a)(1) to (10), (4)(iii) and (10)(i)(ii) with them."""
    lacking = replace(source, body=source.body.replace(f"⟦{element}⟧", ""))
    assert faults(lacking) == (f"required element {element} is missing",)


def test_all_ten_elements_of_the_regulation_are_required():
    numbers = {element.removeprefix("2.31(a)(").partition(")")[0] for element in REQUIRED_ELEMENTS[Kind.PART2_TPO]}
    assert numbers == {str(number) for number in range(1, 11)}


def test_an_acknowledgement_without_its_statement_of_receipt_may_not_be_published():
    notice = SHIPPED[0]
    assert faults(replace(notice, body=notice.body.replace("⟦164.520(c)(2)(ii)⟧", ""))) == (
        "required element 164.520(c)(2)(ii) is missing",
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
    assert fault in faults(replace(source, body=f"{source.body}\n\n{added}"))


def test_a_text_that_does_not_show_its_version_is_refused():
    source = SHARING[0]
    assert faults(replace(source, body=source.body.replace("{{version}}", "1.0"))) == ("field version is never used",)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"purposes": ()}, "no purpose"),
        ({"purposes": ("TREAT", "HLEGAL")}, "purpose HLEGAL is not treatment, payment or operations"),
        ({"categories": ()}, "no category of information"),
        ({"categories": ("sud_counseling_notes",)}, "unknown category sud_counseling_notes"),
        ({"expiry": ""}, "expiry must be one of end_of_treatment, none"),
        ({"expiry": "someday"}, "expiry must be one of end_of_treatment, none"),
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
    notice = SHIPPED[0]
    assert faults(replace(notice, purposes=("TREAT",))) == ("only a permission to share has a scope",)


def test_the_shipped_scope_is_treatment_payment_and_operations():
    for source in SHARING:
        assert source.purposes == ("TREAT", "HPAYMT", "HOPERAT")
        assert {*source.categories} == {*Category}
        assert source.expiry == "none"


def test_the_version_of_one_language_alone_is_not_a_version():
    assert set_faults(SHIPPED[:1], LANGUAGES) == ("privacy-notice 1.0: there is no text in es",)


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
            "kind lease is not one of npp_ack, treatment, part2_tpo",
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
