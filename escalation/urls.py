from django.urls import path

from escalation import api, views

app_name = "escalation"
urlpatterns = [
    path("staff/paging/", views.paging, name="paging"),
    path("staff/tests/", views.drills, name="drills"),
    path("staff/tests/<uuid:drill_id>/received/", views.received, name="drill-received"),
    path("callbacks/pages/<uuid:page_id>/", api.page_report, name="page-report"),
    path("incidents/<slug:code>/", views.incident, name="incident"),
    path("incidents/<slug:code>/acknowledge/", views.acknowledge, name="incident-acknowledge"),
    path("incidents/<slug:code>/hand-over/", views.hand_over, name="incident-hand-over"),
    path("incidents/<slug:code>/outcome/", views.outcome, name="incident-outcome"),
]
