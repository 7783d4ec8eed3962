"""`manage.py make_seal_certificate FILE --name CLINIC`: a certificate of one's own to seal with, for ten years.

It shows every change. Whose it is, people know only from the clinic: nobody else vouches for it.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from consents.adapters import certificate


class Command(BaseCommand):
    help = "Make a self-signed certificate with its key (PKCS#12, under CANDOR_SEAL_P12_PASSPHRASE)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--name", required=True, help="the clinic's name, as people will read it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            certificate.make(options["file"], options["name"], settings.SEAL_P12_PASSPHRASE)
        except FileExistsError:
            raise CommandError("There is a file of that name: what it sealed could not be verified any more.") from None
        except (OSError, ValueError) as error:
            raise CommandError(f"It could not be made ({error}).") from None
        self.stdout.write(f"Made. Set CANDOR_SEAL_P12={options['file']}")
