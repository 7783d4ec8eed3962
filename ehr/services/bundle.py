"""A finished packet as one FHIR R4 Bundle: the same resources that go to the chart one by one."""

from typing import Any

from django.conf import settings

import intake.selectors
from ehr.mapping.bundle import bundle
from ehr.mapping.plan import plan
from ehr.services.planning import as_source


def bundle_of(finished: intake.selectors.Finished) -> dict[str, Any]:
    """A transaction Bundle; an export of the same packet always has the same ids."""
    source, system = as_source(finished), settings.EHR_IDENTIFIER_SYSTEM
    return bundle(
        plan(source, identifier_system=system), packet_id=source.id, system=system, made_at=source.submitted_at
    )
