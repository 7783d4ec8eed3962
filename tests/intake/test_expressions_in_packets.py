"""Expressions in real packets: a form starts with the patient's own details, and totals are the server's."""

import packets as given
import pytest
from patient_pages import autosave, opened
from questionnaires import CORE, form, group, item

from audit.actions import Actor
from intake.models import FormVersion, Packet, Response, Step
from intake.selectors import definition_of, form_view
from intake.selectors.starting import as_fhir, starting_items
from intake.services import library, packets
from intake.services.entries import add_entry

pytestmark = pytest.mark.django_db

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"


def expression(name, text, **more):
    url = f"{SDC}{name}" if name != "variable" else f"{CORE}variable"
    return {"url": url, "valueExpression": {**more, "language": "text/fhirpath", "expression": text}}


def value_of(link_id):
    return f"%resource.item.where(linkId='{link_id}').answer.value"


VITALS = form(
    item("called", extension=[expression("initialExpression", "%patient.name.given.first()")]),
    item("born", "date", extension=[expression("initialExpression", "%patient.birthDate")]),
    item("weight", "decimal"),
    item("height", "decimal"),
    item(
        "bmi",
        "decimal",
        readOnly=True,
        extension=[
            expression(
                "calculatedExpression", f"({value_of('weight')} / {value_of('height')} / {value_of('height')}).round(1)"
            )
        ],
    ),
    item(
        "child",
        "group",
        item("family", extension=[expression("initialExpression", "%patient.name.family")]),
        repeats=True,
    ),
    url="https://candor.health/fhir/Questionnaire/vitals",
    version="1.0.0",
)


@pytest.fixture
def packet(world):
    found = given.invite(world).packet
    published = FormVersion.objects.create(slug="vitals", version="1.0.0", definition=VITALS, sha256="0" * 64)
    Step.objects.create(packet=found, position=99, what=Step.What.FORM, slug="vitals", form=published)
    return found


def shown(packet):
    return {node.key: node.values for node in form_view(packet, "vitals", "en").fields}


def test_a_form_starts_with_the_patients_own_details(packet):
    assert shown(packet)["called"] == (packet.patient.given_name,)
    assert shown(packet)["born"] != ()
    assert not Response.objects.filter(packet=packet, step__slug="vitals").exists()  # shown, not yet said


def test_the_first_answer_keeps_them_and_what_is_changed_stays_changed(packet):
    given.answer(packet, "vitals", {"called": ["Rosi"]})
    given.answer(packet, "vitals", {"weight": ["60"]})
    assert shown(packet)["called"] == ("Rosi",)
    stored = Response.objects.get(packet=packet, step__slug="vitals").answers
    assert [entry["linkId"] for entry in stored] == ["called", "born", "weight"]


def test_the_body_mass_index_is_the_servers(packet):
    given.answer(packet, "vitals", {"weight": ["60"], "height": ["1.6"]})
    assert shown(packet)["bmi"] == ("23.4",)
    saved = given.answer(packet, "vitals", {"bmi": ["20"]})
    assert [problem.code for problem in saved.problems] == ["read-only"]
    assert shown(packet)["bmi"] == ("23.4",)
    given.answer(packet, "vitals", {"height": [""]})
    assert shown(packet)["bmi"] == ()


def test_each_saved_answer_brings_what_is_calculated_from_it(packet, world):
    browser = opened(packets.reissue(packet=packet, by=world.front_desk))
    browser.go("/i/packet/vitals/")
    have = ["called", "born", "weight", "height", "bmi", "child"]
    given.answer(packet, "vitals", {"weight": ["60"]})
    reply = autosave(browser, "vitals", {"height": ["1.6"]}, have=have).json()
    assert "23.4" in reply["html"]
    assert "f-weight" not in reply["html"], "what is on the page already is left alone"
    reply = autosave(browser, "vitals", {"height": [""]}, have=have).json()
    assert "Nothing yet" in reply["html"]


def test_a_new_entry_starts_with_its_own_initial_values(packet):
    add_entry(packet=packet, slug="vitals", key="child")
    stored = Response.objects.get(packet=packet, step__slug="vitals").answers
    family = {"linkId": "family", "answer": [{"valueString": packet.patient.family_name}]}
    assert stored[-1] == group("child", family)


def test_the_patient_is_told_in_fhir_without_what_is_unknown(world):
    told = as_fhir(world.patient)
    assert told["resourceType"] == "Patient"
    assert told["name"] == [{"family": world.patient.family_name, "given": [world.patient.given_name]}]
    assert told["birthDate"] == world.patient.birth_date
    world.patient.phone = world.patient.email = ""
    assert "telecom" not in as_fhir(world.patient)


def test_a_form_without_expressions_reads_no_patient(packet, django_assert_num_queries):
    packet = Packet.objects.get(pk=packet.pk)
    definition = definition_of(Step.objects.get(packet=packet, slug="demographics").form_id)
    with django_assert_num_queries(0):
        starting_items(packet, definition)


def test_a_form_with_a_wrong_expression_is_not_published(world):
    wrong = {**VITALS, "version": "1.0.1", "item": [item("a", extension=[expression("initialExpression", "1 +")])]}
    with pytest.raises(library.FormRefused, match="expression"):
        library.publish(wrong, actor=Actor.system("test"))
    assert not FormVersion.objects.filter(slug="vitals").exists()
