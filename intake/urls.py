"""Where the patient's and the clinician's pages are. Nothing about a person is part of an address but a random id."""

from django.urls import path

from intake.api import FindTerms, SaveAnswer
from intake.views import (
    patient,
    patient_here,
    patient_link,
    patient_permissions,
    patient_phone,
    patient_photo,
    patient_step,
    staff,
    staff_brief,
    staff_documents,
    staff_emergency,
    staff_find,
    staff_inbox,
    staff_measures,
    staff_paper,
    staff_photo,
    staff_rules,
    tablet,
)

app_name = "intake"

patient_patterns = [
    path("i/", patient_link.link, name="link"),
    path("i/leave/", patient.leave, name="leave"),
    path("i/closed/", patient.away, name="away"),
    path("i/phone/", patient_phone.whose, name="whose-phone"),
    path("i/tablet/", tablet.opening, name="tablet"),
    path("i/tablet/back/", tablet.back, name="tablet-back"),
    path("i/tablet/alone/<slug:slug>/", tablet.alone, name="tablet-alone"),
    path("i/terms", FindTerms.as_view(), name="terms"),
    path("i/packet/", patient.packet, name="packet"),
    path("i/packet/review/", patient.review, name="review"),
    path("i/packet/here/", patient_here.here, name="here"),
    path("i/packet/done/", patient.done, name="done"),
    path("i/packet/permissions/", patient_permissions.permissions, name="permissions"),
    path("i/packet/permissions/<uuid:signature_id>/", patient_permissions.take_back, name="take-back"),
    path("i/packet/documents/<uuid:signature_id>.pdf", patient.document, name="document"),
    path("i/packet/<slug:slug>/", patient_step.step, name="step"),
    path("i/packet/<slug:slug>/photo", patient_photo.save, name="photo-save"),
    path("i/photos/<uuid:photo_id>.jpg", patient_photo.photo, name="photo"),
    path("i/packet/<slug:slug>/save", SaveAnswer.as_view(), name="save"),
]

staff_patterns = [
    path("staff/inbox/", staff_inbox.inbox, name="inbox"),
    path("staff/find/", staff_find.find, name="find"),
    path("staff/patients/<uuid:patient_id>/open/", staff_find.open_glass, name="open"),
    path("staff/photos/<uuid:photo_id>.jpg", staff_photo.photo, name="staff-photo"),
    path("staff/documents/<uuid:document_id>/again/", staff_documents.campaign, name="campaign"),
    path("staff/documents/texts/<uuid:version_id>/", staff_documents.preview, name="document-preview"),
    path("staff/patients/<uuid:patient_id>/", staff.patient, name="patient"),
    path("staff/patients/<uuid:patient_id>/brief.pdf", staff_brief.brief, name="brief"),
    path("staff/patients/<uuid:patient_id>/measures/", staff_measures.measure, name="measure"),
    path("staff/patients/<uuid:patient_id>/measures/ask/", staff_measures.ask, name="ask-again"),
    path("staff/patients/<uuid:patient_id>/emergency/", staff_emergency.emergency, name="emergency"),
    path("staff/patients/<uuid:patient_id>/papers/", staff_paper.papers, name="papers"),
    path("staff/papers/<uuid:step_id>/", staff_paper.paper, name="paper"),
    path("staff/priorities/rules/<uuid:version_id>/approve/", staff_rules.approve, name="approve-rules"),
    path("staff/papers/<uuid:step_id>.pdf", staff_paper.blank, name="paper-blank"),
    path("staff/emergencies/<uuid:emergency_id>/", staff_emergency.released, name="emergency-released"),
]

urlpatterns = patient_patterns + staff_patterns
