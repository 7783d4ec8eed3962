"""Lints a FHIR Questionnaire and, with a response, evaluates it. Reads files, needs no database."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, OutputWrapper

from intake.adapters.fhirpath import compile_expression
from intake.engine.report import Unreadable, lines, read_json, report
from intake.rules.published import published

MOST_BYTES = 50_000_000


class Command(BaseCommand):
    help = (
        "Lints a FHIR R4 Questionnaire; with --response also evaluates a QuestionnaireResponse to it. "
        "Exit code: 0 clean, 1 something wrong or missing, 2 a file that can't be read as one."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the Questionnaire, a JSON file")
        parser.add_argument("--response", help="the QuestionnaireResponse to evaluate, a JSON file")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--ours", action="store_true", help="hold the form to the rules of Candor's own library")

    def handle(self, *args: Any, **options: Any) -> None:
        files = [_read(name) for name in (options["file"], options["response"]) if name is not None]
        rules = _library_rules(files[0]) if options["ours"] else {}
        found = report(*files, ours=options["ours"], compiler=compile_expression, **rules)
        for line in [json.dumps(found.content)] if options["json"] else lines(found):
            self.stdout.write(_printable(line, self.stdout))
        if found.trouble and options["json"]:  # else the lines have said it
            self.stderr.write(_printable(found.trouble, self.stderr))
        if found.exit_code:
            sys.exit(found.exit_code)


def _library_rules(resource: Any) -> dict[str, Any]:
    return asdict(published(resource if isinstance(resource, dict) else {}))


def _read(name: str) -> Any:
    try:
        with Path(name).open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        return read_json(raw, name) if len(raw) <= MOST_BYTES else Unreadable(f"{name} is larger than any form.")
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        return Unreadable(f"{name} can't be read: {getattr(error, 'strerror', None) or 'no such file'}.")


def _printable(line: str, stream: OutputWrapper) -> str:
    """The line with what this terminal can't show written as escapes."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return line.encode(encoding, "backslashreplace").decode(encoding)
