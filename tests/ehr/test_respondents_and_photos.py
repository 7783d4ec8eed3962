"""From the stored packet to the plan of what goes to the chart: who answered, and the photos."""

import io

import packets as given
from django.conf import settings
from PIL import Image

from core import clock
from core.adapters.pictures import developed
from ehr.mapping.plan import plan
from ehr.services.planning import as_source
from intake import selectors
from intake.models import Packet, Photo
from intake.services import photos
from intake.services.respondents import answer_as


def test_a_guardian_a_helper_and_a_card_arrive_in_the_plan(world):
    packet = given.invite(world).packet
    answer_as(packet=packet, name="Marta Núñez", relationship="guardian", helper_id=world.front_desk.id)
    helped = given.help_by(packet, world.front_desk)
    given.answer(packet, "insurance", {"ins-have": ["true"]}, helped=helped)
    given.answer(packet, "demographics")
    card = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(card, "PNG")
    for key in ("ins-card-front", "ins-card-back"):
        photos.keep(packet_id=packet.id, slug="insurance", key=key, picture=developed(card.getvalue()), helped=helped)
    Packet.objects.update(state="submitted", submitted_at=clock.now())
    drafts = {one.field_key: one for one in plan(as_source(selectors.finished(packet.id)), identifier_system="urn:x")}
    form = drafts["form:insurance"].resource
    assert form["source"] == {"reference": "#respondent"}
    assert form["author"] == {"display": world.front_desk.full_name}
    assert drafts["form:demographics"].resource["author"] == {"reference": "#respondent"}, "answered without the helper"
    assert form["contained"][0]["name"] == [{"text": "Marta Núñez"}]
    assert {f"photo:{pk}" for pk in Photo.objects.values_list("pk", flat=True)} <= drafts.keys()
    assert "demographics" in drafts[f"photo:{Photo.objects.first().pk}"].categories
    given_away = Photo.objects.first()
    Packet.objects.update(state="in_progress", submitted_at=None)
    given.answer(packet, "insurance", {"ins-have": ["false"]})
    Packet.objects.update(state="submitted", submitted_at=clock.now())
    without = plan(as_source(selectors.finished(packet.id)), identifier_system=settings.EHR_IDENTIFIER_SYSTEM)
    assert f"photo:{given_away.pk}" not in {one.field_key for one in without}, "a hidden answer is not filed"
