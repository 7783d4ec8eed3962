"""Write the sealed log's head to a folder that the database's owner can't write to."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import services


class Command(BaseCommand):
    help = "Write a checkpoint of the sealed audit log for `verify_audit --checkpoints`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = services.checkpoint(options["folder"])
        except OSError as error:
            raise CommandError(f"{options['folder']} can't be written: {error.strerror}.") from error
        self.stdout.write(f"Wrote {written}." if written else "Nothing is sealed yet.")
