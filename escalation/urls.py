from django.urls import path

from escalation import views

app_name = "escalation"
urlpatterns = [
    path("incidents/<code>/", views.incident, name="incident"),
    path("incidents/<code>/acknowledge/", views.acknowledge, name="incident-acknowledge"),
    path("incidents/<code>/hand-over/", views.hand_over, name="incident-hand-over"),
    path("incidents/<code>/outcome/", views.outcome, name="incident-outcome"),
]
