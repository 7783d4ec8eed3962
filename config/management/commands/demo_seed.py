"""Make the demo clinic and a fresh link; write `demo/links.json` in the data folder. Refused outside the demo."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.seed import seed


class Command(BaseCommand):
    help = "Seed the demo clinic (demo only)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("This is for the demo only. Type: ./run demo")
        self.stdout.write(f"links in {seed()}")
