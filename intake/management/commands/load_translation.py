"""Load an official translation of a form for one clinic; a translation that isn't whole is refused in one line."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from audit.actions import Actor
from core.models import Clinic
from intake.services.translating import TranslationRefused, load_translation


class Command(BaseCommand):
    help = "Load an official translation of a form for a clinic (see docs/forms.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("clinic", help="the clinic's id")
        parser.add_argument("form", help="gad-7, for example")
        parser.add_argument("file", help="the words, a JSON file")
        parser.add_argument("--source", required=True, help="who published the translation, and where")
        parser.add_argument("--reviewer", required=True, help="the person who answers for it")

    def handle(self, *args: Any, **options: Any) -> None:
        clinic = Clinic.objects.filter(pk=_id(str(options["clinic"]))).first()
        if clinic is None:
            raise CommandError("There is no clinic with this id.")
        try:
            form = load_translation(
                clinic=clinic,
                text=Path(options["file"]).read_text("utf-8"),
                form=options["form"],
                source=options["source"],
                reviewer=options["reviewer"],
                actor=Actor.system("load_translation"),
            )
        except OSError as error:
            raise CommandError(f"The file can't be read: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise CommandError("The file is not UTF-8.") from error
        except TranslationRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{clinic.name} asks {form} from its next packet on.")


def _id(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise CommandError("There is no clinic with this id.") from None
