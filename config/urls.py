"""Every URL of the project. The admin's own login is replaced: it would ask for a password alone."""

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import include, path

from config import views
from intake.views import staff

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # allauth's documented way

# Accounts, addresses, second factors and groups are not edited in the admin: it would bypass their services.
for model in (EmailAddress, Authenticator, Group):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

# Whoever has no right to a page is told what a stranger is: 404, in the same bytes.
handler400, handler403, handler404 = views.bad_request, views.not_found, views.not_found

urlpatterns = [
    path("", views.front_door, name="front-door"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
    path("health/paging", views.paging, name="health-paging"),
    path("staff/", staff.home, name="staff-home"),
    path("", include("intake.urls")),
    path("", include("consents.urls")),
    path("", include("screening.urls")),
    path("", include("escalation.urls")),
    path("", include("ehr.urls")),
    path("", include("core.urls")),
    # Pages go to this address: it is changed by the clinic, not by whoever sits at an open session.
    path("accounts/email/", views.not_here, name="not-here"),
    path("accounts/", include("allauth.urls")),
    path("admin/r/<path:rest>", views.not_here),
    path("admin/", admin.site.urls),
]

if settings.DEMO:
    urlpatterns += [path("demo/", views.demo, name="demo")]
