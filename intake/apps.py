from django.apps import AppConfig
from django.core.checks import Tags, register

from intake.adapters.fhirpath import compile_expression
from intake.checks import clinics_without_a_crisis_line, unconfirmed_rights


class IntakeConfig(AppConfig):
    name = "intake"
    verbose_name = "Intake"
    # What the engine evaluates expressions with. Chosen here, because selectors stand below the adapters.
    compiler = staticmethod(compile_expression)

    def ready(self) -> None:
        register(unconfirmed_rights, Tags.database)
        register(clinics_without_a_crisis_line, Tags.database)
