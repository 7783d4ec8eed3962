"""The packet that a module's `prologue` made, its page, and the clinician in front of it."""

import pytest
from personas import signed_in


@pytest.fixture
def packet(story):
    return story


@pytest.fixture
def address(packet):
    return f"/chart/{packet.id}/"


@pytest.fixture
def casey(world, packet):
    return signed_in(world.clinician)
