"""Give somebody new a role at a clinic. Sets no password: prints the address where the person sets one."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

import core.services
from audit.actions import Actor
from core.models import Clinic
from core.permissions import Role


class Command(BaseCommand):
    help = "Add a member of staff, and print the address where they set their password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", required=True, choices=[role.value for role in Role])
        parser.add_argument("--clinic", required=True, help="its name, exactly")
        parser.add_argument("--credentials", default="", help="as signed under an outcome, for example LCSW")

    def handle(self, *args: Any, **options: Any) -> None:
        email, name = options["email"], " ".join(options["name"].split())
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email} is no e-mail address.") from error
        if len(email) > 150:
            raise CommandError("An address of more than 150 letters can't be used to sign in.")
        if not name.isprintable() or not 1 <= len(name) <= 120:
            raise CommandError("Write the person's name, up to 120 letters: --name 'Corin Lee'.")
        if not options["credentials"].isprintable() or len(options["credentials"]) > 40:
            raise CommandError("--credentials takes up to 40 letters, for example LCSW.")
        clinic = Clinic.objects.filter(name=options["clinic"]).first()
        if clinic is None:
            known = "; ".join(Clinic.objects.order_by("name").values_list("name", flat=True)) or "none"
            raise CommandError(f"There is no clinic of that name. Those there are: {known}.")
        try:
            user = core.services.add_staff(
                clinic=clinic,
                email=email,
                full_name=name,
                role=Role(options["role"]),
                credentials=options["credentials"],
                actor=Actor.system("add_staff"),
            )
        except core.services.AddressTaken as error:
            raise CommandError(f"Somebody signs in as {email} already.") from error
        days = settings.PASSWORD_RESET_TIMEOUT // 86400
        self.stdout.write(f"{core.services.password_address(user)}")
        self.stderr.write(f"{name} sets a password there, once, within {days} days, and then a second factor.")
