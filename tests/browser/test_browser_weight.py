"""What a patient's page weighs on a phone with two bars: measured in Chromium, from the server as in production."""

import subprocess
import sys
from collections.abc import Iterable, Iterator

import packets as given
import pytest
from phone import Phone
from serving import ROOT, House, open_house

import consents.services
import consents.services.sealing
from intake import engine, selectors
from intake.models import Packet
from intake.services.entries import add_entry
from intake.services.packets import present
from intake.templatetags.questions import control
from intake.views.patient import address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGE = 21 * 1024  # bytes with headers, the first load of everything
REQUESTS = 5
LISTS = {"medications": ("med-any", "med-list"), "allergies": ("all-any", "all-list")}
PRODUCTION = {"DJANGO_SETTINGS_MODULE": "production_settings", "DEBUG": "false", "CANDOR_NO_LOCAL_ENV": "1",
              "ALLOWED_HOSTS": "127.0.0.1"}  # fmt: skip
NOT_THE_PATIENTS = ["--ignore=admin", "--ignore=rest_framework", "--ignore=guardian", "--ignore=debug"]


@pytest.fixture(scope="module")
def standing_house(chromium, django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("production")
    with django_db_blocker.unblock():
        environment = House(folder, 0, 25, PRODUCTION).environment()
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0", *NOT_THE_PATIENTS]
        subprocess.run(collect, cwd=ROOT, env=environment, check=True)
        with open_house(folder, settings=PRODUCTION) as house:
            yield house


class Scales:
    """Bytes that came over the wire, by address, since the last look."""

    def __init__(self, phone: Phone) -> None:
        self.wire = phone.context.new_cdp_session(phone.page)
        self.urls: dict[str, str] = {}
        self.bytes: dict[str, int] = {}
        self.wire.on("Network.responseReceived", self._began)
        self.wire.on("Network.loadingFinished", self._ended)
        self.wire.send("Network.enable")
        self.wire.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def _began(self, event) -> None:
        url = event["response"]["url"]
        if url.startswith("http"):
            self.urls[event["requestId"]] = url

    def _ended(self, event) -> None:
        if event["requestId"] in self.urls:
            self.bytes[event["requestId"]] = int(event["encodedDataLength"])

    def empty(self) -> None:
        self.urls.clear()
        self.bytes.clear()

    def loaded(self) -> dict[str, int]:
        return {self.urls[one]: size for one, size in self.bytes.items()}


@pytest.fixture
def weighed(phone):
    """Weighs pages; afterwards none was too heavy or asked too often."""
    patient = phone()
    scales = Scales(patient)
    found: dict[str, dict[str, int]] = {}

    def weigh(path: str) -> Phone:
        scales.empty()
        patient.page.goto(path)
        patient.page.evaluate("document.readyState")  # what the wire said before is heard before this answer
        found[path] = scales.loaded()
        return patient

    yield patient, weigh
    for path, loaded in found.items():
        print(f"{sum(loaded.values()):>7} bytes {len(loaded)} requests {path}")  # noqa: T201  (seen with -s)
    heavy = {path: one for path, one in found.items() if sum(one.values()) > PAGE or len(one) > REQUESTS}
    assert not heavy
    assert all(found.values())


def test_every_page_comes_whole_in_21_kilobytes_and_5_requests(clinic, weighed):
    """In Spanish, whose words are longer."""
    patient, weigh = weighed
    given.with_interpreter(clinic)
    invitation = given.invite(clinic, "es", esign=True)
    packet = invitation.packet
    weigh("/i/")
    patient.open(f"/i/#{invitation.token}")
    weigh("/i/packet/")
    weigh("/i/packet/dast-10/?locked")
    for slug in ("esign", *given.DOCUMENTS):
        weigh(f"/i/packet/{slug}/")
        given.sign(packet, slug)
    for slug, (question, entries) in LISTS.items():
        given.answer(packet, slug, {question: [given.YES]})
        add_entry(packet=packet, slug=slug, key=entries)
    for slug in forms_of(packet):
        for shown in selectors.form_view(packet, slug, "es").pages:
            weigh(address(slug, shown.section.id))
    present(packet=packet, presentation="guided")
    for where in one_of_each_kind(packet):
        weigh(f"{where}#guided")
    weigh("/i/packet/review/")
    weigh("/i/packet/nothing/")
    Packet.objects.update(state="submitted", submitted_at=packet.invited_at)
    weigh("/i/packet/done/?preparing")
    consents.services.sealing.seal_due()
    weigh("/i/packet/done/")
    weigh("/i/closed/")


def forms_of(packet) -> list[str]:
    return [step.slug for step in selectors.steps(packet, "es") if step.what == "form"]


def one_of_each_kind(packet) -> Iterable[str]:
    """A question of each control, a section's start, a set: of each the one with the most to show."""
    heaviest: dict[tuple[str, str], tuple[int, str]] = {}
    for slug in forms_of(packet):
        for turn in engine.turns(selectors.form_view(packet, slug, "es").pages):
            kind, size = (turn.kind, control(turn.node)), len(turn.node.options) + len(turn.node.children)
            heaviest[kind] = max(heaviest.get(kind, (0, "")), (size, address(slug, turn.key)))
    return [where for _, where in heaviest.values()]


def test_static_files_are_named_by_their_content_kept_for_good_and_compressed(clinic, phone):
    patient = phone()
    patient.go("/i/")
    style = patient.find("link[rel=stylesheet]").get_attribute("href")
    reply = patient.context.request.get(f"{patient.base}{style}")
    assert style != "/static/css/patient.css"
    assert "immutable" in reply.headers["cache-control"]
    assert reply.headers["content-encoding"] in ("gzip", "br")
