"""Incidents, their pages, who acknowledged, what was done, where the patient is."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from core.fields import EncryptedJSONField, EncryptedTextField
from core.models import Clinic, ContactPoint, Patient, Site


class RealIncidents(models.Manager["Incident"]):
    """Without the canaries, which are about nobody and are no business of any list, count, export or report."""

    def get_queryset(self) -> models.QuerySet["Incident"]:
        return super().get_queryset().filter(is_canary=False)


class Incident(models.Model):
    """A dangerous answer that a human has to deal with. While it is not resolved it has a due time (constraint).

    A canary has no patient, clinic or person to page: it travels to no one, to prove that pages travel. `objects`
    leaves canaries out; `every` is for what runs the pages.
    """

    class State(models.TextChoices):
        OPEN = "open"
        NOTIFYING = "notifying"
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=8, unique=True, help_text="Random; the only thing a page says")
    is_canary = models.BooleanField(default=False, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, related_name="incidents")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="incidents")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="incidents")
    source_ref = models.UUIDField(help_text="The packet whose answers opened it; no key upwards")
    urgency = models.CharField(max_length=10)
    snapshot = EncryptedJSONField(context="incident.snapshot", help_text="What triggered it, frozen, in order of time")
    ladder = models.JSONField(help_text="The steps as they were when it opened")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    step = models.PositiveIntegerField(default=0, help_text="Index of the step that was notified last")
    loop = models.PositiveIntegerField(default=0, help_text="How often the last step was repeated")
    due_at = models.DateTimeField(null=True, help_text="Next step, or the outcome's deadline once acknowledged")
    opened_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False)
    objects: ClassVar[models.Manager["Incident"]] = RealIncidents()
    every: ClassVar[models.Manager["Incident"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_a_canary_is_about_nobody",
                condition=models.Q(is_canary=True, patient=None, clinic=None, site=None)
                | models.Q(is_canary=False, patient__isnull=False, clinic__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["source_ref"], name="one_unresolved_incident_per_packet", condition=~models.Q(state="resolved")
            ),
            models.CheckConstraint(
                name="an_unresolved_incident_has_a_due_time",
                condition=models.Q(state="resolved", due_at__isnull=True, resolved_at__isnull=False)
                | (~models.Q(state="resolved") & models.Q(due_at__isnull=False, resolved_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="incident_due", condition=~models.Q(state="resolved")),
            models.Index(fields=["clinic", "-opened_at"], name="incident_by_clinic"),
            models.Index(fields=["source_ref"], name="incident_by_packet"),  # each dangerous answer looks for it
            models.Index(  # asked for each second
                fields=["opened_at"],
                name="canary_under_way",
                condition=models.Q(is_canary=True) & ~models.Q(state="resolved"),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def place(self) -> str:
        """Where on its ladder it is; another with each step that is taken."""
        return f"{self.step}-{self.loop}"


class Page(models.Model):
    """One message to one person by one contact point. Claimed with a lease and a fence (`attempt`).

    `contact` is empty for a person's sign-in address. State "delivered" is handed on; how far it came is told by
    `accepted_at` (a provider took it), `device_at` (the device has it, or the phone was picked up) and `opened_at`
    (the person opened the incident); that somebody took the incident is its Acknowledgement. Whoever an alert reached
    is told by a page of kind "taken" that they need not respond; whoever took it, by one of kind "added" that the
    patient told of something more.
    """

    class Kind(models.TextChoices):
        ALERT = "alert"
        TAKEN = "taken"
        ADDED = "added"

    class State(models.TextChoices):
        PENDING = "pending"
        CLAIMED = "claimed"
        DELIVERED = "delivered"
        RETRY = "retry"
        UNKNOWN = "unknown"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="pages")
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.ALERT)
    round = models.PositiveIntegerField(
        help_text="Counts the steps taken, repeats and re-openings included; of kind added, the times it was said"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="pages")
    channel = models.CharField(max_length=10, default="email")
    contact = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, null=True, related_name="pages")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField(null=True)
    wanted_at = models.DateTimeField(db_default=Now(), help_text="When it should have gone out; the page says how late")
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=40, blank=True)
    provider_id = models.CharField(max_length=80, blank=True, help_text="The provider's id of the latest attempt")
    provider_seq = models.PositiveSmallIntegerField(default=0, help_text="The furthest it told of; only grows")
    accepted_at = models.DateTimeField(null=True)
    device_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind", "round", "user", "contact"],
                name="one_page_per_kind_round_person_and_contact",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_waiting_page_has_a_due_time",
                condition=~models.Q(state__in=["pending", "retry"]) | models.Q(due_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_claimed_page_has_a_lease",
                condition=~models.Q(state="claimed") | models.Q(lease_until__isnull=False),
            ),
            models.CheckConstraint(
                name="only_a_page_to_nobody_has_no_person",
                condition=models.Q(channel="sink", user=None, contact=None)
                | ~models.Q(channel="sink") & models.Q(user__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="page_due", condition=models.Q(state__in=["pending", "retry", "claimed"])
            ),
            models.Index(fields=["-accepted_at"], name="canary_arrived", condition=models.Q(channel="sink")),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class Acknowledgement(models.Model):
    """Somebody took it. It stops the ladder until the outcome's deadline, not for ever."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="acknowledgements")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acknowledgements")
    at = models.DateTimeField(db_default=Now())
    outcome_due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"acknowledged {self.at}"


class HandOver(models.Model):
    """ "Not me": who pressed it, and the step whose people were paged in their place. It ends no incident."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="hand_overs")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="hand_overs")
    step = models.PositiveIntegerField(help_text="Index of the step that was taken by it")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"handed over {self.at}"


class Outcome(models.Model):
    """What was done, in words, by a named clinician: the only thing that closes an incident."""

    APPEND_ONLY = True

    class Kind(models.TextChoices):
        REACHED_SAFE = "reached_safe", "Reached; safe for now"
        SAFETY_PLAN = "safety_plan", "Safety plan made"
        EMERGENCY_SERVICES = "emergency_services", "Emergency services called"
        WELFARE_CHECK = "welfare_check", "Welfare check requested"
        NOT_A_RISK = "not_a_risk", "Not a risk, because of what is written below"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="outcome")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="outcomes")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    note = EncryptedTextField(context="outcome.note")
    signed_as = models.CharField(max_length=170, help_text="Name and credentials at the time")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.kind


class ContactAttempt(models.Model):
    """Nobody was reached, and when it is tried again. It closes nothing: without more, paging resumes at that time."""

    APPEND_ONLY = True
    LABEL = "Could not reach the patient"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="contact_attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="contact_attempts")
    note = EncryptedTextField(context="contact_attempt.note")
    signed_as = models.CharField(max_length=170, help_text="Name and credentials at the time")
    at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        constraints = [
            models.CheckConstraint(
                name="the_next_attempt_comes_later", condition=models.Q(next_attempt_at__gt=models.F("at"))
            )
        ]

    def __str__(self) -> str:
        return f"not reached {self.at}"


class Whereabouts(models.Model):
    """Where the patient says they are, and on which number, told from the crisis help. Of a packet, not of an incident:
    it may be told in the moment before one opens, and none of it is lost."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="whereabouts")
    source_ref = models.UUIDField(help_text="The packet; no key upwards")
    place = EncryptedTextField(context="whereabouts.place", blank=True, default="")
    number = EncryptedTextField(context="whereabouts.number", blank=True, default="")
    fingerprint = models.CharField(max_length=64, unique=True, help_text="Of one sending: a repeat of it is one row")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "whereabouts"
        indexes = [models.Index(fields=["source_ref", "-at"], name="whereabouts_by_packet")]

    def __str__(self) -> str:
        return f"told {self.at}"
