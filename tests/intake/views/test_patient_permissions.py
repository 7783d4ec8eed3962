"""A patient takes back what they signed, by the same link, and asks for limits."""

import re
import uuid
from zoneinfo import ZoneInfo

import packets as given
import pytest
from django.utils.formats import date_format
from patient_pages import opened, sign

import consents.services
import consents.services.sealing
from audit.actions import Actor
from consents.models import PrivacyTask, RestrictionRequest, Revocation, Signature
from consents.policy import Hipaa, Recipient, Role
from consents.services import Sending

HERE = "/i/packet/permissions/"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def prologue(world):
    return opened(given.invite(world))


@pytest.fixture
def browser(story):
    sign(story, "share-permission")
    return story


def shared(world, name="Bay Chart"):
    sending = Sending(
        recipient=Recipient(name, Hipaa.BUSINESS_ASSOCIATE, Role.OPERATIONS), address="", purpose="TREAT",
        categories=["substance_use"], kind="answer", source_ref=uuid.uuid4(), attempt=1,
    )  # fmt: skip
    return consents.services.authorize_disclosure(
        patient_id=world.patient.id, discloser=world.program.legal_name, protected=True, sending=sending,
        actor=Actor.system("test"),
    )  # fmt: skip


def post(browser, path, typed):
    """As the page that the browser is on posts it."""
    return browser.client.post(path, typed, headers={"X-CSRFToken": TOKEN.search(browser.page.html)[1]})


def take_back(browser, **typed):
    signature = Signature.objects.get(kind="part2_tpo")
    browser.go("/i/packet/")
    return post(browser, f"{HERE}{signature.id}/", {"birth_date": "03/15/1990", "whom": "all"} | typed)


def test_it_says_what_was_shared_before_and_ends_at_once(world, browser):
    shared(world)
    browser.go(HERE)
    assert "Permission to use and share my treatment records" in browser.page.text
    signature = Signature.objects.get(kind="part2_tpo")
    page = browser.go(f"{HERE}{signature.id}/")
    assert "This can’t be undone:" in page.text
    assert "Bay Chart" in page.text
    answer = take_back(browser)
    row = Revocation.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{HERE}?ended")
    assert (row.how, row.why, len(row.relied_on), row.recorded_by) == ("link", "revoked", 1, None)
    assert PrivacyTask.objects.filter(kind="revocation", ref=row.id).exists()
    assert shared(world).reasons == ("revoked",)
    page = browser.go(f"{HERE}?ended")
    assert "It ended just now." in page.text
    assert f"{HERE}{signature.id}/" not in page.links
    assert "ended on" in page.text
    assert "Locked." in browser.go("/i/packet/").text


def test_for_one_recipient_the_rest_still_stands(world, browser):
    for name in ("Bay Chart", "Hill Chart"):
        shared(world, name)
    assert take_back(browser, whom="some").status_code == 422, "nobody was named"
    take_back(browser, whom="some", only=["Bay Chart", "Somebody else"])
    assert Revocation.objects.get().recipients == ["Bay Chart"]
    assert (shared(world, "Bay Chart").permitted, shared(world, "Hill Chart").permitted) == (False, True)
    assert "Locked." not in browser.go("/i/packet/").text
    given.answer(browser_packet(), "dast-10")


def browser_packet():
    from intake.models import Packet

    return Packet.objects.get()


@pytest.mark.parametrize("typed", ["03/16/1990", "", "yesterday"])
def test_with_another_date_of_birth_nothing_ends(browser, typed):
    answer = take_back(browser, birth_date=typed)
    assert (answer.status_code, Revocation.objects.count()) == (422, 0)
    assert "Nothing was changed." in answer.content.decode()


def test_after_five_wrong_dates_the_session_ends(browser):
    tries = [take_back(browser, birth_date="01/01/1980") for _ in range(5)]
    assert [one.status_code for one in tries] == [422] * 4 + [302]
    assert browser.client.get(HERE).status_code == 302
    assert not Revocation.objects.exists()


def test_another_patients_signature_is_not_found(world, browser):
    assert browser.client.get(f"{HERE}{uuid.uuid4()}/").status_code == 404


def test_a_wish_for_limits_reaches_the_officer_in_the_patients_words(browser):
    browser.go(HERE)
    answer = post(browser, HERE, {"wish": "Please do not tell my plan.", "paid": "on"})
    row = RestrictionRequest.objects.get()
    assert (row.scope, row.is_self_paid, row.state) == ("Please do not tell my plan.", True, "asked")
    assert "The clinic has your wish" in answer.content.decode()
    assert "Please write" in post(browser, HERE, {"wish": " "}).content.decode()


def test_it_speaks_spanish(world):
    found = opened(given.invite(world, language="es"))
    sign(found, "share-permission")
    page = found.go(HERE)
    assert "Lo que usted permitió" in page.text
    page = found.go(f"{HERE}{Signature.objects.get().id}/")
    assert "Retirarlo ahora" in page.text


def test_whoever_answers_for_a_patient_does_not_see_what_the_patient_signed_alone(world, browser):
    """42 CFR 2.14: a minor may have signed without a parent."""
    from intake.models import Packet

    signature = Signature.objects.get(kind="part2_tpo")
    Packet.objects.update(answered_by="guardian", respondent={"name": "Ana Núñez", "relationship": "parent"})
    assert "Permission to use and share" not in browser.go(HERE).text
    assert browser.client.get(f"{HERE}{signature.id}/").status_code == 404


def test_a_wish_that_is_too_long_is_said_and_stays_on_the_page(browser):
    browser.go(HERE)
    answer = post(browser, HERE, {"wish": "Not my sister. " * 200, "paid": "on"})
    page = answer.content.decode()
    assert (answer.status_code, RestrictionRequest.objects.count()) == (422, 0)
    assert "This is too long" in page and page.count("Not my sister.") == 200 and " checked" in page
    post(browser, HERE, {"wish": "Not my\x00 \u202esister\r\nnor my boss"})
    assert RestrictionRequest.objects.get().scope == "Not my sister\nnor my boss"
    assert post(browser, HERE, {"wish": "\u3164"}).status_code == 422


def test_in_spanish_a_document_signed_in_english_has_its_spanish_name_and_says_so(world):
    found = opened(given.invite(world))
    sign(found, "share-permission")
    found.go("/i/packet/")
    found.press({}, "!language", "es")
    page = found.go(HERE)
    assert "Permiso para" in page.text and "Permission to use" not in page.text
    consents.services.sealing.seal_due()
    assert "firmado en inglés" in found.go(HERE).text
    signature = Signature.objects.get(kind="part2_tpo")
    assert "Permission to use" not in found.go(f"{HERE}{signature.id}/").text


def test_what_ended_is_shown_as_ended_also_of_an_earlier_packet(world, browser):
    take_back(browser)
    later = opened(given.invite(world))
    sign(later, "share-permission")
    text = later.go(HERE).text
    assert text.count("Permission to use and share my treatment records") >= 2
    assert "What has ended" in text
    ended = text.partition("What has ended")[2]
    assert re.search(r"signed on \w+\.? \d+, \d{4} · ended on \w+\.? \d+, \d{4}", ended)


def test_a_parent_is_not_shown_what_a_minor_signed_alone_and_took_back(world, browser):
    from intake.models import Packet

    take_back(browser)
    Packet.objects.update(answered_by="guardian", respondent={"name": "Ana Núñez", "relationship": "parent"})
    assert "What has ended" not in browser.go(HERE).text


@pytest.mark.parametrize(
    ("typed", "ends"), [("15/03/1990", False), ("15 de marzo de 1990", True), ("03/15/1990", True)]
)
def test_a_spanish_page_says_that_the_month_comes_first_and_never_swaps_it(world, typed, ends):
    """A day typed first is refused in words: whoever writes 15/03 would mean April by 03/04 on the next page."""
    found = opened(given.invite(world, language="es"))
    sign(found, "share-permission")
    signature = Signature.objects.get()
    assert "Primero el mes, luego el día y el año." in found.go(f"{HERE}{signature.id}/").text
    answer = post(found, f"{HERE}{signature.id}/", {"birth_date": typed, "whom": "all"})
    assert Revocation.objects.exists() is ends
    if not ends:
        assert "el mes primero: 03/15/1990" in answer.content.decode()


def test_on_a_spanish_page_a_day_is_written_in_words(world):
    found = opened(given.invite(world, language="es"))
    sign(found, "share-permission")
    take_back(found)
    text = found.go(HERE).text
    assert re.search(r"terminó el \d+ de \w+ de \d{4}", text)
    assert not re.search(r"\d\d/\d\d/\d{4}", text)


def test_a_day_is_the_clinics_on_the_patients_page_as_on_what_was_signed(world, browser):
    """Late in the evening in New York it is tomorrow in London, where our clocks are set."""
    world.clinic.time_zone = "Pacific/Kiritimati"  # UTC+14: for most of the day another date than ours
    world.clinic.save()
    take_back(browser)
    row = Revocation.objects.get()
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # UTC-11: one of the two differs at any time
        world.clinic.time_zone = zone
        world.clinic.save()
        day = date_format(row.at.astimezone(ZoneInfo(zone)), "DATE_FORMAT")
        assert f"ended on {day}" in browser.go(HERE).text
