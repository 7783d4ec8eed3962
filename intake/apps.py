from django.apps import AppConfig

from intake.adapters.fhirpath import compile_expression


class IntakeConfig(AppConfig):
    name = "intake"
    verbose_name = "Intake"
    # What the engine evaluates expressions with. Chosen here, because selectors stand below the adapters.
    compiler = staticmethod(compile_expression)
