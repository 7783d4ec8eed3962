from django.apps import AppConfig
from django.core.checks import Tags, register

from consents.checks import document_folder, pdf_libraries, texts_to_look_at


class ConsentsConfig(AppConfig):
    name = "consents"

    def ready(self) -> None:
        register(pdf_libraries)
        register(document_folder)
        register(texts_to_look_at, Tags.database)
