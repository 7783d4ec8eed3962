"""The demo's sandbox chart shows whatever was filed, and what it can't show it says."""

import json
import threading
from http.client import HTTPConnection

import pytest
from finished_packet import FINISHED, HELPED, LIBRARY, SYSTEM, UNWILLING

from config.demo.chart import Chart
from config.demo.mailbox import Mailbox
from config.demo.peers import page, serve
from ehr.mapping import wire
from ehr.mapping.plan import plan
from launcher.demo import HOST, listen


@pytest.fixture
def chart(tmp_path):
    return Chart(tmp_path / "chart.json")


@pytest.fixture
def peers(chart, tmp_path):
    server = serve(chart, Mailbox(tmp_path / "mail"), listen(0))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    connection = HTTPConnection(HOST, server.server_address[1], timeout=10)
    yield connection
    connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def file(chart, resource):
    assert chart.handle("POST", f"/{resource['resourceType']}", json.dumps(resource).encode(), "")[0] == 201


@pytest.mark.parametrize("packet", [FINISHED, LIBRARY, HELPED, UNWILLING])
def test_a_whole_filed_packet_is_shown(chart, tmp_path, packet):
    drafts = plan(packet, identifier_system=SYSTEM)
    for draft in drafts:
        file(chart, json.loads(wire.dumps(draft.resource)))
    html = page("/chart/", chart, Mailbox(tmp_path / "mail"))
    assert html is not None
    assert html.count("<details>") == len(drafts)
    if packet is FINISHED:
        assert "<strong>DocumentReference</strong> Permission to share" in html
        assert "<strong>MedicationStatement</strong> my cousin&#x27;s herbs" in html


@pytest.mark.parametrize(
    "about", [{}, {"code": {}}, {"code": {"coding": []}}, {"code": {"coding": [{}]}}, {"code": None}, {"type": "x"}]
)
def test_no_resource_can_break_the_page(chart, peers, about):
    file(chart, {"resourceType": "DocumentReference", **about})
    peers.request("GET", "/chart/")
    reply = peers.getresponse()
    assert reply.status == 200
    assert "DocumentReference" in reply.read().decode()


def test_a_page_that_fails_says_so_and_the_next_one_is_answered(chart, peers):
    chart.stored = {"Patient": {"1": {"resourceType": "Patient"}}}  # what no create leaves: without a time
    for _ in range(2):
        peers.request("GET", "/chart/")
        reply = peers.getresponse()
        assert reply.status == 500
        assert "could not be shown" in reply.read().decode()
    peers.request("GET", "/mail/")
    assert peers.getresponse().status == 200
