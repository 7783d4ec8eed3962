"""The privacy officer's pages. Nothing about a person or the kind of care is part of an address."""

from django.urls import path

from consents import views

app_name = "consents"
urlpatterns = [
    path("staff/privacy/", views.tasks, name="tasks"),
    path("staff/privacy/tasks/<uuid:task_id>/", views.task_close, name="task-close"),
    path("staff/privacy/patients/<uuid:patient_id>/", views.patient, name="patient"),
    path("staff/privacy/patients/<uuid:patient_id>/ended/", views.treatment_ended, name="treatment-ended"),
    path("staff/privacy/patients/<uuid:patient_id>/limits/", views.restriction, name="restriction"),
    path("staff/privacy/patients/<uuid:patient_id>/<slug:report>.<slug:form>", views.accounting, name="accounting"),
    path("staff/privacy/signatures/<uuid:signature_id>/", views.revoke, name="revoke"),
    path("staff/privacy/papers/<uuid:revocation_id>/", views.paper, name="paper"),
    path("staff/privacy/patients/<uuid:patient_id>/told/", views.told, name="told"),
    path("staff/privacy/scans/<uuid:paper_id>", views.scan, name="scan"),
    path("staff/privacy/scans/<uuid:paper_id>/same/", views.scan_same, name="scan-same"),
    path("staff/privacy/limits/<uuid:request_id>/", views.restriction_decide, name="restriction-decide"),
    path("staff/privacy/patients/<uuid:patient_id>/folder/", views.folder, name="folder"),
    path("staff/privacy/patients/<uuid:patient_id>/folder/<uuid:signature_id>.pdf", views.copy, name="folder-copy"),
]
