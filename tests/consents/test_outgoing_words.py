"""42 CFR 2.13(c): nothing that leaves the care team says why a document exists.

Names, addresses, mails, messages, titles of pages and files, the front desk's pages: one word list, both languages.
"""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import packets as given
import pytest
from consent_screen import edition
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import translation
from django.utils.formats import date_format
from personas import signed_in

import consents.services
from audit.actions import Actor
from consents.models import PrivacyTask, Revocation, Signature
from consents.policy import Kind
from consents.rules import document_files
from consents.views import REPORTS
from core import clock
from core.models import Program
from intake import selectors
from intake.models import Packet

WORDS = (
    "substance", "sud", "drug", "drugs", "alcohol", "alcoholic", "addict", "addiction", "addictive", "opioid", "opiate",
    "recovery", "rehab", "rehabilitation", "detox", "sober", "sobriety", "methadone", "dast", "audit-c", "part 2",
    "part2", "42 cfr", "cfr", "counseling notes",
    "sustancia", "sustancias", "droga", "drogas", "alcoholismo", "adiccion", "adicciones", "opioides", "recuperacion",
    "rehabilitacion", "desintoxicacion", "sobriedad", "metadona", "parte 2",
)  # fmt: skip
TELLING = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, WORDS))})(?![a-z0-9])")
ACCENTS = str.maketrans("áéíóúüñ", "aeiouun")
TEMPLATES = Path(settings.BASE_DIR) / "templates"


def telling(text: str) -> list[str]:
    return TELLING.findall(text.lower().translate(ACCENTS).replace("_", "-"))


def routes(patterns, prefix=""):
    for pattern in patterns:
        here = prefix + str(pattern.pattern)
        yield from [here] if isinstance(pattern, URLPattern) else routes(pattern.url_patterns, here)


def titles_of_pages():
    """Each template's <title>, in both languages."""
    for path in TEMPLATES.rglob("*.html"):
        for inner in re.findall(
            r"\{% block title %\}(.*?)\{% endblock %\}|<title>(.*?)</title>", path.read_text(), re.S
        ):
            told = "".join(inner)
            yield told
            with translation.override("es"):
                yield from (translation.gettext(one) for one in re.findall(r'translate "([^"]+)"', told))


# The codes that let staff in without their phone are called that by allauth; they are nobody's care.
ADDRESSES = [one for one in routes(get_resolver().url_patterns) if not one.startswith("accounts/2fa/recovery-codes/")]

OUTGOING = {
    "kinds of document": [kind.label for kind in Kind],
    "titles of documents": [one.title for one in document_files(("en", "es"))],
    "addresses and files of documents": [one.slug for one in document_files(("en", "es"))],
    "names at the desk": [*selectors.DOCUMENTS_AT_THE_DESK.values(), *selectors.NAMED_AT_THE_DESK.values()],
    "mails, texts and pages": [path.read_text() for path in TEMPLATES.rglob("*.txt")],
    "titles of pages": list(titles_of_pages()),
    "addresses of pages": [*ADDRESSES, *REPORTS],
    "names in the admin": [str(model._meta.verbose_name_plural) for model in admin.site._registry],
    "tasks and ends": [str(label) for choices in (PrivacyTask.Kind, Revocation.Why, Revocation.How)
                       for label in choices.labels],
    "states of packets and signatures": [str(label) for choices in (Packet.State, Signature.Decision)
                                         for label in choices.labels],
}  # fmt: skip


@pytest.mark.parametrize("where", OUTGOING)
def test_nothing_that_goes_out_says_why_a_document_exists(where):
    assert OUTGOING[where], "nothing was looked at"
    assert not {text[:80]: found for text in OUTGOING[where] if (found := telling(text))}


def test_the_word_list_finds_what_it_is_for():
    for text in (
        "Substance Use Intake",
        "your-recovery-center",
        "Consentimiento: uso de drogas",
        "part2-tpo",
        "42 CFR",
    ):
        assert telling(text), text
    for text in ("Sharing permission", "permission to share", "Harbor Office", "dusudo"):
        assert not telling(text), text


def desk_pages(world, packet):
    client = signed_in(world.front_desk)
    for path in ("/staff/", "/admin/", "/admin/intake/packet/", f"/admin/intake/packet/{packet.id}/change/"):
        answer = client.get(path, follow=True)
        assert answer.status_code == 200
        yield path, answer.content.decode()


@pytest.mark.parametrize("status", [Program.Part2Status.PART2, Program.Part2Status.NOT_PART2])
def test_the_desk_sees_what_is_missing_signed_or_declined_and_never_why(world, status):
    world.program.part2_status = status
    world.program.save()
    packet = given.invite(world).packet
    for path, page in desk_pages(world, packet):
        assert not telling(page), path
    given.complete(packet, declined=True)
    for path, page in desk_pages(world, packet):
        assert not telling(page), path


def states(packet):
    return {one.label: one.state for one in selectors.desk_documents(packet)}


def test_each_document_is_signed_declined_missing_or_no_longer_in_force_at_the_desk(world):
    packet = given.invite(world).packet
    assert set(states(packet).values()) == {"missing"}
    given.sign(packet, "treatment")
    given.sign(packet, "privacy-notice", "refused")
    given.sign(packet, "share-permission", "declined")
    assert sorted(states(packet).values()) == ["declined", "declined", "signed"]
    given.sign(packet, "share-permission")
    signature = Signature.objects.get(kind="part2_tpo", decision="signed")
    consents.services.revoke(signature=signature, why="revoked", note="", actor=Actor.system("test"))
    assert states(packet)["Sharing permission"] == "no longer in force"
    papers = signed_in(world.front_desk).get(f"/staff/patients/{world.patient.id}/papers/").content.decode()
    assert "Sharing permission: no longer in force" in papers
    newer = edition("treatment", "9.1")
    consents.services.publish(clinic=world.clinic, source=newer, actor=Actor.system("test"))
    assert states(packet)["Agreement to care"] == "to sign again"
    page = signed_in(world.front_desk).get(f"/admin/intake/packet/{packet.id}/change/").content.decode()
    assert "Sharing permission: no longer in force" in page
    assert "revoked" not in page.lower()


def test_a_notice_that_only_has_to_be_shown_says_when_it_was_at_the_desk_for_the_officer_and_in_the_folder(world):
    """42 CFR 2.22: that the patient was given it can be shown later."""
    packet = given.invite(world, notice=True).packet
    assert states(packet)["Records notice"] == "missing"
    given.see(packet, "records-notice")
    today = clock.now().astimezone(ZoneInfo(world.clinic.time_zone))
    words = f"shown on {date_format(today, 'M j, Y')}"
    assert states(packet)["Records notice"] == words
    for page in ("patient", "folder"):
        address = reverse(f"consents:{page}", args=[world.patient.id])
        assert words in signed_in(world.compliance).get(address).content.decode()


def test_a_stranger_with_a_wrong_code_learns_nothing_of_the_kind_of_care(world):
    given.invite(world)
    answer = Client().post("/i/", {"code": "AAAAAAAAAA", "birth_date": "03/15/1990"})
    assert not telling(re.sub(r'(?s)<dialog id="crisis".*?</dialog>', "", answer.content.decode()))
