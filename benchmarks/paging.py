"""How long a dangerous answer takes to a human's provider, and whether that grows: `python -m benchmarks.paging`.

Needs what the tests need: a PostgreSQL and its owner, and a broker in REDIS_URL. Patients post question 9 to gunicorn,
a few a second; an SMTP receiver notes when it was handed each page. Timed from the moment the phone sends, so that the
saving is in it (and stands beside it: until the phone has its reply). Once with Celery (worker and beat) alone, once
with `manage.py dispatch` alone, each as it is set in an installation, while the site holds 10, 1,000 and 100,000 other
incidents, half of them open with their next step an hour away. The floor is measured beside each run: one INSERT
committed and one bare SMTP hand-over, which no page can do without. What counts is the ratio to it, and that the last
column stays near 1; milliseconds are this machine's, today. Dispatch alone looks once a second: that is its latency.

A table to read, never a test. It ends by itself.
"""

import email
import logging
import os
import smtplib
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from email.message import EmailMessage
from pathlib import Path

from benchmarks.autosave import database  # first: it sets Django up

# isort: split
import packets as given
from django.db import connection
from owner import as_owner
from personas import SEED, World, build_world
from serving import House, open_house

import core.services
from chaos.patients import Patient
from core import clock
from escalation.models import Incident
from escalation.services import duty
from intake.services import packets

SIZES, FIRST, ANSWERS, EVERY, PATIENCE = (10, 1_000, 100_000), 5, 100, 0.2, 120.0
SETTINGS = {"DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
DRIVERS = {
    "celery": ("-m", "celery", "-A", "config", "worker", "--beat", "--concurrency", "1", "--loglevel", "WARNING"),
    "dispatch": ("manage.py", "dispatch"),
}
TABLE = "CREATE TABLE candor_floor (id uuid PRIMARY KEY, body text NOT NULL)"
# Copies of one that was made by an answer, each with a page that went out.
INCIDENTS = """
WITH made AS (
  INSERT INTO escalation_incident (id, code, clinic_id, site_id, patient_id, source_ref, urgency, snapshot, ladder,
    state, step, loop, is_canary, opened_at, due_at, resolved_at)
  SELECT gen_random_uuid(), upper(lpad(to_hex(n), 8, '0')), clinic_id, site_id, patient_id, gen_random_uuid(), urgency,
    snapshot, ladder, CASE n %% 2 WHEN 0 THEN 'notifying' ELSE 'resolved' END, step, loop,
    false, opened_at - n * interval '1 minute', CASE n %% 2 WHEN 0 THEN now() + interval '1 hour' END,
    CASE n %% 2 WHEN 1 THEN now() END
  FROM escalation_incident, generate_series(%(from)s::int, %(to)s::int) AS n WHERE source_ref = %(like)s
  RETURNING id
)
INSERT INTO escalation_page (id, incident_id, round, user_id, kind, channel, state, attempt, last_error, provider_id,
  provider_seq, accepted_at)
SELECT gen_random_uuid(), id, 1, %(user)s, 'alert', 'email', 'delivered', 1, '', '', 0, now() FROM made
"""


class Waiting:
    """What `Patient` asks of a house: where it is, and a link for one more."""

    def __init__(self, world: World, house: House) -> None:
        self.world, self.base = world, house.base

    def link(self) -> dict[str, str]:
        world = self.world
        patient = core.services.register_patient(
            clinic=world.clinic, given_name="Rosa", family_name="Núñez", birth_date=date(1990, 3, 15), actor=SEED
        )
        made = packets.invite(
            patient=patient, program=world.program, site=world.site, language="en", invited_by=world.front_desk
        )
        return {"packet": str(made.packet.id), "token": made.token}


def build() -> World:
    world = build_world()
    given.publish(world)
    duty.put_on_call(
        clinic=world.clinic, user=world.clinician, level="on_call", starts_at=clock.now(), actor=SEED
    )  # one page an answer
    given.answer(given.invite(world).packet, "phq-9", {"phq9-q9": [given.SEVERAL]})
    return world


def fill(world: World, size: int) -> None:
    """Up to `size` incidents that are not measured."""
    theirs = Incident.objects.filter(patient=world.patient)  # one by an answer, the others opened before it
    there, like = theirs.count() - 1, theirs.latest("opened_at").source_ref
    with as_owner(autocommit=True) as owner:
        owner.execute(INCIDENTS, {"from": there + 1, "to": size, "like": like, "user": world.clinician.pk})
        owner.execute("ANALYZE")


def arrivals(house: House) -> dict[str, float]:
    """When the first page of each code was handed over, on this machine's clock."""
    found: dict[str, float] = {}
    for file in sorted(house.post.folder.glob("*.eml")):
        code = str(email.message_from_bytes(file.read_bytes())["X-Reference"])
        found.setdefault(code, file.stat().st_mtime)
    return found


def measure(world: World, house: House) -> tuple[list[float], list[float]]:
    """Seconds from the tap to the reply, and to the provider, of each answer; without the first ones, which wait for
    processes to start."""
    waiting = Waiting(world, house)
    patients = [Patient(waiting) for _ in range(FIRST + ANSWERS)]
    timed(house, patients[:FIRST])
    return timed(house, patients[FIRST:])


def timed(house: House, patients: list[Patient]) -> tuple[list[float], list[float]]:
    began: dict[str, float] = {}

    def answer(patient: Patient) -> float:
        began[patient.packet] = time.time()
        if 200 not in (status := patient.try_once(), status or patient.try_once()):
            raise RuntimeError(f"an answer was not taken: {status}")
        return time.time() - began[patient.packet]

    with ThreadPoolExecutor(8) as phones:
        replies = []
        for patient in patients:
            replies.append(phones.submit(answer, patient))
            threading.Event().wait(EVERY)
        saved = [one.result() for one in replies]
    ours = Incident.objects.filter(source_ref__in=began)
    codes = {code: began[str(packet)] for packet, code in ours.values_list("source_ref", "code")}
    deadline = time.monotonic() + PATIENCE
    while not codes.keys() <= (there := arrivals(house)).keys():
        if time.monotonic() > deadline:
            raise RuntimeError("not every page was handed over")
        threading.Event().wait(0.5)
    return saved, [there[code] - at for code, at in codes.items()]


def floor(house: House) -> list[float]:
    """Seconds of one INSERT with its commit and one letter handed over, each time on a new line to the receiver."""
    took = []
    for _ in range(ANSWERS):
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = "alerts@localhost", "clin@clinic.test", "Floor"
        letter["X-Reference"] = "floor"
        letter.set_content("A line as long as that of a page.\n")
        began = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO candor_floor VALUES (%s, %s)", [uuid.uuid4(), str(letter)])
        with smtplib.SMTP("127.0.0.1", house.smtp_port, timeout=10) as line:
            line.send_message(letter)
        took.append(time.perf_counter() - began)
    return took


def marks(seconds: list[float]) -> list[float]:
    """p50, p95 and p99 in milliseconds."""
    cut = statistics.quantiles(seconds, n=100, method="inclusive")
    return [1000 * cut[one - 1] for one in (50, 95, 99)]


@contextmanager
def paged_by(driver: str) -> Iterator[House]:
    broker = os.environ["REDIS_URL"] if driver == "celery" else ""
    broker += ("&" if "?" in broker else "?") + "virtual_host=9" if broker.startswith("redis+socket") else ""
    with tempfile.TemporaryDirectory() as folder:
        schedule = ("--schedule", f"{folder}/beat") if driver == "celery" else ()
        with (
            open_house(Path(folder), broker=broker, settings=SETTINGS) as house,
            house.running(driver, *DRIVERS[driver], *schedule),
        ):
            yield house


def main() -> None:
    if not os.environ.get("REDIS_URL"):
        sys.exit("REDIS_URL is not set: ./run setup leaves a broker running and writes its address to .env.local.")
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # the receiver tells of each letter
    with database():
        with as_owner(autocommit=True) as owner:
            owner.execute(TABLE)
            owner.execute(f'GRANT ALL ON candor_floor TO "{connection.settings_dict["USER"]}"')
        world = build()
        print(f"{ANSWERS} answers each, {1 / EVERY:.0f} a second; milliseconds: p50 p95 p99")
        print(f"{'incidents':>9} {'by':<8} {'reply':>17} {'handed over':>17} {'floor':>17} {'ratio':>6} {'growth':>6}")
        first: dict[str, float] = {}
        for size in SIZES:
            fill(world, size)
            for driver in DRIVERS:
                with paged_by(driver) as house:
                    saved, handed = measure(world, house)
                    least, mine, reply = marks(floor(house)), marks(handed), marks(saved)
                ratio = mine[0] / least[0]
                columns = " ".join(f"{mark:>5.0f}" for mark in (*reply, *mine, *least))
                growth = mine[0] / first.setdefault(driver, mine[0])
                print(f"{size:>9,} {driver:<8} {columns} {ratio:>6.1f} {growth:>6.2f}", flush=True)


if __name__ == "__main__":
    main()
