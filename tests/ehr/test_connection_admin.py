"""The chart's settings page: for who manages the clinic, and nothing secret on it."""

import json

import pytest
from personas import signed_in

from audit.models import Event
from ehr.models import Connection

LIST = "/admin/ehr/connection/"
OID = "urn:oid:1.2.36.146.595.217.0.1"


@pytest.fixture
def chart(world):
    told = {"name": "Chart", "base_url": "https://chart.example/fhir", "private_key": "-----BEGIN KEY-----"}
    return Connection.objects.create(clinic=world.clinic, client_id="our-client", **told)


@pytest.fixture
def page(chart):
    return f"{LIST}{chart.pk}/change/"


def test_the_administrator_says_under_which_system_the_chart_keeps_our_mrns(world, chart, page):
    ona = signed_in(world.operator)
    shown = ona.get(page).content.decode()
    assert "medical record numbers that stand in Candor" in shown
    assert "BEGIN KEY" not in shown and "our-client" not in shown
    assert ona.post(page, {"mrn_system": f" {OID} ", "base_url": "https://evil.example"}).status_code == 302
    chart.refresh_from_db()
    assert (chart.mrn_system, chart.base_url) == (OID, "https://chart.example/fhir")
    event = Event.objects.get(action="connection.saved")
    assert json.loads(event.context) == {"mrn_system": OID}
    assert chart.history.latest().mrn_system == OID


@pytest.mark.parametrize("typed", ["MRN", "urn:oid:1 2", "https://a.example|MRN-1"])
def test_what_is_no_uri_is_refused(world, chart, page, typed):
    assert "Write a whole URI" in signed_in(world.operator).post(page, {"mrn_system": typed}).content.decode()
    chart.refresh_from_db()
    assert chart.mrn_system == ""


def test_no_chart_is_added_or_deleted_here(world, page):
    ona = signed_in(world.operator)
    assert ona.get(f"{LIST}add/").status_code in (403, 404)
    assert ona.post(page.replace("change", "delete"), {"post": "yes"}).status_code in (403, 404)
    assert Connection.objects.count() == 1


@pytest.mark.parametrize("who", ["front_desk", "clinician", "compliance", "supervisor", "stranger", "stranger_desk"])
def test_to_everybody_else_the_page_is_not_there(world, page, who):
    for address in (LIST, page):
        answer = signed_in(getattr(world, who)).get(address)
        assert answer.status_code == 404 or answer["Location"].startswith("/admin/login/")
