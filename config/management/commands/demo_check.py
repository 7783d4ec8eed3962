"""Drive one patient through a running demo; the last line is one JSON object. Exit 1 if any promise failed."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.drive import Drive


class Command(BaseCommand):
    help = "Drive one patient through the running demo and report as JSON (demo only)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--base-url", default="", help="checked against the seeded links when given")

    def handle(self, *args: Any, **options: Any) -> None:
        file = Path(settings.DATA_DIR) / "demo" / "links.json"
        if not settings.DEMO or not file.exists():
            raise CommandError("No demo is running. Type: ./run demo-check")
        links = json.loads(file.read_text())
        if options["base_url"] and not links["demo"].startswith(options["base_url"].rstrip("/")):
            raise CommandError("The seeded links belong to another demo. Type: ./run demo-check")
        report = Drive(links, lambda line: self.stderr.write(line)).run()
        self.stdout.write(report.as_json())
        if not report.ok:
            raise SystemExit(1)
