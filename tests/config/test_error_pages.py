"""Who is answered in whose words: staff get a page of their own, patients keep theirs."""

import pytest
from django.test import Client
from personas import signed_in

PATIENTS_WORDS = "If you were filling in forms"
NOT_THERE = (
    "/staff/no/",
    "/staff/patients/00000000-0000-4000-8000-000000000000/",
    "/incidents/ZZZZZZZZ/",
    "/chart/00000000-0000-4000-8000-000000000000/",
    "/admin/core/patient/00000000-0000-4000-8000-000000000000/change/",
    "/audit/",
    "/accounts/email/",
)


@pytest.mark.parametrize("address", NOT_THERE)
def test_what_staff_do_not_find_is_said_in_staffs_words(world, address):
    reply = signed_in(world.clinician).get(address)
    assert reply.status_code in (302, 404)
    assert PATIENTS_WORDS not in reply.content.decode()


def test_not_there_and_not_yours_are_the_same_bytes_to_everybody(world):
    theirs = f"/staff/patients/{world.patient.id}/"
    pages = {signed_in(who).get(theirs).content for who in (world.stranger, world.front_desk)}
    pages |= {signed_in(world.stranger).get(address).content for address in NOT_THERE if "admin" not in address}
    (page,) = pages
    text = page.decode()
    assert "Nothing is here for you" in text
    assert 'href="/staff/"' in text
    assert "csrf" not in text and "Sasha" not in text


@pytest.mark.parametrize(
    "address",
    [
        "/staff/privacy/scans/00000000-0000-4000-8000-000000000000/same/",  # takes a POST alone
        "/incidents/ZZZZZZZZ/acknowledge/",
    ],
)
def test_a_page_that_is_only_posted_to_is_not_there_either(world, address):
    browser = signed_in(world.stranger)
    reply = browser.get(address)
    assert reply.status_code == 404
    assert reply.content == browser.get(NOT_THERE[0]).content


def test_a_page_that_is_asked_for_in_pieces_finds_nothing_in_the_same_bytes(world):
    browser = signed_in(world.stranger)
    whole, part = (browser.get(NOT_THERE[1], headers=headers) for headers in ({}, {"HX-Request": "true"}))
    assert whole.content == part.content


def test_a_patient_keeps_the_patients_words_in_the_language_of_the_browser(db):
    english = Client().get("/i/packet/documents/no.pdf")
    assert english.status_code == 404
    assert PATIENTS_WORDS in english.content.decode()
    spanish = Client().get("/nowhere/", headers={"Accept-Language": "es"})
    assert PATIENTS_WORDS not in spanish.content.decode()
    assert 'lang="es"' in spanish.content.decode()
