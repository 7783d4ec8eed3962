"""`manage.py verify_document FILE`: is this PDF what the clinic sealed? No network; the database where there is one."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, connection

from consents.adapters.certificate import NoCertificate
from consents.services.verifying import Judgement, Records, Verdict, judge

MOST_BYTES = 50_000_000


class Command(BaseCommand):
    help = "Say whether a sealed PDF is valid (exit 0), altered (1) or unknown (2)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--file-only", action="store_true", help="ask the file alone, not the database")

    def handle(self, *args: Any, **options: Any) -> None:
        has_keys = "none" not in settings.FIELD_KEYS
        judgement = self._judged(options["file"], use_database=has_keys and not options["file_only"])
        self.stdout.write(f"{judgement.verdict.name.lower()}: {judgement.because}.")
        sys.exit(judgement.verdict)

    def _judged(self, file: Path, *, use_database: bool) -> Judgement:
        try:
            if not file.is_file() and file.exists():
                return Judgement(Verdict.UNKNOWN, "it is not a file")
            with file.open("rb") as source:
                content = source.read(MOST_BYTES + 1)
            if len(content) > MOST_BYTES:
                return Judgement(Verdict.UNKNOWN, "the file is larger than any that Candor seals")
        except OSError as error:
            return Judgement(Verdict.UNKNOWN, f"the file can't be read ({error.strerror})")
        try:
            return judge(content, records=Records() if use_database and self._answers() else None)
        except NoCertificate as error:
            return Judgement(Verdict.UNKNOWN, str(error))

    def _answers(self) -> bool:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM consents_signature LIMIT 1")
        except (DatabaseError, InterfaceError):
            self.stderr.write("No database: the file alone is asked.")
            return False
        return True
