"""Publish the forms that ship with Candor; a form with lint errors stops it with one line."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.actions import Actor
from intake.services import library


class Command(BaseCommand):
    help = "Publish the form library."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = library.publish_library(actor=Actor.system("publish_forms"))
        except library.FormRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} forms published." if count else "Every form was published already.")
