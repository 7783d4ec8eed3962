"""Staff come in by e-mail, password and a code of this session; nothing less opens a staff page."""

import io
import re
import time

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import get_resolver
from personas import signed_in

from audit.models import Event
from core.middleware import LAST_SEEN
from core.models import User

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "a long enough password"
LOGIN, CODE, SET_UP = "/accounts/login/", "/accounts/2fa/authenticate/", "/accounts/2fa/totp/activate/"
STAFF = ("/staff/", "/staff/inbox/", "/incidents/ABCDEFGH/", "/admin/", "/admin/core/patient/", "/audit/")


@pytest.fixture(autouse=True)
def no_tries_before(db):
    cache.clear()


@pytest.fixture
def casey(world):
    sealed = get_adapter().encrypt(SECRET)
    Authenticator.objects.create(user=world.clinician, type=Authenticator.Type.TOTP, data={"secret": sealed})
    return world.clinician


def code(secret=SECRET, steps=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def give_password(client, user, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": user.email, "password": password, **more})


def staff_addresses():
    """Every address under the staff's paths, its arguments filled in."""
    filled = {
        "<code>": "ABCDEFGH", "<uuid:patient_id>": "5e8b5f5a-6f0e-4c8e-9a57-7f2f8d8a2a11",
        "<uuid:packet_id>": "5e8b5f5a-6f0e-4c8e-9a57-7f2f8d8a2a11",
        "<uuid:item_id>": "5e8b5f5a-6f0e-4c8e-9a57-7f2f8d8a2a11", "<path:object_id>": "x", "<str:object_id>": "x",
    }  # fmt: skip
    for route in _routes(get_resolver().url_patterns):
        for what, value in filled.items():
            route = route.replace(what, value)
        if route.startswith(("staff/", "incidents/", "chart/", "audit/", "admin/")) and "(" not in route:
            yield f"/{route}"


def _routes(patterns, before=""):
    for one in patterns:
        here = before + str(one.pattern)
        yield from _routes(one.url_patterns, here) if hasattr(one, "url_patterns") else [here]


def test_password_and_code_open_the_page_that_was_asked_for(casey):
    client = Client()
    asked = client.get("/staff/inbox/")
    assert asked["Location"] == f"{LOGIN}?next=/staff/inbox/"
    first = give_password(client, casey, next="/staff/inbox/")
    assert first["Location"].startswith(CODE)
    second = client.post(CODE, {"code": code(), "next": "/staff/inbox/"})
    assert second["Location"] == "/staff/inbox/"
    assert client.get("/staff/inbox/").status_code == 200
    assert Event.objects.filter(action="staff.signed_in", actor_id=str(casey.id)).count() == 1


def test_every_staff_address_is_in_the_crawl():
    found = set(staff_addresses())
    assert {"/staff/", "/staff/inbox/", "/audit/", "/admin/core/patient/", "/admin/login/"} <= found
    assert len(found) > 20


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_password_alone_reaches_no_staff_address(casey, method):
    client = Client()
    give_password(client, casey)
    for address in staff_addresses():
        reply = getattr(client, method)(address)
        assert (reply.status_code, reply["Location"].split("?")[0]) == (302, LOGIN), address


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_reaches_no_staff_address(db, method):
    for address in staff_addresses():
        reply = getattr(Client(), method)(address)
        assert (reply.status_code, reply["Location"].split("?")[0]) == (302, LOGIN), address


def test_a_session_without_the_second_factor_is_ended_even_if_it_says_it_is_signed_in(casey):
    """As a remembered or copied session from before the code was set up."""
    client = Client()
    client.force_login(casey, backend="allauth.account.auth_backends.AuthenticationBackend")
    for address in STAFF:
        assert client.get(address)["Location"].split("?")[0] == LOGIN


def test_an_account_without_an_app_sets_one_up_first(world):
    client = Client()
    give_password(client, world.clinician)
    for address in STAFF:
        assert client.get(address)["Location"] == SET_UP
    assert "Is it still you?" in client.get(SET_UP, follow=True).content.decode()
    page = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": SET_UP}, follow=True)
    secret = page.context["form"].secret
    done = client.post(SET_UP, {"code": code(secret)}, follow=True)
    assert "Recovery codes" in done.content.decode()
    assert client.get("/staff/inbox/")["Location"].startswith(LOGIN), "the new code has to be used once"


def test_the_admins_own_login_asks_for_no_password_of_its_own(casey):
    reply = Client().get("/admin/login/?next=/admin/")
    assert reply["Location"].split("?")[0] == LOGIN
    refused = Client().post("/admin/login/", {"username": casey.email, "password": PASSWORD})
    assert refused["Location"].split("?")[0] == LOGIN


def test_a_wrong_password_is_said_plainly_and_the_same_for_an_unknown_address(casey):
    wrong = give_password(Client(), casey, "not the password at all").content.decode()
    unknown = Client().post(LOGIN, {"login": "who@clinic.test", "password": "x" * 12}).content.decode()
    for page in (wrong, unknown):
        assert "don&#x27;t go together" in page
    assert Event.objects.filter(action="staff.sign_in_failed").count() >= 1
    assert casey.email not in "".join(Event.objects.values_list("context", flat=True))


def test_a_wrong_code_is_said_plainly(casey):
    client = Client()
    give_password(client, casey)
    assert "Incorrect code" in client.post(CODE, {"code": "000000"}).content.decode()
    assert client.get("/staff/inbox/")["Location"].startswith(LOGIN)


def test_a_code_works_once(casey):
    now = code()
    client = Client()
    give_password(client, casey)
    assert client.post(CODE, {"code": now}).status_code == 302
    again = Client()
    give_password(again, casey)
    assert "Incorrect code" in again.post(CODE, {"code": now}).content.decode()


def test_many_wrong_passwords_are_stopped(casey):
    for _ in range(5):
        give_password(Client(), casey, "not the password at all")
    reply = give_password(Client(), casey)
    assert "too many tries" in reply.content.decode().lower()


def test_fifteen_idle_minutes_end_the_session_on_the_server(casey):
    client = signed_in(casey)
    assert client.get("/staff/inbox/").status_code == 200
    session = client.session
    session[LAST_SEEN] -= 15 * 60 + 1
    session.save()
    assert client.get("/staff/inbox/")["Location"].startswith(LOGIN)
    assert client.get("/staff/")["Location"].startswith(LOGIN)


def test_polling_alone_does_not_keep_a_session_alive(casey):
    client = signed_in(casey)
    client.get("/staff/inbox/")
    session = client.session
    session[LAST_SEEN] -= 60
    session.save()
    seen = client.session[LAST_SEEN]
    client.get("/staff/inbox/", headers={"HX-Request": "true", "HX-Polling": "true"})
    assert client.session[LAST_SEEN] == seen
    client.get("/staff/inbox/")
    assert client.session[LAST_SEEN] > seen


def test_a_switched_off_account_is_out_at_once(casey):
    client = signed_in(casey)
    casey.is_active = False
    casey.save()
    assert client.get("/staff/inbox/")["Location"].startswith(LOGIN)


def test_signing_out_ends_the_session_and_leaves_an_event(casey):
    client = signed_in(casey)
    client.post("/accounts/logout/")
    assert client.get("/staff/inbox/")["Location"].startswith(LOGIN)
    assert Event.objects.filter(action="staff.signed_out", actor_id=str(casey.id)).exists()


def test_signing_out_by_a_link_is_asked_once_more(casey):
    client = signed_in(casey)
    assert "Sign out?" in client.get("/accounts/logout/").content.decode()
    assert client.get("/staff/inbox/").status_code == 200


def test_nobody_can_make_an_account(db):
    page = Client().get("/accounts/signup/")
    assert b"password1" not in page.content


@pytest.mark.parametrize("address", [LOGIN, CODE, "/accounts/reauthenticate/", "/accounts/2fa/"])
def test_sign_in_pages_are_not_kept(casey, address):
    client = Client()
    give_password(client, casey)
    assert client.get(address)["Cache-Control"] == "no-store"


@pytest.mark.parametrize("where", ["https://evil.test/", "//evil.test/", "https:evil.test"])
def test_signing_in_leads_to_no_other_host(casey, where):
    client = Client()
    give_password(client, casey, next=where)
    assert "evil" not in client.post(CODE, {"code": code(), "next": where})["Location"]


def test_a_recovery_code_stands_in_for_the_phone_once(world, casey):
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    spare = RecoveryCodes.activate(casey).get_unused_codes()[0]
    for expected in (302, 200):
        client = Client()
        give_password(client, casey)
        assert client.post(CODE, {"code": spare}).status_code == expected


def add(*said, **named):
    out = io.StringIO()
    named = {"name": "Noor Castle", "role": "compliance", "clinic": "Harbor Clinic"} | named
    call_command("add_staff", *said, **named, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


def test_somebody_new_sets_a_password_at_the_printed_address_once(world):
    address = add("Noor@clinic.test").removeprefix(settings.BASE_URL)
    noor, client = User.objects.get(email="noor@clinic.test"), Client()
    assert (noor.has_usable_password(), noor.is_staff, noor.memberships.get().role) == (False, True, "compliance")
    assert Event.objects.get(action="staff.added").clinic_id == world.clinic.id
    page = client.get(address, follow=True)
    assert "Set your password" in page.content.decode()
    short = {"password1": "short", "password2": "short"}
    assert "too short" in client.post(page.request["PATH_INFO"], short).content.decode()
    new = {"password1": "a quite long new phrase", "password2": "a quite long new phrase"}
    assert "Your password is set" in client.post(page.request["PATH_INFO"], new, follow=True).content.decode()
    give_password(client, noor, new["password1"])
    assert client.get("/staff/")["Location"] == SET_UP
    page = client.post("/accounts/reauthenticate/", {"password": new["password1"], "next": SET_UP}, follow=True)
    done = client.post(SET_UP, {"code": code(page.context["form"].secret)}, follow=True)
    assert "Recovery codes" in done.content.decode()
    assert "used already" in Client().get(address, follow=True).content.decode()


@pytest.mark.parametrize(
    ("said", "named", "words"),
    [
        ("noor", {}, "noor is no e-mail address."),
        ("comp@clinic.test", {}, "Somebody signs in as comp@clinic.test already."),
        ("noor@clinic.test", {"clinic": "Harbour"}, "There is no clinic of that name. Those there are: Elsewhere"),
        ("noor@clinic.test", {"role": "boss"}, "invalid choice: 'boss'"),
        ("noor@clinic.test", {"name": "N" * 121}, "Write the person's name, up to 120 letters"),
        ("noor@clinic.test", {"name": "Noor\x1b[2J Castle"}, "Write the person's name"),
        ("noor@clinic.test", {"name": " "}, "Write the person's name"),
        ("noor@clinic.test", {"credentials": "L" * 41}, "--credentials takes up to 40 letters"),
        (f"noor@{'n' * 60}.{'n' * 60}.{'n' * 60}.test", {}, "An address of more than 150 letters"),
    ],
)
def test_what_does_not_fit_adds_nobody_and_says_so_in_one_line(world, said, named, words):
    count = User.objects.count()
    with pytest.raises(CommandError, match=re.escape(words)) as refused:
        add(said, **named)
    assert "\n" not in str(refused.value) and User.objects.count() == count
