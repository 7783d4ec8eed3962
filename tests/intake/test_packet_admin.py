"""Packets at the front desk: invite, give the link once, see what is missing; nothing of what was answered."""

import base64
import re
from datetime import date

import packets as given
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from personas import signed_in

import core.services
from audit.actions import Actor
from audit.models import Event
from core import clock
from core.models import Program, Site
from intake.models import FormRule, Packet
from intake.services import packets
from intake.services.respondents import answer_as

LIST = "/admin/intake/packet/"
MOST_QUERIES_OF_A_PACKETS_PAGE = 24  # one of them: with what somebody helped


@pytest.fixture
def dana(world):
    return signed_in(world.front_desk)


@pytest.fixture
def packet(world):
    return given.invite(world).packet


def page_of(packet):
    return f"{LIST}{packet.pk}/change/"


def invite(client, world, **typed):
    choice = {"program": world.program.pk, "site": world.site.pk, "language": "es"}
    return client.post(f"{LIST}invite/{world.patient.pk}/", {**choice, **typed})


def found(pattern, page):
    (text,) = re.findall(pattern, page)
    return text


def test_an_invitation_shows_link_code_and_picture_once(dana, world):
    given.publish(world)
    page = invite(dana, world).content.decode()
    packet = Packet.objects.get()
    link = found(r'value="(http[^"]+/i/#[^"]+)"', page)
    code = found(r'class="code">([2-9A-Z]{5} [2-9A-Z]{5})<', page)
    for secret in (link.split("#")[1], code):
        assert packets.open_packet(secret=secret, birth_date=date(1990, 3, 15)) == packet
    assert packet.language == "es"
    drawn = base64.b64decode(found(r'src="data:image/svg\+xml;base64,([^"]+)"', page))
    assert drawn.startswith((b"<?xml", b"<svg"))
    later = dana.get(page_of(packet)).content.decode()
    assert link not in later
    assert code not in later


def test_the_page_with_the_code_says_whose_it_is_and_where_it_is_typed(dana, world, settings):
    given.publish(world)
    page = invite(dana, world).content.decode()
    assert "Link and code for Rosa Núñez" in page
    assert f">{settings.BASE_URL}/i/<" in page
    assert f"{LIST}{Packet.objects.get().pk}/tablet/" in page


def test_an_open_packet_is_pointed_out_before_a_second_invitation(dana, world, packet):
    page = dana.get(f"{LIST}invite/{world.patient.pk}/").content.decode()
    assert page_of(packet) in page
    assert f'action="{LIST}{packet.pk}/reissue/"' in page
    assert "Make a second packet all the same" in page


def test_a_second_packet_is_made_only_when_it_is_wanted_all_the_same(dana, world, packet):
    refused = invite(dana, world).content.decode()
    assert "or tick this box" in refused and "Shown once" not in refused
    assert Packet.objects.count() == 1
    assert "Shown once" in invite(dana, world, second="on").content.decode()
    assert Packet.objects.count() == 2


def test_whoever_has_finished_is_invited_again_without_a_question(dana, world, packet):
    Packet.objects.filter(pk=packet.pk).update(state="submitted", submitted_at=clock.now())
    assert "second packet" not in dana.get(f"{LIST}invite/{world.patient.pk}/").content.decode()
    assert "Shown once" in invite(dana, world).content.decode()


def test_every_page_of_a_packet_says_whose_it_is_but_not_in_its_title(dana, world, packet):
    addresses = [page_of(packet), f"{LIST}{packet.pk}/tablet/", f"{LIST}{packet.pk}/withdraw/"]
    pages = [dana.get(address).content.decode() for address in [*addresses, f"{LIST}invite/{world.patient.pk}/"]]
    pages += [dana.post(f"{LIST}{packet.pk}/reissue/").content.decode()]
    for page in pages:
        shown = found(r'(?s)<div class="breadcrumbs">(.*?)</div>', page)
        assert "Rosa Núñez" in shown and str(packet.pk)[:8] not in re.sub(r'href="[^"]*"', "", shown)
        assert not re.search("Rosa|Núñez", found(r"(?s)<title>(.*?)</title>", page))


def test_a_new_link_ends_the_old_one(dana, world, packet):
    before = packet.token_sha256
    page = dana.post(f"{LIST}{packet.pk}/reissue/").content.decode()
    packet.refresh_from_db()
    assert "Shown once" in page
    assert packet.token_sha256 != before
    assert Event.objects.filter(action="packet.link_shown", object_id=str(packet.pk)).exists()


def test_withdrawing_is_asked_once_more_and_looking_withdraws_nothing(dana, packet):
    assert "Withdraw this packet?" in dana.get(f"{LIST}{packet.pk}/withdraw/").content.decode()
    packet.refresh_from_db()
    assert packet.state == "invited"
    dana.post(f"{LIST}{packet.pk}/withdraw/")
    packet.refresh_from_db()
    assert packet.state == "withdrawn"
    assert "New link" not in dana.get(page_of(packet)).content.decode()


def test_a_closed_packet_gets_no_new_link(dana, packet):
    packets.withdraw(packet=packet, by=packet.invited_by)
    before = Packet.objects.get(pk=packet.pk).token_sha256
    dana.post(f"{LIST}{packet.pk}/reissue/")
    assert Packet.objects.get(pk=packet.pk).token_sha256 == before


def test_what_is_missing_is_named_neutrally(dana, packet):
    page, rows = dana.get(page_of(packet)).content.decode(), dana.get(LIST).content.decode()
    assert "Section 9" in page
    assert "Insurance, 10 sections<" in rows and "Section 9" not in rows
    for shown in (page, rows):
        assert "0 of 15" in shown
        assert "Privacy notice" in shown
        for word in ("PHQ", "GAD", "DAST", "substance", "Part 2"):
            assert word.lower() not in shown.lower()


def test_one_section_is_one_and_a_finished_packet_lacks_none(dana, packet):
    packet.steps.exclude(position=9).update(state="done")
    assert ">1 section<" in dana.get(LIST).content.decode()
    packet.steps.update(state="done")
    assert "section<" not in dana.get(LIST).content.decode()


def test_where_a_packet_stands_begins_with_a_capital(dana, packet):
    assert ">Invited<" in dana.get(LIST).content.decode()
    Packet.objects.filter(pk=packet.pk).update(state="in_progress")
    assert ">In progress<" in dana.get(LIST).content.decode()


def test_sections_without_words_in_the_packets_language_are_named_by_number_alone(dana, world):
    given.with_interpreter(world)
    spanish = given.invite(world, language="es").packet
    page = dana.get(page_of(spanish)).content.decode()
    apart = [f"Section {step.position}" for step in spanish.steps.filter(slug__in=("gad-7", "dast-10"))]
    assert len(apart) == 2
    assert f"In English only: {', '.join(apart)}. Offer an interpreter; it is free." in page
    for word in ("GAD", "DAST", "anxiety", "drug", "alcohol", "screen"):
        assert word.lower() not in page.lower()


def test_what_the_desk_is_told_of_an_interpreter_does_not_hang_on_the_answers(dana, world):
    def told():
        return re.findall(r"In English only[^<]*", dana.get(page_of(spanish)).content.decode())

    given.with_interpreter(world)
    spanish = given.invite(world, language="es").packet
    before = told()
    given.complete(spanish)
    assert before and told() == before


def test_an_english_packet_needs_no_interpreter(dana, packet):
    assert "Offer an interpreter" not in dana.get(page_of(packet)).content.decode()


def test_without_published_forms_the_desk_is_told_whom_to_ask(dana, world):
    FormRule.objects.create(clinic=world.clinic, form="not-there", position=1)
    assert "The forms are not published yet." in invite(dana, world).content.decode()
    assert not Packet.objects.exists()


def test_a_visit_by_video_asks_whether_it_will_work(dana, world):
    given.publish(world)
    asked = invite(dana, world, visit_type="telehealth").content.decode()
    assert "Say whether the telehealth visit is by video or by phone." in asked
    invite(dana, world, visit_type="telehealth", visit="video")
    packet = Packet.objects.get()
    assert (packet.visit_type, packet.visit) == ("telehealth", "video")
    assert {"telehealth-readiness", "video-visits"} <= {step.slug for step in packet.steps.all()}
    assert "By video" in dana.get(page_of(packet)).content.decode()


def test_a_filed_packet_reads_as_sent(dana, packet):
    """Whether a clinician approved and filed it is not the desk's to know."""
    Packet.objects.filter(pk=packet.pk).update(state="submitted", submitted_at=clock.now())
    sent = {address: dana.get(address).content for address in (LIST, page_of(packet))}
    Packet.objects.filter(pk=packet.pk).update(state="filed", filed_at=clock.now())
    token = re.compile(rb'csrfmiddlewaretoken" value="\w+"')
    for address, page in sent.items():
        assert token.sub(b"", dana.get(address).content) == token.sub(b"", page)


@pytest.mark.parametrize(("standing", "state"), [
    (["unfinished"], "in_progress"), (["submitted"], "filed"), (["withdrawn"], "withdrawn"),
    (["unfinished", "expired"], "expired"),
])  # fmt: skip
def test_the_list_is_narrowed_by_where_a_packet_stands(dana, packet, standing, state):
    Packet.objects.filter(pk=packet.pk).update(state=state, submitted_at=clock.now())
    shown = {one: page_of(packet) in dana.get(f"{LIST}?standing={one}").content.decode()
             for one in ("unfinished", "submitted", "withdrawn", "expired")}  # fmt: skip
    assert [one for one, is_shown in shown.items() if is_shown] == standing


def test_a_link_whose_time_is_over_reads_expired(dana, packet):
    Packet.objects.filter(pk=packet.pk).update(expires_at="2020-01-01T00:00Z")
    assert page_of(packet) in dana.get(f"{LIST}?standing=expired").content.decode()


@pytest.mark.parametrize("question", ["state=filed", "filed_at__isnull=False", "responses__revision__gte=1", "tries=5"])
def test_an_address_cannot_ask_what_the_page_does_not_offer(dana, packet, question):
    assert dana.get(f"{LIST}?{question}").status_code in (302, 400)


def test_another_clinics_packet_does_not_exist(world, packet):
    drew = signed_in(world.stranger_desk)
    assert drew.get(page_of(packet)).status_code == 404
    for what in ("reissue", "withdraw"):
        assert drew.post(f"{LIST}{packet.pk}/{what}/").status_code == 404
    assert invite(drew, world).status_code == 404
    assert str(packet.pk) not in drew.get(LIST).content.decode()


@pytest.mark.parametrize("who", ["clinician", "supervisor", "compliance", "stranger"])
def test_no_other_role_may_invite_or_reissue(world, packet, who):
    user = getattr(world, who)
    user.is_staff = True
    user.save()
    client = signed_in(user)
    before = Packet.objects.get(pk=packet.pk).token_sha256
    assert invite(client, world).status_code == 404
    assert client.post(f"{LIST}{packet.pk}/reissue/").status_code == 404
    assert client.post(f"{LIST}{packet.pk}/withdraw/").status_code == 404
    assert (Packet.objects.count(), Packet.objects.get().token_sha256) == (1, before)


def test_a_program_or_site_of_another_clinic_cannot_be_chosen(dana, world):
    given.publish(world)
    assert invite(dana, world, program=Program.objects.get(clinic=world.other_clinic).pk).status_code == 200
    assert invite(dana, world, site=Site.objects.get(clinic=world.other_clinic).pk).status_code == 200
    assert not Packet.objects.exists()


def test_nothing_of_a_packet_can_be_written_or_deleted(dana, packet):
    assert dana.post(page_of(packet), {"state": "filed"}).status_code == 404
    assert dana.get(f"{LIST}add/").status_code == 404
    assert dana.post(f"{LIST}{packet.pk}/delete/", {"post": "yes"}).status_code == 404
    packet.refresh_from_db()
    assert packet.state == "invited"


def test_the_list_leaves_one_event_and_its_queries_do_not_grow(dana, world, packet):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert dana.get(LIST).status_code == 200
        return len(asked)

    few = queries()
    assert Event.objects.filter(action="patient.read").count() == 1
    for n in range(4):
        someone = core.services.register_patient(
            clinic=world.clinic, given_name="Noa", family_name=f"F{n}", actor=Actor.system("test"),
            birth_date=date(1980, 1, 1),
        )  # fmt: skip
        packets.invite(
            patient=someone, program=world.program, site=world.site, language="en", invited_by=world.front_desk
        )
    assert queries() == few


def test_a_locked_link_says_so_and_a_new_one_opens_it_again(dana, world, packet):
    Packet.objects.filter(pk=packet.pk).update(tries=packets.MAX_TRIES)
    assert "Locked: somebody typed five wrong dates" in dana.get(page_of(packet)).content.decode()
    for standing in ("locked", "unfinished"):
        assert page_of(packet) in dana.get(f"{LIST}?standing={standing}").content.decode()
    dana.post(f"{LIST}{packet.pk}/reissue/")
    assert "Locked" not in dana.get(page_of(packet)).content.decode()
    assert page_of(packet) not in dana.get(f"{LIST}?standing=locked").content.decode()


def test_who_answers_is_on_the_packets_page_and_not_in_the_list(dana, world, packet):
    assert "Answered by" in dana.get(page_of(packet)).content.decode()
    answer_as(packet=packet, name="Marta Núñez", relationship="guardian", helper_id=world.front_desk.id)
    given.answer(packet, "demographics", helped=given.help_by(packet, world.front_desk))
    page = dana.get(page_of(packet)).content.decode()
    assert "Marta Núñez for the patient (legal guardian), helped by Dana Desk" in page
    assert "Start on this device" in page
    assert "Marta" not in dana.get(LIST).content.decode()


def test_the_packets_page_takes_as_many_queries_whatever_was_answered(dana, world, packet):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert dana.get(page_of(packet)).status_code == 200
        return len(asked)

    queries()  # the first to come reads the forms, which stay in memory
    few = queries()
    given.complete(packet)
    assert queries() == few
    assert few <= MOST_QUERIES_OF_A_PACKETS_PAGE


def test_a_packet_has_no_history_page_that_says_nothing(dana, packet):
    assert "historylink" not in dana.get(page_of(packet)).content.decode()
    assert dana.get(f"{LIST}{packet.pk}/history/").status_code == 404
