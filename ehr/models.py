"""Where finished work goes, each field's way into the chart, and every attempt."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from core.fields import EncryptedTextField
from core.models import Clinic, Patient


class Connection(models.Model):
    """One chart: a FHIR R4 endpoint with SMART Backend Services, or (demo only) an open sandbox."""

    class Auth(models.TextChoices):
        SMART = "smart", "SMART Backend Services"
        SANDBOX = "sandbox", "none (demo sandbox only)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.OneToOneField(Clinic, on_delete=models.PROTECT, related_name="ehr_connection")
    name = models.CharField(max_length=120)
    base_url = models.URLField()
    auth = models.CharField(max_length=8, choices=Auth.choices, default=Auth.SMART)
    client_id = models.CharField(max_length=200, blank=True)
    private_key = EncryptedTextField(context="connection.private_key", blank=True, default="", help_text="PEM")
    mrn_system = models.CharField(
        max_length=200, blank=True, help_text="URI under which the chart keeps our MRNs; without it nobody is looked up"
    )
    is_active = models.BooleanField(default=True)

    history = HistoricalRecords(user_db_constraint=False)

    def __str__(self) -> str:
        return self.name


class Lane(models.Model):
    """At most one request in flight per patient and chart: overlap is what makes conditional creates race."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="lanes")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="lanes")
    lease_until = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "patient"], name="one_lane_per_patient")]

    def __str__(self) -> str:
        return f"Lane {self.pk}"


class ExportItem(models.Model):
    """One resource on its way into the chart."""

    class State(models.TextChoices):
        HELD = "held", "waits for approval"
        PENDING = "pending"
        INFLIGHT = "inflight"
        ACCEPTED = "accepted", "accepted, not read back yet"
        VERIFIED = "verified"
        UNKNOWN = "unknown", "reply lost"
        REJECTED = "rejected"
        CONFLICT = "conflict"
        DEAD = "dead"
        SUPERSEDED = "superseded"
        MANUAL = "manual", "entered by hand"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="items")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="export_items")
    packet_ref = models.UUIDField()
    field_key = models.CharField(max_length=80)
    revision = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveIntegerField()
    resource_type = models.CharField(max_length=40)
    label = EncryptedTextField(context="export.label")
    resource = EncryptedTextField(context="export.resource", help_text="FHIR JSON with its digits kept (mapping.wire)")
    needs = models.JSONField(default=list, help_text="field_keys whose chart ids this one refers to")
    sensitivity = models.CharField(max_length=4, default="none")
    protected = models.BooleanField(help_text="A Part 2 record: passes the consent gate at the wire")
    categories = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.HELD)
    reason = models.CharField(max_length=80, blank=True, help_text="Reason code, never the server's words")
    rejection_note = EncryptedTextField(context="export.rejection_note", blank=True, default="")
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", help_text="Who kept it out"
    )
    settled_at = models.DateTimeField(null=True, help_text="When somebody kept it out, or entered it by hand")
    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    ehr_id = models.CharField(max_length=80, blank=True)
    ehr_version = models.CharField(max_length=80, blank=True)
    verified_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False, excluded_fields=["resource", "label"])

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "packet_ref", "field_key", "revision"], name="one_item_per_field"
            ),
            models.CheckConstraint(
                name="an_item_to_send_has_a_due_time",
                condition=~models.Q(state__in=["pending", "unknown", "accepted"]) | models.Q(due_at__isnull=False),
            ),
            models.CheckConstraint(
                name="an_inflight_item_has_a_lease",
                condition=~models.Q(state="inflight") | models.Q(lease_until__isnull=False),
            ),
            models.CheckConstraint(
                name="a_verified_item_has_its_chart_id",
                condition=~models.Q(state="verified") | (~models.Q(ehr_id="") & models.Q(verified_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                name="export_due",
                condition=models.Q(state__in=["pending", "unknown", "accepted", "inflight"]),
            ),
            models.Index(fields=["packet_ref"], name="export_by_packet"),
        ]

    def __str__(self) -> str:
        return f"{self.resource_type} {self.id}"


class ChartSnapshot(models.Model):
    """The chart's medicines and allergies of one patient as they were at `read_at`; `due_at`: to be read (again)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="snapshots")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="snapshots")
    content = EncryptedTextField(
        context="chart_snapshot.content", blank=True, default="", help_text="A list of FHIR resources (mapping.wire)"
    )
    read_at = models.DateTimeField(null=True)
    fault = models.CharField(
        max_length=80, blank=True, help_text="Reason code of the last try, never the chart's words"
    )
    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "patient"], name="one_snapshot_per_patient")]
        indexes = [
            models.Index(fields=["due_at"], name="snapshot_due", condition=models.Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Chart lists {self.id}"


class ItemEdit(models.Model):
    """A clinician corrected a proposed entry before it was filed; what had been proposed is kept here."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(ExportItem, on_delete=models.PROTECT, related_name="edits")
    before = EncryptedTextField(context="item_edit.before", help_text="The whole resource before this edit")
    reason = EncryptedTextField(context="item_edit.reason")
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="item_edits")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Edit {self.id}"


class Attempt(models.Model):
    """One exchange with the chart: kept whatever came of it."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(ExportItem, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveIntegerField()
    did = models.CharField(max_length=12, help_text="create, search, read")
    outcome = models.CharField(max_length=12)
    reason = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.did} {self.outcome}"
