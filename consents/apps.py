from django.apps import AppConfig
from django.core.checks import register

from consents.checks import document_folder, pdf_libraries, seal_certificate, timestamp_authority


class ConsentsConfig(AppConfig):
    name = "consents"

    def ready(self) -> None:
        register(pdf_libraries)
        register(document_folder)
        register(seal_certificate)
        register(timestamp_authority)
