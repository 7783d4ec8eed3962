from django.apps import AppConfig
from django.core.checks import Tags, register

from escalation.checks import paging_settings, reaching


class EscalationConfig(AppConfig):
    name = "escalation"

    def ready(self) -> None:
        register(paging_settings)
        register(reaching, Tags.database)
