"""A bad network is the normal case: whatever is cut, and whoever dies, the packet equals what was typed, once."""

import hashlib
import http.client
import json
import os
import re
import socket
import socketserver
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import packets as given
import pytest
from serving import open_house, until

from audit.models import Event
from config.demo.browser import Browser
from consents.models import Signature
from core.models import OutboxMessage
from intake import selectors
from intake.models import Packet, Response, SavedAnswer, Submission

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

CUTS = ("before the request is sent", "after it was received", "in the middle of the reply")
BROKEN = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError)


# --- a line that is cut, and a phone that does not give up ------------------------------------------------


class Line(socketserver.ThreadingTCPServer):
    """Between phone and server. A POST that is new to it is cut in every way before it gets through, a GET in one."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, cuts=CUTS) -> None:
        super().__init__(("127.0.0.1", 0), Cutting)
        self.port, self.cuts, self.lock = port, cuts, threading.Lock()
        self.seen: Counter[bytes] = Counter()
        self.base = f"http://127.0.0.1:{self.server_address[1]}"

    def cut(self, request: bytes) -> str:
        head, _, body = request.partition(b"\r\n\r\n")
        with self.lock:
            what = hashlib.sha256(head.split(b" HTTP/")[0] + body).digest()
            self.seen[what] += 1
            cuts = self.cuts if head.startswith(b"POST") else self.cuts[len(self.seen) % len(self.cuts) :][:1]
            return cuts[self.seen[what] - 1] if self.seen[what] <= len(cuts) else ""


class Cutting(socketserver.BaseRequestHandler):
    server: Line

    def handle(self) -> None:
        request = self._whole(self.request)
        cut = self.server.cut(request)
        if cut == CUTS[0] or not request:
            return
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as server:
            server.sendall(request)
            reply = b"".join(iter(lambda: server.recv(65536), b""))  # the phone said "Connection: close"
        if cut == CUTS[2]:
            reply = reply[: len(reply) // 2]
        if cut != CUTS[1]:
            self.request.sendall(reply)

    @staticmethod
    def _whole(connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        while length and len(body) < int(length[1]) and (more := connection.recv(65536)):
            body += more
        return head + b"\r\n\r\n" + body if data else b""


@contextmanager
def line_to(house, cuts=CUTS):
    with Line(int(urllib.parse.urlsplit(house.base).port), cuts) as line:
        thread = threading.Thread(target=line.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield line
        finally:
            line.shutdown()
            thread.join()


class Stubborn(Browser):
    """Presses again, as people do, and sends an answer again with its key, as autosave.js does."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.headers: dict[str, str] = {}

    def _load(self, request):
        request.headers.update(self.headers)
        for _ in range(12):
            try:
                return super()._load(request)
            except BROKEN:
                continue
        raise AssertionError(f"{request.full_url} never got through")

    def open(self, invitation) -> None:
        page = self.get(f"{self.base}/i/")
        self.send(page.form_with("token"), {"token": invitation.token, "birth_date": "03/15/1990"})

    def sign(self, slug) -> None:
        form = self.get(f"{self.base}/i/packet/{slug}/").form_with("shown_sha256")
        answers: dict[str, str | list[str]] = {"signer_name": "Rosa Núñez", "statement": form.choices["statement"]}
        self.send(form, answers, ("decision", "signed"))

    def autosave(self, slug, changes, key=None):
        """One answer from the page that is open, as autosave.js sends it; the reply's status and content."""
        drawn = dict(self.page.form_with("!client").fields)
        body = {"key": str(key or uuid.uuid4()), "changes": changes, "have": []}
        body |= {"client": drawn["!client"], "revision": int(drawn["!revision"])}
        request = urllib.request.Request(f"{self.base}/i/packet/{slug}/save", json.dumps(body).encode(), method="POST")
        request.headers = {"Content-type": "application/json", "X-csrftoken": drawn["csrfmiddlewaretoken"]}
        page = self.page
        reply = self._load(request)
        self.page = page
        return reply.status, json.loads(reply.text)

    def answer(self, slug, answers, *, by_autosave) -> None:
        """Section by section to the end of the form, and again where an answer brought up more."""
        here = f"/i/packet/{slug}/"
        page = self.get(f"{self.base}{here}")
        while page.path == here:
            form = page.form_with("!client")
            asked = {key: texts for key, texts in answers.items() if key in form.names()}
            if by_autosave:
                for key, texts in asked.items():
                    assert self.autosave(slug, {key: texts})[0] == 200
            page = self.send(form, asked)

    def finish(self):
        form = self.get(f"{self.base}/i/packet/review/").form_with("reviewed")
        return self.send(form, {})


def whole_way(browser, invitation, *, by_autosave) -> None:
    browser.open(invitation)
    for slug in given.DOCUMENTS:
        browser.sign(slug)
    for slug, answers in given.ANSWERS.items():
        browser.answer(slug, answers, by_autosave=by_autosave)
    assert browser.finish().path == "/i/packet/done/"


def records(packet) -> dict:
    return {form.slug: form.items for form in selectors.finished(packet.id).forms}


def what_was_typed(packet) -> dict:
    """The same answers by another way: without any network."""
    given.complete(packet)
    given.submission.submit(packet=packet, key=uuid.uuid4())
    return records(packet)


WAYS = [
    pytest.param(True, id="answer by answer"),
    pytest.param(False, id="by whole pages", marks=pytest.mark.check),
]


@pytest.mark.parametrize("by_autosave", WAYS)
def test_with_every_request_cut_in_every_way_the_packet_equals_what_was_typed_once(house, world, by_autosave):
    invitation, other = given.invite(world), given.invite(world)
    with line_to(house) as line:
        whole_way(Stubborn(line.base), invitation, by_autosave=by_autosave)
        cut = sum(count > len(CUTS) for count in line.seen.values())
    assert cut > len(given.ANSWERS) + len(given.DOCUMENTS)  # every part got through all three
    assert records(invitation.packet) == what_was_typed(other.packet)
    ours = {"packet": invitation.packet}
    assert Submission.objects.filter(**ours).count() == 1
    assert Response.objects.filter(**ours).count() == len(given.ANSWERS)
    assert Signature.objects.filter(source_ref=invitation.packet.id).count() == len(given.DOCUMENTS)
    assert OutboxMessage.objects.filter(subject_id=invitation.packet.id).count() == 1


# --- the server dies ----------------------------------------------------------------------------------------


def killed(browser, act):
    """The server is killed between the commit and the reply of this one request; then it is there again."""
    browser.headers = {"X-die": "now"}
    load, browser._load = browser._load, lambda request: Browser._load(browser, with_headers(request, browser.headers))
    page = browser.page
    with pytest.raises(BROKEN):
        act()
    browser.page, browser.headers, browser._load = page, {}, load


def with_headers(request, headers):
    request.headers.update(headers)
    return request


def test_a_server_killed_between_save_and_reply_has_saved_signed_and_sent_once(world, tmp_path):
    invitation, other = given.invite(world), given.invite(world)
    packet = invitation.packet
    with open_house(tmp_path, application="dying_wsgi:application") as house:
        browser = Stubborn(house.base)
        browser.open(invitation)
        form = browser.get(f"{house.base}/i/packet/treatment/").form_with("shown_sha256")
        decision = {"statement": form.choices["statement"], "signer_name": "Rosa Núñez"}
        killed(browser, lambda: browser.send(form, decision, ("decision", "signed")))
        until(lambda: browser.get(f"{house.base}/health/live").status == 200, "the server to come back")
        browser.send(form, decision, ("decision", "signed"))
        assert Signature.objects.filter(source_ref=packet.id).count() == 1

        browser.get(f"{house.base}/i/packet/demographics/")
        key = uuid.uuid4()
        killed(browser, lambda: browser.autosave("demographics", {"demo-given": ["Rosa"]}, key))
        assert SavedAnswer.objects.filter(key=key).exists()  # it was stored, and nobody was told
        until(lambda: Response.objects.get(packet=packet).revision == 1, "the save")
        status, saved = browser.autosave("demographics", {"demo-given": ["Rosa"]}, key)
        assert (status, saved["revision"]) == (200, 1)

        given.complete(packet)
        form = browser.get(f"{house.base}/i/packet/review/").form_with("reviewed")
        killed(browser, lambda: browser.send(form, {}))
        assert browser.send(form, {}).path == "/i/packet/done/"
    assert Submission.objects.filter(packet=packet).count() == 1
    assert records(packet) == what_was_typed(other.packet)


# --- many at once -------------------------------------------------------------------------------------------


def posted(browser, path, fields):
    """One POST with this browser's cookies, redirects not followed: (status, where to, text)."""
    cookies = "; ".join(f"{one.name}={one.value}" for one in browser_cookies(browser))
    house = urllib.parse.urlsplit(browser.base)
    headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
    with closing(http.client.HTTPConnection(house.hostname, house.port, timeout=30)) as connection:
        connection.request("POST", path, urllib.parse.urlencode(fields), headers)
        reply = connection.getresponse()
        return reply.status, reply.headers.get("Location", ""), reply.read().decode()


def browser_cookies(browser):
    jar = next(one.cookiejar for one in browser._opener.handlers if hasattr(one, "cookiejar"))
    return list(jar)


def test_twenty_parallel_submits_are_one_and_the_same_key_with_another_body_is_refused_in_words(house, world):
    invitation = given.invite(world)
    given.complete(invitation.packet)
    browser = Stubborn(house.base)
    browser.open(invitation)
    fields = dict(browser.get(f"{house.base}/i/packet/review/").form_with("reviewed").fields)
    with ThreadPoolExecutor(20) as many:
        replies = list(many.map(lambda _: posted(browser, "/i/packet/review/", fields), range(20)))
    assert {(status, where) for status, where, _ in replies} == {(302, "/i/packet/done/")}
    status, _, words = posted(browser, "/i/packet/review/", {**fields, "reviewed": "0" * 64})
    assert status == 409
    assert "Your forms were sent already" in words
    assert Submission.objects.filter(packet=invitation.packet).count() == 1
    assert Event.objects.filter(action="packet.submitted").count() == 1
    assert OutboxMessage.objects.filter(subject_id=invitation.packet.id).count() == 1
    assert Packet.history.filter(id=invitation.packet.id, state="submitted").count() == 1


def test_twenty_parallel_answers_of_two_screens_are_all_kept_or_told(house, world):
    invitation = given.invite(world)
    keys = [f"phq9-q{number}" for number in range(1, 9)]
    screens = [Stubborn(house.base) for _ in range(2)]
    for screen in screens:
        screen.open(invitation)
        screen.get(f"{house.base}/i/packet/phq-9/")

    def save(number):
        key, screen = keys[number % len(keys)], screens[number % 2]
        return key, screen.autosave("phq-9", {key: [given.SEVERAL]})[0]

    with ThreadPoolExecutor(8) as many:
        replies = list(many.map(save, range(16)))
    assert {status for _, status in replies} == {200}
    assert str(Response.objects.get(packet=invitation.packet).answers).count(given.SEVERAL) == len(keys)


# --- too much -----------------------------------------------------------------------------------------------


def resident() -> int:
    """MiB held by the processes that this test has started (and theirs)."""
    parents, sizes = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
        except OSError:
            continue
        parents[int(folder.name)] = int(lines["PPid"])
        sizes[int(folder.name)] = int(lines.get("VmRSS", "0 kB").split()[0]) // 1024
    ours: set[int] = set()
    more = {os.getpid()}
    while more:
        ours |= more
        more = {pid for pid, parent in parents.items() if parent in ours} - ours
    return sum(sizes[pid] for pid in ours - {os.getpid()})


def test_too_much_is_refused_and_the_servers_memory_stays_bounded(house, world):
    invitation = given.invite(world)
    browser = Stubborn(house.base)
    browser.open(invitation)
    fields = dict(browser.get(f"{house.base}/i/packet/demographics/").form_with("!client").fields)
    before = resident()
    for _ in range(5):
        for flood in ({**fields, "demo-given": "x" * 10_000_000}, fields | {f"k{n}": "x" for n in range(100_000)}):
            try:
                status, _, _ = posted(browser, "/i/packet/demographics/", flood)
            except ConnectionError:  # refused and closed before all of it was sent
                status = 413
            assert status in (400, 413)
    assert resident() - before < 64
    assert browser.get(f"{house.base}/i/packet/demographics/").status == 200
    assert not Response.objects.filter(packet=invitation.packet).exists()
