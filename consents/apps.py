from django.apps import AppConfig
from django.core.checks import Tags, register

from consents.checks import (
    document_folder,
    notices_to_give,
    pdf_libraries,
    seal_certificate,
    texts_to_look_at,
    timestamp_authority,
)


class ConsentsConfig(AppConfig):
    name = "consents"

    def ready(self) -> None:
        register(pdf_libraries)
        register(document_folder)
        register(seal_certificate)
        register(timestamp_authority)
        register(texts_to_look_at, Tags.database)
        register(notices_to_give, Tags.database)
