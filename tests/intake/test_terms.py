"""Pickers: what is found for what people type, and what of it is stored."""

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from intake import engine
from intake.engine.definition import TABLES
from intake.forms import everything
from intake.models import Concept
from intake.rules.terms import Term, nearest, searched, words_of
from intake.selectors.terms import KINDS, search, with_near
from intake.services import terminology

pytestmark = pytest.mark.django_db

MEDICATIONS = "https://candor.health/fhir/ValueSet/medications"
ALLERGENS = "https://candor.health/fhir/ValueSet/allergens"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
NAME = "med-list[0].med-name"
# Medicines whose name tells of care for alcohol, drug or tobacco use: asked behind the Part 2 permission only.
REVEALING = {"1819", "6813", "7243", "82819", "3554", "7242", "31479", "591622", "7407", "6816"}


@pytest.fixture
def table():
    terminology.load()


def labels(typed, table=MEDICATIONS, language="en"):
    return [term.label for term in search(table=table, typed=typed, language=language)]


@pytest.fixture
def medicine(table):
    """The medicines form with one medicine still unnamed."""
    definition = engine.parse(json.loads((terminology.FILES.parent / "definitions/medications-1.1.0.json").read_text()))
    items = engine.merge(definition, [], {"med-any": ["LA33-6"]}).items
    return definition, engine.add_instance(definition, items, "med-list")


def told(medicine, text, **near):
    """What is wrong with this text posted for its name (and what was picked near it), and what is stored."""
    definition, items = medicine
    posted = {NAME: [text]} | {f"{NAME}!near": [value] for value in near.values()}
    resolved = terminology.resolve(definition, posted)
    merged = engine.merge(definition, items, resolved.changes, terms=resolved.terms)
    place = engine.evaluate(definition, merged.items).places[NAME]
    return [one.code for one in merged.problems], [answer.raw for answer in place.answers]


# --- finding


def test_every_word_is_found_by_its_beginning_whatever_the_accents_and_capitals(table):
    assert labels("sert") == ["sertraline"]
    assert labels("ÁCIDO valp", language="es") == ["ácido valproico"]
    assert "ácido valproico" in labels("VALPRÓ", language="es")
    assert labels("mani", ALLERGENS, "es") == ["Alergia al maní (cacahuate)"]
    assert labels("allergy pean", ALLERGENS) == ["Allergy to peanuts"]
    assert labels("tine") == []  # not the middle of a word


def test_the_very_name_comes_first_then_what_starts_so():
    terms = [Term("a|1", "sodium b", "sodium b"), Term("a|2", "b sodium", "b sodium"), Term("a|3", "sodium", "sodium")]
    assert [term.label for term in nearest("Sodium", terms)] == ["sodium", "sodium b", "b sodium"]
    preferred = [Term("a|1", "x one", "x one"), Term("a|2", "x two", "x two", rank=1)]
    assert [term.value for term in nearest("x", preferred)] == ["a|2", "a|1"]


def test_at_most_eight_are_offered(table):
    assert len(labels("a")) == 8


def test_a_slip_of_the_finger_is_forgiven_only_where_nothing_fits(table):
    assert labels("amoxicilin", ALLERGENS) == ["Amoxicillin"]
    assert labels("sertaline") == ["sertraline"]
    assert labels("oxazepan") == ["oxazepam"]
    assert "oxcarbazepine" not in labels("oxazepam")
    assert labels("zzzz") == labels("") == labels("  ¿?") == labels("x" * 5000) == []


def test_both_languages_find_a_term_and_its_name_is_the_patients(table):
    assert labels("sertralina") == ["sertraline"]
    assert labels("sertraline", language="es-US") == ["sertralina"]
    assert labels("alprazolam", language="es") == ["alprazolam"]  # no Spanish name is given: the English one
    assert labels("sertraline", language="fr") == ["sertraline"]


@pytest.mark.parametrize("typed", ["a & b | !c:*", "' OR 1=1 --", "\x00\ud800 sert", "🙂", "%", "http://x|y", "<->"])
def test_whatever_is_typed_is_searched_for_and_never_an_error(table, typed):
    assert isinstance(labels(typed), list)


def test_one_search_is_one_query_and_uses_the_index(table):
    with CaptureQueriesContext(connection) as queries:
        assert labels("sert")
    assert len(queries) == 1
    by_words = re.sub(r'"intake_concept"."kind" IN \(.*?\)', "TRUE", queries[0]["sql"])  # so few rows: either would do
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {by_words}")
        assert "concept_by_word" in " ".join(line for (line,) in cursor.fetchall())


def test_a_table_that_nobody_keeps_offers_nothing(table):
    assert labels("sert", "https://candor.health/fhir/ValueSet/other") == []


def test_what_is_searched_for_are_beginnings_joined_by_and():
    assert searched(["Allergy to nuts", "nuts"]) == "(alle:* & to:* & nuts:*) | (nuts:*)"
    assert searched(["", "!"]) == ""
    assert words_of("Sulfametoxazol / Trimetoprima, ÁCIDO") == ("sulfametoxazol", "trimetoprima", "acido")


# --- the table


def test_loading_again_changes_nothing_and_mends_what_was_changed(table):
    assert Concept.objects.count() > 200
    assert terminology.load() == 0
    Concept.objects.filter(code="36437", language="es").update(display="x")
    assert terminology.load() == 1
    assert labels("sertralina", language="es") == ["sertralina"]


def test_every_term_can_be_found_and_no_two_share_a_name(table):
    concepts = list(Concept.objects.all())
    assert all(concept.words for concept in concepts)
    names = [(concept.kind, concept.language, words_of(concept.display)) for concept in concepts]
    assert len(set(names)) == len(names)


def test_the_engine_and_the_service_know_the_same_tables():
    files = [json.loads(file.read_text()) for file in terminology.FILES.glob("*.json")]
    assert {file["valueSet"] for file in files} == set(KINDS) == TABLES
    assert {KINDS[file["valueSet"]] for file in files} == {file["kind"] for file in files}


def test_no_medicine_that_tells_of_substance_use_is_offered(table):
    assert not Concept.objects.filter(kind="medication", code__in=REVEALING).exists()
    assert not {"buprenorphine", "methadone", "naltrexone", "disulfiram"} & set(labels("b") + labels("m") + labels("n"))


# --- what is stored


def test_a_name_from_the_table_is_stored_with_its_code_and_what_it_is_called(medicine):
    problems, (answer,) = told(medicine, " Sertraline ")
    coding = answer["valueCoding"]
    assert problems == []
    assert (coding["system"], coding["code"], coding["display"]) == (RXNORM, "36437", "sertraline")
    assert "sertralina" in json.dumps(coding["_display"])
    assert told(medicine, "SERTRALINA")[1][0]["valueCoding"] == coding
    assert told(medicine, f"{RXNORM}|36437")[1][0]["valueCoding"] == coding


def test_ones_own_words_are_kept_as_typed(medicine):
    assert told(medicine, "my cousin's tea") == ([], [{"valueString": "my cousin's tea"}])
    assert told(medicine, "sertra") == ([], [{"valueString": "sertra"}])


def test_what_was_picked_below_ones_own_words_counts(medicine):
    _, (answer,) = told(medicine, "sertra", near=f"{RXNORM}|36437")
    assert answer["valueCoding"]["code"] == "36437"
    assert told(medicine, "sertra", near="")[1] == [{"valueString": "sertra"}]
    assert told(medicine, "sertra", near=f"{RXNORM}|0") == (["not-an-option"], [])


@pytest.mark.parametrize(
    "posted", [f"{RXNORM}|0", f"{RXNORM}|91935009", "http://evil.example|36437", f"{RXNORM}|36437|x"]
)
def test_a_code_that_is_not_in_the_table_is_refused(medicine, posted):
    assert told(medicine, posted) == (["not-an-option"], [])


def test_a_code_that_was_not_verified_is_never_given_out(medicine):
    lithium = Concept.objects.get(display="lithium", language="en")
    assert not lithium.is_verified
    assert told(medicine, "lithium")[1] == [{"valueString": "lithium"}]
    assert told(medicine, f"{RXNORM}|{lithium.code}")[1] == [{"valueString": "lithium"}]
    assert not Concept.objects.filter(kind="allergy", is_verified=False).exists()


def test_the_other_questions_cost_no_query(medicine):
    definition, _ = medicine
    with CaptureQueriesContext(connection) as queries:
        changes = {"med-any": ["LA33-6"], NAME: [""], f"{NAME}!declined": ["x"]}
        assert terminology.resolve(definition, changes).changes == changes
    assert len(queries) == 0


# --- did you mean


def near(medicine, text, language="en"):
    definition, items = medicine
    resolved = terminology.resolve(definition, {NAME: [text]})
    merged = engine.merge(definition, items, resolved.changes, terms=resolved.terms)
    with CaptureQueriesContext(connection) as queries:
        nodes = with_near(engine.fields(definition, merged.items), language)
    assert len(queries) <= 1
    return {node.key: [label for _, label in node.near] for node in everything(nodes) if node.near}


def test_ones_own_words_are_offered_the_terms_they_could_mean(medicine):
    assert near(medicine, "sertaline") == {NAME: ["sertraline"]}
    assert near(medicine, "sertaline", "es") == {NAME: ["sertralina"]}
    assert near(medicine, "dextro") == {NAME: ["dextroamphetamine"]}
    assert near(medicine, "my tea") == {}


def test_nothing_is_offered_for_what_was_picked_or_named_in_full(medicine):
    assert near(medicine, "sertraline") == {}
    assert near(medicine, "lithium") == {}  # its very name, although it has no code
