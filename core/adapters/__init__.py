"""How allauth is allowed to behave here: staff sign in, nobody signs up, each sign-in leaves evidence."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse

import audit.services
from audit.actions import Action, Actor, Ref
from core.models import User


class StaffOnlyAccounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth's base is Any to mypy
    """Accounts are made by the clinic; evidence is written here, beside the act, not by a signal."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This e-mail address and password don't go together. Please try again.",
        "too_many_login_attempts": "That was too many tries. Please wait five minutes and try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        """After the password and the second factor."""
        methods = [str(one.get("method")) for one in request.session.get("account_authentication_methods", [])]
        audit.services.record(
            Action.SIGNED_IN, actor=Actor.staff(user.id), obj=_account(user), context={"methods": methods}
        )
        response: HttpResponse = super().post_login(request, user, **details)
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """The address that was tried is not recorded: it may be a patient's."""
        audit.services.record(Action.SIGN_IN_FAILED, actor=Actor.system("sign-in"), obj=Ref("core.User", ""))

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            audit.services.record(Action.SIGNED_OUT, actor=Actor.staff(request.user.pk), obj=_account(request.user))
        super().logout(request)


def _account(user: User) -> Ref:
    return Ref("core.User", str(user.pk))
