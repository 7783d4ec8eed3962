"""The real e-mail channel against a real SMTP server."""

import socket

import pytest
from aiosmtpd.controller import Controller

from escalation import services
from escalation.models import Page


class Receiver:
    """Keeps what it is given; refuses recipients with `refusal` when set."""

    def __init__(self):
        self.received = []
        self.refusal = ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.received.append((envelope.mail_from, envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


@pytest.fixture
def receiver(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    handler = Receiver()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.DEFAULT_FROM_EMAIL = "alerts@office.example"
    yield handler
    controller.stop()


def test_a_page_arrives_by_smtp_with_its_code_and_nothing_of_the_patient(alarm, receiver):
    incident = alarm()
    assert services.deliver_due() == 1
    ((sender, to, content),) = receiver.received
    assert (sender, to) == ("alerts@office.example", ["clin@clinic.test"])
    assert f"Subject: Alert {incident.code}" in content
    assert f"/incidents/{incident.code}/" in content
    for word in ("Rosa", "Harbor", "phq", "canary", "suicide"):
        assert word not in content
    assert Page.objects.get().state == "delivered"


@pytest.mark.parametrize(("answer", "state"), [("550 no such user", "dead"), ("451 try later", "retry")])
def test_a_refused_address_is_dead_and_a_busy_server_is_tried_again(alarm, receiver, answer, state):
    alarm()
    receiver.refusal = answer
    assert services.deliver_due() == 0
    assert Page.objects.get().state == state


def test_without_a_server_the_page_stays_due(alarm, settings, receiver):
    settings.EMAIL_PORT = 1
    alarm()
    assert services.deliver_due() == 0
    assert (Page.objects.get().state, Page.objects.get().last_error) == ("retry", "ConnectionRefusedError")
