from django.urls import path

from consents.views import folder

app_name = "consents"
urlpatterns = [
    path("folders/<uuid:patient_id>/", folder.folder, name="folder"),
    path("folders/<uuid:patient_id>/<uuid:signature_id>.pdf", folder.copy, name="folder-copy"),
]
