from django.apps import AppConfig
from django.core.checks import Tags, register

from ehr.checks import loopback_charts, sandbox_charts


class EhrConfig(AppConfig):
    name = "ehr"

    def ready(self) -> None:
        register(loopback_charts)
        register(sandbox_charts, Tags.database)
