"""A document's life in a real browser: written, seen as a patient will, approved by somebody else, in force."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from personas import signed_in, staff
from playwright.sync_api import expect

from consents.models import Document, DocumentVersion
from core.permissions import Role

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE = {"width": 1280, "height": 800}
AXE = Axe()
# The admin fades from one colour into the other.
SETTLED = "Promise.all(document.getAnimations().map((one) => one.finished))"
SAVE = ".submit-row .default"
# Preloading would write the admin's imported style sheets into the page, which its content security policy forbids.
OPTIONS = {"resultTypes": ["violations"], "preload": False}


def at_the_desk_of(user, phone):
    """A browser in which this person has signed in."""
    found = phone(viewport=WIDE)
    cookie = signed_in(user).cookies[settings.SESSION_COOKIE_NAME]
    found.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": found.base}])
    return found


def nothing_is_wrong(browser) -> None:
    """WCAG by axe, with the letters of the admin as they are and in its dark colours."""
    for scheme in ("light", "dark"):
        browser.page.emulate_media(color_scheme=scheme)
        browser.page.evaluate(SETTLED)
        found = AXE.run(browser.page, options=OPTIONS).response["violations"]
        nodes = [(one["id"], node["html"][:200]) for one in found for node in one["nodes"][:3]]
        assert not nodes, f"{browser.page.url}, {scheme}: {nodes}"
    browser.page.emulate_media(color_scheme="light")


def test_compliance_writes_a_version_sees_it_and_another_officer_puts_it_in_force(clinic, phone):
    document = Document.objects.get(clinic=clinic.clinic, slug="treatment")
    here = f"/admin/consents/document/{document.pk}"
    author = at_the_desk_of(clinic.compliance, phone)
    author.go("/admin/consents/document/")
    nothing_is_wrong(author)
    author.go(f"{here}/change/")
    nothing_is_wrong(author)
    author.press(author.page.get_by_role("button", name="Start a new version"))
    author.at(f"{here}/1.2/edit/")
    nothing_is_wrong(author)
    for language, words in (("en", "You can park behind the house."), ("es", "Puede estacionar detrás de la casa.")):
        field = author.find(f"[name=body_{language}]")
        field.fill(f"{field.input_value()}\n\n{words}")
    author.press(SAVE)  # nobody said yet what is different
    expect(author.find(".errornote")).to_be_visible()
    nothing_is_wrong(author)
    author.find("[name=change_note]").fill("Says where to park.")
    author.press(SAVE)
    author.at(f"{here}/change/")
    nothing_is_wrong(author)
    written = DocumentVersion.objects.get(document=document, version="1.2", language="es")
    author.press(f"a[href='/staff/documents/texts/{written.pk}/']")
    expect(author.find(".document")).to_contain_text("Puede estacionar detrás de la casa.")
    nothing_is_wrong(author)
    author.go(f"{here}/1.2/compare/")
    expect(author.find("ins").filter(has_text="You can park behind the house.")).to_be_visible()
    nothing_is_wrong(author)
    author.go(f"{here}/1.2/approve/")
    expect(author.find(".errornote")).to_contain_text("Somebody else has to approve it.")
    assert author.page.get_by_role("button", name="Approve version 1.2").count() == 0

    second = staff(clinic.clinic, Role.COMPLIANCE, "second@clinic.test", "Sora Second")
    officer = at_the_desk_of(second, phone)
    officer.go(f"{here}/1.2/approve/")
    nothing_is_wrong(officer)
    officer.press(officer.page.get_by_role("button", name="Approve version 1.2"))
    officer.at(f"{here}/change/")
    expect(officer.find("main, #content").first).to_contain_text("1.2")
    nothing_is_wrong(officer)
    inforce = DocumentVersion.objects.filter(document=document, state="effective")
    assert {(row.version, row.language, row.approver_id) for row in inforce} == {
        ("1.2", "en", second.pk), ("1.2", "es", second.pk),
    }  # fmt: skip
