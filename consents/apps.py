from django.apps import AppConfig
from django.core.checks import register

from consents.checks import document_folder, pdf_libraries, seal_certificate


class ConsentsConfig(AppConfig):
    name = "consents"

    def ready(self) -> None:
        register(pdf_libraries)
        register(document_folder)
        register(seal_certificate)
