"""How allauth is allowed to behave here: staff sign in, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffOnlyAccounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """Accounts are made by the clinic; there is no sign-up page."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
