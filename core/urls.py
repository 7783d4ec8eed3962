from django.urls import path

from core import views

app_name = "core"
urlpatterns = [
    path("audit/", views.audit_log, name="audit-log"),
    path("staff/opened/", views.glass, name="glass"),
    path("staff/opened/<uuid:glass_id>/", views.glass_review, name="glass-review"),
    path("staff/contact/", views.confirm_contact, name="confirm-contact"),
]
