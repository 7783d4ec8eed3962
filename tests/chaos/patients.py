"""Patients who answer question 9 from their phones, and go on trying with the same key until they get a reply."""

import http.client
import json
import threading
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from chaos.house import House
from config.demo.browser import Browser

DANGEROUS = "LA6569-3"
TRIES, WAIT, PAUSE = 40, 5.0, 0.2  # seconds that a phone waits for a reply, and until it tries again


class Patient:
    """One phone at the PHQ-9. `packet` is what the checker looks for."""

    def __init__(self, house: House) -> None:
        link = house.link()
        self.house, self.packet, self.key = house, link["packet"], str(uuid.uuid4())
        self.browser = Browser()
        form = self.browser.get(f"{house.base}/i/").form_with("token")
        self.browser.send(form, {"token": link["token"], "birth_date": "03/15/1990"})
        drawn = dict(self.browser.get(f"{house.base}/i/packet/phq-9/").form_with("!client").fields)
        jars: list[Any] = [one for one in vars(self.browser._opener)["handlers"] if hasattr(one, "cookiejar")]
        self.headers = {
            "Cookie": "; ".join(f"{one.name}={one.value}" for one in jars[0].cookiejar),
            "X-CSRFToken": drawn["csrfmiddlewaretoken"],
            "Content-Type": "application/json",
        }
        answer = {"changes": {"phq9-q9": [DANGEROUS]}, "have": [], "client": drawn["!client"], "revision": 0}
        self.body = json.dumps({"key": self.key, **answer}).encode()

    def answer(self) -> None:
        """Until the server says that it has it; what came back of each try is history."""
        for _ in range(TRIES):
            self.house.history.note("asked", packet=self.packet)
            status = self.try_once()
            self.house.history.note("replied", packet=self.packet, status=status)
            if 200 <= status < 300:
                return
            threading.Event().wait(PAUSE)
        raise AssertionError("a patient got no reply, however often the phone tried")

    def try_once(self) -> int:
        """The status of the reply; 0 when there was none."""
        address = urlsplit(self.house.base)
        line = http.client.HTTPConnection(str(address.hostname), address.port, timeout=WAIT)
        try:
            line.request("POST", "/i/packet/phq-9/save?section=", self.body, self.headers)
            reply = line.getresponse()
            reply.read()
            return reply.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            line.close()

    def sees_the_answer(self) -> bool:
        """Whether it stands on the page as the patient gave it."""
        page = self.browser.get(f"{self.house.base}/i/packet/phq-9/")
        return ("phq9-q9", f"http://loinc.org|{DANGEROUS}") in page.form_with("!client").fields


class Patients:
    """Several at once."""

    def __init__(self, house: House, count: int) -> None:
        self.pool = ThreadPoolExecutor(count)
        self.all = list(self.pool.map(lambda _: Patient(house), range(count)))
        self.answering: list[Future[None]] = []

    @property
    def packets(self) -> list[str]:
        return [one.packet for one in self.all]

    def begin(self) -> None:
        self.answering = [self.pool.submit(one.answer) for one in self.all]

    def finish(self) -> None:
        """Raises what went wrong at one of them."""
        for one in self.answering:
            one.result()
        self.pool.shutdown()
