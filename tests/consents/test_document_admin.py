"""A compliance officer's way through a document's life in the admin, and that nobody else finds any of it."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drafts import document, edited, second_officer, states
from personas import signed_in

import consents.selectors
import consents.services
from audit.models import Event
from consents.models import DocumentVersion, Review
from consents.rules import own_lines, parse
from core import clock

DOCUMENTS = "/admin/consents/document/"


@pytest.fixture
def sora(published):
    return second_officer(published)


@pytest.fixture
def corin(published):
    return signed_in(published.compliance)


def page(world, slug="treatment", rest=""):
    return f"{DOCUMENTS}{document(world, slug).pk}/{rest}"


def shown(client, address):
    response = client.get(address, follow=True)
    assert response.status_code == 200, address
    return response.content.decode()


def seen(world, slug="treatment", version="1.2"):
    return consents.selectors.edition_of(document(world, slug), version).seen


def approval(world, at="", **which):
    return {"at": at, "seen": seen(world, **which)}


def typed(world, slug="treatment", version="1.2", **changed):
    """What the edit page posts when nothing is touched."""
    given = {"change_note": "Parking", "review_by": "2027-11-01", "seen": seen(world, slug, version)}
    for row in document(world, slug).versions.filter(version=version):
        body = parse(row.body, slug="x").body
        given |= {f"title_{row.language}": row.title, f"lines_{row.language}": own_lines(row.body)}
        given[f"body_{row.language}"] = body
    return given | changed


def test_the_list_says_what_is_in_force_what_is_under_way_and_what_nobody_reviewed(published, corin):
    edited(published)
    text = shown(corin, DOCUMENTS)
    for words in ("Agreement to get care", "1.2, draft", "consent to treatment", "a qualified translator (Español)"):
        assert words in text
    assert "substance" not in text.lower()


def test_the_lists_queries_do_not_grow_with_the_documents(published, corin, django_assert_num_queries):
    with CaptureQueriesContext(connection) as before:
        corin.get(DOCUMENTS)
    consents.services.start_document(like=document(published, "release"), slug="release-2", by=published.compliance)
    with django_assert_num_queries(len(before)):
        assert corin.get(DOCUMENTS).content.count(b"one recipient") == 2


def test_from_draft_to_effect_in_the_admin(published, corin, sora):
    response = corin.post(page(published, rest="start/"))
    assert response["Location"] == page(published, rest="1.2/edit/")
    assert "Agreement to get care" in shown(corin, response["Location"])
    body = parse(document(published).versions.get(version="1.2", language="en").body, slug="x").body
    saved = corin.post(page(published, rest="1.2/edit/"), typed(published, body_en=f"{body}\r\n\r\nYou can park."))
    assert saved["Location"] == page(published, rest="change/")
    row = document(published).versions.get(version="1.2", language="en")
    assert (f"{row.review_by}", row.change_note) == ("2027-11-01", "Parking")
    assert "<ins>You can park.</ins>" in shown(corin, page(published, rest="1.2/compare/"))
    assert "Somebody else has to approve it" in shown(corin, page(published, rest="1.2/approve/"))
    assert corin.post(page(published, rest="1.2/approve/"), approval(published)).status_code == 200
    assert states(published)["1.2 en"] == "draft"
    refused = signed_in(sora).post(page(published, rest="1.2/approve/"), approval(published)).content.decode()
    assert "Español has not changed since 1.1" in refused and "English has not" not in refused
    assert "Confirm it" in refused and states(published)["1.2 en"] == "draft"
    confirmed = approval(published) | {"same_es": "on"}
    assert signed_in(sora).post(page(published, rest="1.2/approve/"), confirmed).status_code == 302
    assert states(published)["1.2 en"] == states(published)["1.2 es"] == "effective"


def test_nobody_approves_words_that_they_did_not_see(published, corin, sora):
    edited(published)
    client, read = signed_in(sora), approval(published)
    assert f'value="{read["seen"]}"' in shown(client, page(published, rest="1.2/approve/"))
    corin.post(page(published, rest="1.2/edit/"), typed(published, body_en="Other words."))
    refused = client.post(page(published, rest="1.2/approve/"), read, follow=True).content.decode()
    assert "changed since you opened this page" in refused
    assert client.post(page(published, rest="1.2/approve/"), {"at": ""}).status_code == 200
    assert states(published)["1.2 en"] == "draft"


def test_two_who_edit_at_once_do_not_overwrite_each_other(published, corin, sora):
    edited(published)
    theirs, mine = (typed(published, title_en=title) for title in ("Theirs", "Mine"))
    assert signed_in(sora).post(page(published, rest="1.2/edit/"), theirs).status_code == 302
    answer = corin.post(page(published, rest="1.2/edit/"), mine).content.decode()
    assert "Somebody else saved" in answer
    assert 'value="Mine"' in answer
    assert document(published).versions.get(version="1.2", language="en").title == "Theirs"


def test_an_instant_is_typed_by_the_clinics_clock(published, sora):
    published.clinic.time_zone = "America/New_York"
    published.clinic.save()
    edited(published)
    client = signed_in(sora)
    assert client.post(page(published, rest="1.2/approve/"), approval(published, "2031-07-01T08:00")).status_code == 302
    row = document(published).versions.get(version="1.2", language="en")
    assert f"{row.effective_at:%Y-%m-%d %H:%M}" == "2031-07-01 12:00"
    assert "takes effect on 2031-07-01 at 08:00" in shown(client, page(published))
    assert client.post(page(published, rest="1.2/back/")).status_code == 302
    assert states(published)["1.2 en"] == "draft"


def test_a_refusal_says_in_plain_words_what_is_missing_where(published, sora):
    edited(published, "share-permission", only="es", drop=" ⟦2.31(a)(6)⟧")
    client = signed_in(sora)
    text = shown(client, page(published, "share-permission", "1.1/approve/"))
    assert "It can&#x27;t take effect yet" in text or "It can't take effect yet" in text
    assert "Español: required element 2.31(a)(6) is missing: it does not say that it can be cancelled" in text
    client.post(
        page(published, "share-permission", "1.1/approve/"), approval(published, slug="share-permission", version="1.1")
    )
    assert states(published, "share-permission")["1.1 es"] == "draft"


def test_a_line_that_cannot_be_read_is_said_above_the_draft_and_what_was_typed_stays(published, corin):
    edited(published)
    response = corin.post(page(published, rest="1.2/edit/"), typed(published, lines_es="nonsense", body_es="Mío"))
    text = response.content.decode()
    assert "Español: this line is not" in text
    assert "Mío" in text


def test_a_review_is_recorded_and_then_no_longer_asked_for(published, corin):
    address = page(published, rest="1.1/review/")
    assert "English: the clinic" in shown(corin, address)
    assert corin.post(address, {"what": "en counsel", "reviewer_name": "Lee Lawyer", "note": ""}).status_code == 302
    assert Review.objects.get().recorded_by == published.compliance
    text = shown(corin, address)
    assert "Lee Lawyer" in text
    assert "English: the clinic" not in text


def test_the_day_to_look_again_is_kept_for_the_text_in_force(published, corin):
    for typed_day, kept in (("soon", None), ("2027-11-01", date(2027, 11, 1))):
        corin.post(page(published, rest="1.1/again/"), {"review_by": typed_day})
        assert document(published).versions.get(version="1.1", language="es").review_by == kept
    assert "2027-11-01" in shown(corin, DOCUMENTS)


def test_the_preview_is_the_patients_page_and_signs_nothing(published, corin, screen):
    row = DocumentVersion.objects.get(document=document(published), language="es", state="effective")
    text = shown(corin, f"/staff/documents/texts/{row.pk}/")
    patients = screen.show("treatment", "es").html
    assert patients.replace("Rosa Núñez", "[the patient's name]") in text.replace(
        "[the patient&#x27;s name]", "[the patient's name]"
    )
    assert '<html lang="es">' in text
    assert "Preview of 1.1" in text
    assert (
        "nothing was signed" in corin.post(f"/staff/documents/texts/{row.pk}/", {"decision": "signed"}).content.decode()
    )
    assert not Event.objects.filter(action="signature.made").exists()


def test_another_recipient_gets_a_document_of_its_own(published, corin):
    made = corin.post(page(published, "release", "another/"), {"slug": "release-north"})
    assert made["Location"] == page(published, "release-north", "1.0/edit/")
    for taken in ("release-north", "No Good!", "x" * 41):
        again = corin.post(page(published, "release", "another/"), {"slug": taken})
        assert again["Location"] == page(published, "release", "change/")


def addresses(world):
    row = document(world).versions.filter(version="1.1").first()
    rest = (
        "",
        "start/",
        "another/",
        *(f"1.2/{one}/" for one in ("edit", "compare", "approve", "back", "review", "again")),
    )
    return [
        *(page(world, rest=one) for one in rest), f"/staff/documents/texts/{row.pk}/",
        f"/staff/documents/{document(world).pk}/again/",
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["front_desk", "clinician", "supervisor", "operator", "stranger", "elsewhere"])
def test_nobody_else_finds_a_document(published, who):
    edited(published)
    user = second_officer(published) if who == "elsewhere" else getattr(published, who)
    if who == "elsewhere":
        user.memberships.update(clinic=published.other_clinic)
    user.is_staff = True
    user.save()
    client, before = signed_in(user), states(published)
    for address in addresses(published):
        for method in ("get", "post"):
            assert getattr(client, method)(address, follow=True).status_code in (404, 405), address
    assert states(published) == before
    listed = client.get(DOCUMENTS)
    assert listed.status_code == (200 if who == "elsewhere" else 404)
    assert "Agreement to get care" not in listed.content.decode()


def test_what_the_page_does_not_offer_is_refused(published, corin):
    assert corin.get(page(published, rest="9.9/compare/")).status_code == 404
    assert corin.get(f"{DOCUMENTS}nonsense/change/").status_code == 404
    assert corin.get(f"{DOCUMENTS}add/").status_code == 404
    assert corin.post(page(published, rest="delete/"), {"post": "yes"}).status_code == 404
    assert corin.get(page(published, rest="1.1/edit/"))["Location"] == page(published, rest="change/")


def test_an_instant_that_has_come_shows_at_once(published, corin, sora):
    edited(published)
    at = clock.now() + timedelta(days=1)
    consents.services.approve(document=document(published), version="1.2", at=at, by=sora)
    document(published).versions.filter(version="1.2").update(effective_at=clock.now())
    assert "<strong>Version 1.2</strong> since" in shown(corin, page(published))
