"""Every URL of the project. The admin's own login is replaced: it would ask for a password alone."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from config import views
from intake.views import staff

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # allauth's documented way

urlpatterns = [
    path("", views.front_door, name="front-door"),
    path("health/live", views.live, name="health-live"),
    path("health/ready", views.ready, name="health-ready"),
    path("staff/", staff.home, name="staff-home"),
    path("", include("intake.urls")),
    path("", include("escalation.urls")),
    path("", include("ehr.urls")),
    path("", include("core.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]

if settings.DEMO:
    urlpatterns += [path("demo/", views.demo, name="demo")]
