from django.urls import path

from escalation import api, views

app_name = "escalation"
urlpatterns = [
    path("callbacks/pages/<uuid:page_id>/", api.page_report, name="page-report"),
    path("incidents/<slug:code>/", views.incident, name="incident"),
    path("incidents/<slug:code>/acknowledge/", views.acknowledge, name="incident-acknowledge"),
    path("incidents/<slug:code>/hand-over/", views.hand_over, name="incident-hand-over"),
    path("incidents/<slug:code>/outcome/", views.outcome, name="incident-outcome"),
]
