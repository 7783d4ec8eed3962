"""Real processes in every run: the web killed right after the commit, and what they write down.

What else may die or hang, and who pages meanwhile, is in test_chaos.py.
"""

import subprocess
import sys
import urllib.error
from http.client import RemoteDisconnected

import packets as given
import pytest
from serving import ROOT, open_house

from config.demo.browser import Browser
from escalation.models import Incident, Page
from intake.models import Response

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

DANGEROUS = {f"phq9-q{n}": "LA6569-3" if n == 9 else "LA6568-5" for n in range(1, 10)}


def patient_at_the_phq9(world, house):
    """A browser at the PHQ-9 page; `world` is the clinic, the link is opened with the date of birth."""
    invitation = given.invite(world)
    browser = Browser()
    page = browser.get(f"{house.base}/i/")
    browser.send(page.form_with("token"), {"token": invitation.token, "birth_date": "03/15/1990"})
    page = browser.get(f"{house.base}/i/packet/phq-9/")
    return browser, page.form_with("!help-seen")


def delivered() -> bool:
    return Page.objects.filter(state="delivered", user__isnull=False).exists()  # a canary's page is nobody's


def test_a_web_process_killed_right_after_the_commit_still_pages(world, tmp_path):
    with open_house(tmp_path, application="dying_wsgi:application") as house:
        browser, form = patient_at_the_phq9(world, house)
        with pytest.raises((RemoteDisconnected, urllib.error.URLError, ConnectionError)):
            browser.send(form, DANGEROUS)
        assert "LA6569-3" in str(Response.objects.get(packet__patient=world.patient).answers)
        with house.running("dispatch", "manage.py", "dispatch", "--interval", "0.2"):
            assert Incident.objects.get().code in house.post.next_letter().body


def test_the_logs_of_the_processes_hold_nothing_of_the_patient(world, tmp_path):
    with open_house(tmp_path) as house, house.running("dispatch", "manage.py", "dispatch", "--interval", "0.2"):
        browser, form = patient_at_the_phq9(world, house)
        browser.send(form, DANGEROUS)
        house.post.next_letter()
        broken = browser.get(f"{house.base}/i/packet/demographics/")
        browser.send(broken.form_with("!help-seen"), {"demo-given": "Quetzalcoatl"})
    said = "".join(file.read_text() for file in tmp_path.glob("*.log"))
    born = ("1990-03-15", "03/15/1990", "19900315", "March 15, 1990")  # whole days: a process may have the number 1990
    for secret in ("Quetzalcoatl", "Rosa", "Núñez", *born, "LA6569-3", "rosa@example.test"):
        assert secret not in said


def test_dispatch_once_does_what_is_due_and_ends(house, world):
    given.answer(given.invite(world).packet, "phq-9", {"phq9-q9": ["LA6569-3"]})
    done = subprocess.run(
        [sys.executable, "manage.py", "dispatch", "--once"],
        cwd=ROOT, env=house.environment(), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert delivered()
