from django.urls import path

from escalation import views

app_name = "escalation"
urlpatterns = [
    path("incidents/<slug:code>/", views.incident, name="incident"),
    path("incidents/<slug:code>/acknowledge/", views.acknowledge, name="incident-acknowledge"),
    path("incidents/<slug:code>/hand-over/", views.hand_over, name="incident-hand-over"),
    path("incidents/<slug:code>/outcome/", views.outcome, name="incident-outcome"),
]
