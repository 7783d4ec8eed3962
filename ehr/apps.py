from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.module_loading import import_string

from ehr.checks import loopback_charts, sandbox_charts
from intake.rules.remarks import read_with


class EhrConfig(AppConfig):
    name = "ehr"

    def ready(self) -> None:
        read_with(import_string("ehr.selectors.remarks"))  # by name: models are there only now
        register(loopback_charts)
        register(sandbox_charts, Tags.database)
