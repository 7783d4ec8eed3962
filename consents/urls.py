from django.urls import path

from consents import views

app_name = "consents"
urlpatterns = [
    path("staff/privacy/patients/<uuid:patient_id>/folder/", views.folder, name="folder"),
    path("staff/privacy/patients/<uuid:patient_id>/folder/<uuid:signature_id>.pdf", views.copy, name="folder-copy"),
]
