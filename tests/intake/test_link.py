"""The link and the code: five tries, the same answer for everything wrong, a digest in the database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import packets as given
import pytest
from django.db import connection

from intake.models import Packet
from intake.services import packets

BORN = date(1990, 3, 15)


@pytest.fixture
def invitation(world):
    return given.invite(world)


def test_the_token_and_the_typed_code_open_it(invitation):
    assert packets.open_packet(secret=invitation.token, birth_date=BORN)
    spaced = f" {invitation.code[:5].lower()}-{invitation.code[5:]} "
    assert packets.open_packet(secret=spaced, birth_date=BORN).state == Packet.State.OPENED


@pytest.mark.parametrize("secret", ["", "ABCDEFGHJK", "x" * 500, "\x00", "🙂"])
def test_an_unknown_secret_opens_nothing(invitation, secret):
    assert packets.open_packet(secret=secret, birth_date=BORN) is None


def test_neither_token_nor_code_is_in_the_database(invitation):
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text FROM intake_packet p UNION ALL SELECT h::text FROM intake_historicalpacket h")
        stored = " ".join(row for (row,) in cursor.fetchall())
    assert invitation.token not in stored
    assert invitation.code not in stored


def test_after_five_wrong_dates_even_the_right_one_is_refused(invitation):
    for _ in range(5):
        assert packets.open_packet(secret=invitation.token, birth_date=date(1991, 1, 1)) is None
    assert packets.open_packet(secret=invitation.token, birth_date=BORN) is None


def test_a_reissued_link_opens_and_the_old_one_does_not(world, invitation):
    fresh = packets.reissue(packet=invitation.packet, by=world.front_desk)
    assert packets.open_packet(secret=invitation.token, birth_date=BORN) is None
    assert packets.open_packet(secret=fresh.token, birth_date=BORN)


def test_a_withdrawn_or_expired_link_opens_nothing(world, invitation):
    packets.withdraw(packet=invitation.packet, by=world.front_desk)
    assert packets.open_packet(secret=invitation.token, birth_date=BORN) is None
    other = given.invite(world)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE intake_packet SET expires_at = now() - interval '1 minute' WHERE id = %s", [other.packet.id]
        )
    assert packets.open_packet(secret=other.token, birth_date=BORN) is None


@pytest.mark.django_db(transaction=True)
def test_parallel_guesses_are_counted_to_exactly_five(world):
    invitation = given.invite(world)

    def guess(number):
        try:
            return packets.open_packet(secret=invitation.token, birth_date=date(1960, 1, 1 + number % 28))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(guess, range(30))) == {None}
    assert Packet.objects.get().tries == 5
