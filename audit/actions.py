"""The closed vocabulary of what can be recorded, and who can have done it."""

import uuid
from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    # patients and packets
    PATIENT_CREATED = "patient.created"
    PATIENT_CHANGED = "patient.changed"
    PATIENT_READ = "patient.read"
    PACKET_INVITED = "packet.invited"
    PACKET_LINK_SHOWN = "packet.link_shown"
    PACKET_OPENED = "packet.opened"
    PACKET_REFUSED = "packet.refused"
    PACKET_LOCKED = "packet.locked"
    PACKET_RESPONDENT = "packet.respondent"
    PACKET_ON_TABLET = "packet.on_tablet"
    PACKET_READ = "packet.read"
    PACKET_SUBMITTED = "packet.submitted"
    PACKET_FILED = "packet.filed"
    PACKET_WITHDRAWN = "packet.withdrawn"
    PACKET_EXPORTED = "packet.exported"
    PHOTO_SAVED = "photo.saved"
    PHOTO_REMOVED = "photo.removed"
    PHOTO_READ = "photo.read"
    STEP_SAVED = "step.saved"
    STEP_FINISHED = "step.finished"
    STEP_SKIPPED = "step.skipped"
    FORM_PUBLISHED = "form.published"
    FORM_RULE_SAVED = "form.rule_saved"
    RIGHT_CONFIRMED = "form.right_confirmed"
    # consents
    DOCUMENT_DRAFTED = "document.drafted"
    DOCUMENT_APPROVED = "document.approved"
    DOCUMENT_PUBLISHED = "document.published"
    DOCUMENT_REVIEWED = "document.reviewed"
    CONSENT_RULE_SAVED = "consent.rule_saved"
    CAMPAIGN_STARTED = "consent.campaign_started"
    DOCUMENT_SHOWN = "document.shown"
    DOCUMENT_PRINTED = "document.printed"
    SIGNATURE_MADE = "signature.made"
    SIGNATURE_DECLINED = "signature.declined"
    SIGNATURE_REFUSED = "signature.refused"
    SIGNATURE_REVOKED = "signature.revoked"
    PAPER_KEPT = "paper.kept"
    PAPER_COMPARED = "paper.compared"
    PAPER_READ = "paper.read"
    DOCUMENT_SEALED = "document.sealed"
    DOCUMENT_STAMPED = "document.stamped"
    DOCUMENT_READ = "document.read"
    DISCLOSURE_ATTEMPTED = "disclosure.attempted"
    DISCLOSURE_DENIED = "disclosure.denied"
    DISCLOSURE_SETTLED = "disclosure.settled"
    DISCLOSURE_EMERGENCY = "disclosure.emergency"
    DISCLOSURE_TOLD = "disclosure.told"
    ACCOUNTING_READ = "disclosure.accounting_read"
    RESTRICTION_ASKED = "restriction.asked"
    RESTRICTION_DECIDED = "restriction.decided"
    PRIVACY_TASK_CLOSED = "privacy_task.closed"
    # screening
    SCREENING_SCORED = "screening.scored"
    SCREENING_READ = "screening.read"
    SCREENING_FAILED = "screening.failed"
    REVIEW_OPENED = "review.opened"
    REVIEW_RAISED = "review.raised"
    REVIEW_DONE = "review.done"
    PRIORITY_SIGNED = "priority.signed"
    RULES_DRAFTED = "rules.drafted"
    RULES_APPROVED = "rules.approved"
    MEASUREMENT_PLANNED = "measurement.planned"
    MEASUREMENT_STOPPED = "measurement.stopped"
    # escalation
    LADDER_SET = "ladder.set"
    DUTY_SET = "duty.set"
    INCIDENT_OPENED = "incident.opened"
    INCIDENT_JOINED = "incident.joined"
    INCIDENT_STEP = "incident.step"
    INCIDENT_READ = "incident.read"
    INCIDENT_ACKNOWLEDGED = "incident.acknowledged"
    INCIDENT_REOPENED = "incident.reopened"
    INCIDENT_NOT_REACHED = "incident.not_reached"
    INCIDENT_RESOLVED = "incident.resolved"
    WHEREABOUTS_TOLD = "whereabouts.told"
    PAGE_DELIVERED = "page.delivered"
    PAGE_FAILED = "page.failed"
    PAGE_REPORTED = "page.reported"
    ALARM_RAISED = "alarm.raised"
    ALARM_ENDED = "alarm.ended"
    DRILL_SENT = "drill.sent"
    DRILL_RECEIVED = "drill.received"
    # chart
    EXPORT_PLANNED = "export.planned"
    EXPORT_APPROVED = "export.approved"
    EXPORT_EDITED = "export.edited"
    EXPORT_REJECTED = "export.rejected"
    EXPORT_BY_HAND = "export.by_hand"
    EXPORT_ATTEMPTED = "export.attempted"
    EXPORT_VERIFIED = "export.verified"
    EXPORT_STOPPED = "export.stopped"
    EXPORT_READ = "export.read"
    CHART_READ = "chart.read"
    CONNECTION_SAVED = "connection.saved"
    # people and access
    STAFF_ADDED = "staff.added"
    VENDOR_SAVED = "vendor.saved"
    CONTACT_SAVED = "contact.saved"
    CONTACT_TESTED = "contact.tested"
    CONTACT_VERIFIED = "contact.verified"
    GLASS_BROKEN = "break_glass.opened"
    GLASS_TOLD = "break_glass.told"
    GLASS_REVIEWED = "break_glass.reviewed"
    SIGNED_IN = "staff.signed_in"
    SIGNED_OUT = "staff.signed_out"
    SIGN_IN_FAILED = "staff.sign_in_failed"
    AUDIT_READ = "audit.read"


@dataclass(frozen=True)
class Actor:
    """Who did it: a staff member, a patient through a link, or a named process."""

    kind: str
    id: str

    @classmethod
    def staff(cls, user_id: uuid.UUID) -> "Actor":
        return cls("staff", str(user_id))

    @classmethod
    def patient(cls, patient_id: uuid.UUID) -> "Actor":
        return cls("patient", str(patient_id))

    @classmethod
    def system(cls, name: str) -> "Actor":
        return cls("system", name)


@dataclass(frozen=True)
class Ref:
    """What it was done to: a model's label and an id."""

    type: str
    id: str
