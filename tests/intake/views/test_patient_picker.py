"""Names from the table and amounts with a unit, on the pages without a script; and the search behind the script."""

import json
import time

import packets as given
import personas
import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from patient_pages import autosave, opened

from intake import selectors
from intake.models import Response

pytestmark = pytest.mark.django_db

HERE = "/i/packet/medications/"
NAME, DOSE = "med-list[0].med-name", "med-list[0].med-dose"
TABLE = "https://candor.health/fhir/ValueSet/medications"


def prologue(world):
    invitation = given.invite(world)
    browser = opened(invitation)
    browser.go(HERE)
    browser.press({"med-any": given.YES})
    browser.press(name="!add", value="med-list")
    return invitation, browser


@pytest.fixture
def invitation(story):
    return story[0]


@pytest.fixture
def browser(story):
    """On the page with one medicine that has no name yet."""
    return story[1]


def stored(packet, link_id="med-name"):
    """The answers to that question, as they are stored."""

    def walk(items):
        for item in items:
            if item["linkId"] == link_id:
                yield from item.get("answer", [])
            yield from walk(item.get("item", []))

    return list(walk(Response.objects.get(step__packet=packet, step__slug="medications").answers))


def find(browser, typed, table=TABLE, token=None):
    token = dict(browser.page.fields).get("csrfmiddlewaretoken", "") if token is None else token
    body = json.dumps({"table": table, "typed": typed})
    return browser.client.post("/i/terms", body, content_type="application/json", headers={"X-CSRFToken": token})


# --- without a script


def test_a_name_from_the_table_typed_in_full_is_understood(browser, invitation):
    browser.press({NAME: "Sertraline"})
    assert browser.url != HERE
    assert stored(invitation.packet)[0]["valueCoding"]["code"] == "36437"
    assert dict(browser.go(HERE).fields)[NAME] == "sertraline"


def test_ones_own_words_are_kept_and_asked_about_once(browser, invitation):
    page = browser.press({NAME: "sertaline"})
    assert "Did you mean one of these?" in page.text
    assert "No, keep my words: sertaline" in page.text
    assert page.choices[f"{NAME}!near"] == ["http://www.nlm.nih.gov/research/umls/rxnorm|36437", ""]
    assert stored(invitation.packet) == [{"valueString": "sertaline"}]
    browser.press()
    assert browser.url.partition("?")[0] != HERE
    assert stored(invitation.packet) == [{"valueString": "sertaline"}]


def test_what_was_meant_is_chosen_below(browser, invitation):
    page = browser.press({NAME: "sertaline"})
    browser.press({f"{NAME}!near": page.choices[f"{NAME}!near"][0]})
    assert stored(invitation.packet)[0]["valueCoding"]["display"] == "sertraline"
    page = browser.go(HERE)
    assert dict(page.fields)[NAME] == "sertraline"
    assert f"{NAME}!near" not in page.names


def test_words_that_mean_no_term_are_kept_without_a_question(browser, invitation):
    browser.press({NAME: "my cousin's tea"})
    assert browser.url.partition("?")[0] != HERE
    assert stored(invitation.packet) == [{"valueString": "my cousin's tea"}]


def test_in_the_other_language_the_same_term_has_its_other_name(browser, invitation):
    browser.press({NAME: "Sertraline"})
    browser.go(HERE)
    page = browser.press(name="!language", value="es")
    assert dict(page.fields)[NAME] == "sertralina"
    browser.press()
    (answer,) = stored(invitation.packet)
    assert (answer["valueCoding"]["code"], answer["valueCoding"]["display"]) == ("36437", "sertraline")


def test_a_code_that_is_not_in_the_table_is_refused_in_plain_words(browser, invitation):
    page = browser.press({NAME: "http://www.nlm.nih.gov/research/umls/rxnorm|0"})
    assert browser.response.status_code == 422
    assert "Please choose one of the answers listed." in page.text
    assert stored(invitation.packet) == []


def test_an_unusual_amount_is_asked_about_once_and_never_refused(browser, invitation):
    page = browser.press({NAME: "sertraline", DOSE: "2500 mg"})
    (sure,) = [name for name in page.choices if name.startswith(f"{DOSE}!sure-")]
    assert "You typed 2500 mg. Is that right?" in page.text
    assert "2500" not in sure
    browser.press({sure: "true"})
    assert browser.url.partition("?")[0] != HERE
    (answer,) = stored(invitation.packet, "med-dose")
    assert answer["valueQuantity"]["value"] == 2500
    assert answer["extension"][0]["valueBoolean"] is True


def test_an_unusual_amount_that_nobody_called_right_is_kept_all_the_same(browser, invitation):
    browser.press({NAME: "sertraline", DOSE: "2500 mg"})
    browser.press()
    assert browser.url.partition("?")[0] != HERE
    assert "extension" not in stored(invitation.packet, "med-dose")[0]


def test_a_corrected_amount_is_asked_about_no_more(browser, invitation):
    browser.press({NAME: "sertraline", DOSE: "2500 mg"})
    browser.press({DOSE: "25"})
    assert browser.url.partition("?")[0] != HERE
    assert stored(invitation.packet, "med-dose")[0]["valueQuantity"] == {
        "value": 25, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg",
    }  # fmt: skip
    assert "We read this as: 25 mg" in browser.go(HERE).text


def test_one_question_at_a_time_asks_what_was_meant_and_whether_it_is_right(browser, invitation):
    browser.press(name="!presentation", value="guided")
    browser.go(f"{HERE}?at={NAME}")
    page = browser.press({NAME: "sertaline"})
    assert "Did you mean one of these?" in page.text
    browser.press({f"{NAME}!near": page.choices[f"{NAME}!near"][0]})
    assert stored(invitation.packet)[0]["valueCoding"]["code"] == "36437"
    browser.go(f"{HERE}?at={DOSE}")
    page = browser.press({DOSE: "2500 mg"})
    assert "You typed 2500 mg. Is that right?" in page.text
    (sure,) = {name for name, _ in page.buttons if name and "!sure-" in name}
    browser.press(name=sure, value="false")
    assert stored(invitation.packet, "med-dose")[0]["extension"][0]["valueBoolean"] is False


def test_the_clinician_reads_names_and_what_was_said_of_an_amount(browser, invitation):
    page = browser.press({NAME: "Sertraline", DOSE: "2500 mg"})
    (sure,) = [name for name in page.choices if "!sure-" in name]
    browser.press({sure: "true"})
    (form,) = [one for one in selectors.answered_forms(invitation.packet) if one.slug == "medications"]
    rows = {row.label: row.values for row in form.rows}
    assert rows["Name of the medicine"] == ("sertraline",)
    assert rows["How much do you take each time?"] == ("2500 mg",)
    assert rows["You typed 2500 mg. Is that right?"] == ("Yes",)


@pytest.mark.parametrize("text", ["sertraline", "my cousin's tea"])
def test_a_name_is_saved_within_eight_queries(browser, text):
    with CaptureQueriesContext(connection) as queries:
        assert autosave(browser, "medications", {NAME: [text]}).status_code == 200
    asked = [one["sql"] for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) <= 8, "\n".join(asked)


# --- the search


def test_the_search_gives_names_in_the_patients_language(browser):
    reply = find(browser, "sert")
    assert (reply.status_code, reply.json()) == (200, {"terms": ["sertraline"]})
    browser.press(name="!language", value="es")
    assert find(browser, "sert").json() == {"terms": ["sertralina"]}


def test_a_stranger_finds_nothing(browser, world):
    stranger = personas.signed_in(world.clinician)
    body = json.dumps({"table": TABLE, "typed": "sert"})
    assert stranger.post("/i/terms", body, content_type="application/json").status_code == 403
    assert find(browser, "sert", token="x" * 64).status_code == 403
    assert browser.client.get("/i/terms").status_code == 405
    browser.client.post("/i/leave/", {"csrfmiddlewaretoken": dict(browser.page.fields)["csrfmiddlewaretoken"]})
    assert find(browser, "sert").status_code == 403


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"table": 1, "typed": "a"}', '{"table": "a", "typed": "\\ud800"}', "{"]
)
def test_an_unreadable_question_is_a_400(browser, body):
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    reply = browser.client.post("/i/terms", body, content_type="application/json", headers={"X-CSRFToken": token})
    assert reply.status_code == 400


def test_whoever_asks_far_more_than_anybody_types_is_told_to_wait(browser, invitation):
    cache.set(f"terms-{invitation.packet.id}", [time.time()] * 119)
    assert [find(browser, "sert").status_code for _ in range(2)] == [200, 429]
    assert find(browser, "x" * 100_000).status_code == 429


# --- the front desk


def test_the_front_desk_sees_the_same_whatever_was_picked(world, invitation, browser):
    desk = personas.signed_in(world.front_desk)
    pages = [reverse("admin:intake_packet_change", args=[invitation.packet.pk]), reverse("staff-home")]

    def seen():
        return [desk.get(page).content for page in pages]

    browser.press({NAME: "sertaline"})
    words = b" ".join(seen()).lower()
    browser.press({DOSE: "2500 mg", f"{NAME}!near": browser.page.choices[f"{NAME}!near"][0]})
    for one in (words, b" ".join(seen()).lower()):
        assert b"sert" not in one
        assert b"2500" not in one
