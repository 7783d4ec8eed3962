"""Asking for an instrument again from several windows at once: one packet, as one after the other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import packets as given
import pytest
from django.db import connections
from staff_story import submitted

from intake.models import Packet
from intake.services.measuring import Unfinished, ask_again

pytestmark = pytest.mark.django_db(transaction=True)


def test_four_presses_at_once_make_one_packet(world):
    submitted(given.invite(world).packet)
    barrier = threading.Barrier(4)

    def press(_number):
        barrier.wait()
        try:
            return ask_again(patient=world.patient, instrument="phq-9", user=world.clinician)
        except Unfinished:
            return None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(press, range(4)))
    assert made.count(None) == 3
    assert Packet.objects.count() == 2
