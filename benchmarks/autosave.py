"""Autosave beside its floor: `python -m benchmarks.autosave`. Needs what the tests need: a PostgreSQL and its owner.

Both are served by gunicorn (one worker, four threads, a connection pool) on loopback, one after the other in each
round, with the same number of the same bodies: the 16 items of PHQ-9 and GAD-7, answered one by one on several phones
at once. Ours reads the session, checks CSRF, locks, merges, scores, encrypts, and writes history and evidence; the
floor upserts one row. What counts is the ratio; requests per second are this machine's, today. Goal: 0.5.

A table to read, never a test. It ends by itself: ROUNDS * PACKETS * 16 requests each, or LONGEST seconds a run.
"""

import http.client
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")

import django  # noqa: E402  (found by the lines above)

django.setup()

import packets as given  # noqa: E402
import template  # noqa: E402
from django.db import OperationalError, connection  # noqa: E402
from owner import as_owner  # noqa: E402
from personas import build_world  # noqa: E402
from serving import House, open_house  # noqa: E402

from benchmarks.floor import TABLE  # noqa: E402
from config.demo.browser import Browser  # noqa: E402

ROUNDS, PACKETS, PHONES, LONGEST = 3, 12, 6, 60.0
KEYS = [*(("phq-9", f"phq9-q{n}") for n in range(1, 10)), *(("gad-7", f"gad7-q{n}") for n in range(1, 8))]
Request = tuple[str, dict[str, str], bytes]


@contextmanager
def database() -> Iterator[None]:
    """One to measure on, gone afterwards. Ends with one line where no PostgreSQL answers."""
    try:
        connection.ensure_connection()
    except OperationalError:
        sys.exit("No database answers here. Start it with ./run setup, then measure again.")
    connection.close()
    with template.database():
        yield


def ours(house: House, invitation: "given.packets.Invitation") -> list[Request]:
    """The requests of one phone whose link is open, each with a key of its own."""
    browser = Browser()
    form = browser.get(f"{house.base}/i/").form_with("token")
    browser.send(form, {"token": invitation.token, "birth_date": "03/15/1990"})
    jars: list[Any] = [one for one in vars(browser._opener)["handlers"] if hasattr(one, "cookiejar")]
    cookies = "; ".join(f"{one.name}={one.value}" for one in jars[0].cookiejar)
    requests = []
    for slug in ("phq-9", "gad-7"):
        drawn = dict(browser.get(f"{house.base}/i/packet/{slug}/").form_with("!client").fields)
        headers = {"Cookie": cookies, "X-CSRFToken": drawn["csrfmiddlewaretoken"], "Content-Type": "application/json"}
        requests += [
            (f"/i/packet/{slug}/save?section=", headers, body(key, drawn["!client"])) for of, key in KEYS if of == slug
        ]
    return requests


def body(key: str, client: str) -> bytes:
    answer = {"changes": {key: [given.NOT_AT_ALL]}, "have": [], "client": client, "revision": 0}
    return json.dumps({"key": str(uuid.uuid4()), **answer}).encode()


def floor() -> list[Request]:
    packet = uuid.uuid4()
    return [(f"/floor/{packet}", {"Content-Type": "application/json"}, body(key, "")) for _, key in KEYS]


def rate(house: House, phones: list[list[Request]]) -> float:
    """Requests per second, PHONES at a time, each phone's one after the other."""
    address = urlsplit(house.base)
    deadline = time.monotonic() + LONGEST

    def drive(requests: list[Request]) -> int:
        line = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
        done = 0
        for path, headers, content in requests:
            if time.monotonic() > deadline:
                break
            line.request("POST", path, content, headers)
            reply = line.getresponse()
            text = reply.read()
            if reply.status != 200:
                raise RuntimeError(f"{path}: {reply.status} {text[:200]!r}")
            done += 1
        line.close()
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(PHONES) as many:
        done = sum(many.map(drive, phones))
    return done / (time.perf_counter() - started)


def main() -> None:
    settings = {"DJANGO_SETTINGS_MODULE": "benchmarks.settings"}
    with tempfile.TemporaryDirectory() as folder, database():
        with as_owner(autocommit=True) as owner:
            owner.execute(TABLE)
            owner.execute(f'GRANT ALL ON candor_floor TO "{connection.settings_dict["USER"]}"')
        world = build_world()
        given.publish(world)
        (one, two) = (Path(folder) / "ours", Path(folder) / "floor")
        for place in (one, two):
            place.mkdir()
        with (
            open_house(one, settings=settings) as house,
            open_house(two, settings={**settings, "CANDOR_FLOOR": "1"}) as least,
        ):
            print(f"{'round':>5} {'autosave/s':>11} {'floor/s':>9} {'ratio':>6}")
            ratios = []
            for number in range(1, ROUNDS + 1):
                phones = [ours(house, given.invite(world)) for _ in range(PACKETS)]
                plain, saving = rate(least, [floor() for _ in range(PACKETS)]), rate(house, phones)
                ratios.append(saving / plain)
                print(f"{number:>5} {saving:>11.0f} {plain:>9.0f} {ratios[-1]:>6.2f}", flush=True)
            print(f"median ratio {statistics.median(ratios):.2f} (goal 0.5)")


if __name__ == "__main__":
    main()
