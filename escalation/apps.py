from django.apps import AppConfig
from django.core.checks import Tags, register

from escalation.checks import paging_settings, reaching, rosters_with_gaps, unreachable_steps


class EscalationConfig(AppConfig):
    name = "escalation"

    def ready(self) -> None:
        register(paging_settings)
        register(rosters_with_gaps, Tags.database)
        register(reaching, Tags.database)
        register(unreachable_steps, Tags.database)
