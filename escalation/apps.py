from django.apps import AppConfig
from django.core.checks import register

from escalation.checks import paging_settings


class EscalationConfig(AppConfig):
    name = "escalation"

    def ready(self) -> None:
        register(paging_settings)
