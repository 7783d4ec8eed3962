"""Published forms, a patient's packet with its steps, what was answered, and that it was submitted."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from consents.policy import Kind
from core.fields import EncryptedJSONField, EncryptedTextField
from core.models import Clinic, Patient, Program, Site, Visit
from intake.rules.helping import Help


class FormVersion(models.Model):
    """A FHIR R4 Questionnaire as published. Never changes (trigger, migration 0009).

    `clinic` is empty for the library that ships. A clinic's own is a library form with an official translation that
    it loaded; `source` says where the words come from and `reviewer` who answers for them.
    """

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40)
    version = models.CharField(max_length=20)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, blank=True, related_name="own_forms")
    source = models.CharField(max_length=300, blank=True)
    reviewer = models.CharField(max_length=120, blank=True)
    definition = models.JSONField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "slug", "version"], name="one_form_per_version", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="a_clinics_own_form_names_source_and_reviewer",
                condition=models.Q(clinic__isnull=True) | ~models.Q(source="") & ~models.Q(reviewer=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"


class Sensitivity(models.TextChoices):
    NONE = "none"
    SUD = "sud", "substance use (42 CFR Part 2)"


class VisitType(models.TextChoices):
    NEW = "new", "first visit"
    FOLLOW_UP = "follow_up", "follow-up"
    TELEHEALTH = "telehealth", "telehealth visit"


class FormRule(models.Model):
    """When a packet of this clinic asks for a form. Without any rule of its own a clinic uses the default ones.

    Ages are in whole years on the day of the invitation, both ends included. Empty `visit_types` means all of them.
    `every_days`: left out when the patient submitted the form within so many days. `with_interpreter`: asked also
    where the instrument has no published words in the packet's language."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="form_rules")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, null=True, blank=True, related_name="form_rules")
    form = models.SlugField(max_length=40)
    position = models.PositiveSmallIntegerField()
    min_age = models.PositiveSmallIntegerField(null=True, blank=True)
    max_age = models.PositiveSmallIntegerField(null=True, blank=True)
    visit_types = ArrayField(models.CharField(max_length=12, choices=VisitType.choices), default=list, blank=True)
    every_days = models.PositiveSmallIntegerField(null=True, blank=True)
    with_interpreter = models.BooleanField("Ask in English, with an interpreter", default=False)
    is_active = models.BooleanField(default=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "program", "form"], name="one_rule_per_form", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="ages_of_a_rule_are_in_order",
                condition=models.Q(min_age__isnull=True)
                | models.Q(max_age__isnull=True)
                | models.Q(min_age__lte=models.F("max_age")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.form}"


class InstrumentRight(models.Model):
    """A clinic's word that it may use an instrument whose owner sets terms (DAST-10, AUDIT). Only grows."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="instrument_rights")
    instrument = models.SlugField(max_length=40)
    statement = models.TextField(help_text="The words that were confirmed")
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "instrument"], name="one_right_per_instrument")]

    def __str__(self) -> str:
        return self.instrument


class Concept(models.Model):
    """A coded term that a picker offers, once for each language. `rank` is a hand-set preference; smaller comes first.

    `words` is what it is found by: its names in every language and further words, without accents or capitals.
    A code that is not verified is never given out: whoever picks the term has its name kept, as words.
    """

    class Kind(models.TextChoices):
        MEDICATION = "medication"
        ALLERGY = "allergy"

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    system = models.URLField()
    code = models.CharField(max_length=40)
    display = models.CharField(max_length=200)
    language = models.CharField(max_length=5, default="en")
    rank = models.PositiveSmallIntegerField(default=100)
    words = models.CharField(max_length=600, default="")
    is_verified = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "system", "code", "language"], name="one_concept_per_code")
        ]
        indexes = [GinIndex(SearchVector("words", config="simple"), name="concept_by_word")]

    def __str__(self) -> str:
        return f"{self.code} {self.display}"


class Packet(models.Model):
    """What one patient is asked to sign and answer, once.

    `place` is where the patient was last ("phq-9#phq9-q3"), so that another device goes on there. `respondent` holds
    the name and relationship of whoever answers for the patient.
    """

    class State(models.TextChoices):
        INVITED = "invited"
        OPENED = "opened"
        IN_PROGRESS = "in_progress", "in progress"
        SUBMITTED = "submitted"
        FILED = "filed"
        EXPIRED = "expired"
        WITHDRAWN = "withdrawn"

    class Presentation(models.TextChoices):
        PAGE = "page", "a section per screen"
        GUIDED = "guided", "one question at a time"

    class AnsweredBy(models.TextChoices):
        PATIENT = "patient"
        GUARDIAN = "guardian", "a parent or guardian"
        STAFF = "staff", "staff, with the patient"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="packets")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="packets")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="packets")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="packets")
    state = models.CharField(max_length=12, choices=State.choices, default=State.INVITED)
    language = models.CharField(max_length=5, default="en")
    visit_type = models.CharField(max_length=12, choices=VisitType.choices, default=VisitType.NEW)
    visit = models.CharField(max_length=9, choices=Visit.choices, default=Visit.NOT_SAID)
    presentation = models.CharField(max_length=8, choices=Presentation.choices, default=Presentation.PAGE)
    is_shared_device = models.BooleanField(
        null=True, help_text="What the patient said of the phone; unknown until asked"
    )
    place = models.CharField(max_length=200, blank=True)
    answered_by = models.CharField(max_length=8, choices=AnsweredBy.choices, default=AnsweredBy.PATIENT)
    respondent = EncryptedJSONField(context="packet.respondent", default=dict)
    assisted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    on_tablet = models.BooleanField(default=False, help_text="Started by the front desk on the clinic's own tablet")
    token_sha256 = models.CharField(max_length=64, unique=True)
    code_sha256 = models.CharField(max_length=64, unique=True)
    tries = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(db_default=Now())
    opened_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    filed_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False, excluded_fields=["token_sha256", "code_sha256"])

    # Of the session that opened it, not of the row (`access.packet_in_session`): None where nobody helped in it.
    helped: Help | None = None

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_submitted_packet_says_when",
                condition=~models.Q(state__in=["submitted", "filed"]) | models.Q(submitted_at__isnull=False),
            ),
            models.CheckConstraint(name="tries_are_counted_to_five", condition=models.Q(tries__lte=5)),
            models.CheckConstraint(
                name="who_helped_is_named",
                condition=~models.Q(answered_by="staff") | models.Q(assisted_by__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["clinic", "state", "-invited_at"], name="packet_by_state")]

    def __str__(self) -> str:
        return f"Packet {str(self.id)[:8]}"


class Step(models.Model):
    """One thing to do in a packet, fixed at invitation: a document to decide on, or a form to answer."""

    class What(models.TextChoices):
        CONSENT = "consent"
        FORM = "form"

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        DECLINED = "declined"
        SKIPPED = "skipped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    what = models.CharField(max_length=8, choices=What.choices)
    slug = models.SlugField(max_length=40, help_text="Document or form")
    consent_kind = models.CharField(max_length=24, choices=[(kind.value, kind.label) for kind in Kind], blank=True)
    must = models.CharField(
        max_length=8,
        blank=True,
        choices=[
            ("sign", "must sign"),
            ("decide", "must sign or decline"),
            ("ack", "may refuse"),
            ("shown", "must be shown"),
        ],
    )
    signer = models.CharField(max_length=12, default="self", help_text="A `consents.ConsentRule.Signer`, frozen")
    form = models.ForeignKey(FormVersion, on_delete=models.PROTECT, null=True, related_name="steps")
    sensitivity = models.CharField(max_length=4, choices=Sensitivity.choices, default=Sensitivity.NONE)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["packet", "position"], name="one_step_per_position"),
            models.UniqueConstraint(fields=["packet", "slug"], name="one_step_per_slug"),
            models.CheckConstraint(
                name="a_step_is_a_document_or_a_form",
                condition=models.Q(what="consent", form__isnull=True) & ~models.Q(consent_kind="") & ~models.Q(must="")
                | models.Q(what="form", form__isnull=False, consent_kind="", must=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.slug}"


class Response(models.Model):
    """The draft of one form: FHIR QuestionnaireResponse items, answers hidden by a condition included.

    A substance-use response needs a valid Part 2 signature: constraint here, and a trigger that reads the
    signature's row (migration 0009). `marks` says for each answered key at which revision which page wrote it last,
    so that an older page is told instead of overwriting.

    `assisted_by` is who helped with it, or with some of it. `sitting` is the helped one in which all of it was given
    (`rules.helping`); None once anything was answered elsewhere.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    step = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="response")
    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="responses")
    sensitivity = models.CharField(max_length=4, choices=Sensitivity.choices, default=Sensitivity.NONE)
    part2_signature = models.ForeignKey(
        "consents.Signature", on_delete=models.PROTECT, null=True, related_name="responses"
    )
    answers = EncryptedJSONField(context="response.answers", default=list)
    marks = EncryptedJSONField(context="response.marks", default=dict)
    assisted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    sitting = models.UUIDField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)
    assessed_revision = models.PositiveIntegerField(default=0, help_text="Behind `revision`: waiting to be scored")
    assess_failures = models.PositiveSmallIntegerField(default=0)
    audited_revision = models.PositiveIntegerField(default=0, help_text="Behind `revision`: the auditor has to look")
    saved_at = models.DateTimeField(db_default=Now())

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="substance_use_answers_need_a_part2_signature",
                condition=models.Q(sensitivity="none") | models.Q(part2_signature__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["saved_at"],
                name="response_unassessed",
                condition=models.Q(assessed_revision__lt=models.F("revision")),
            ),
            models.Index(
                fields=["saved_at"],
                name="response_unaudited",
                condition=models.Q(audited_revision__lt=models.F("revision")),
            ),
        ]

    def __str__(self) -> str:
        return f"Response {self.id}"


class Overruled(models.Model):
    """What a screen said while another had changed the same answer: told to the patient, and not stored as an answer.

    `answers` is the whole draft as that screen would have left it, so that the auditor can derive its dangers anew;
    `told` are the sentences that went to a human because of it. `audited_at`: empty until all of it was with a human.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="overruled")
    answers = EncryptedJSONField(context="overruled.answers")
    told = EncryptedJSONField(context="overruled.told", default=list)
    at = models.DateTimeField(db_default=Now())
    audited_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["at"], name="overruled_unaudited", condition=models.Q(audited_at__isnull=True))]

    def __str__(self) -> str:
        return f"Overruled {self.id}"


class SavedAnswer(models.Model):
    """What the server acknowledged, by the key the phone sent: a repeat gets the same reply, another body a 409."""

    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="saved_answers")
    key = models.UUIDField(primary_key=True)
    body_sha256 = models.CharField(max_length=64)
    revision = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.key)


class Photo(models.Model):
    """A picture that answers a question (an insurance card): decoded and written anew, so it holds pixels only."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="photos")
    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="photos")
    content = EncryptedTextField(context="photo.content", help_text="base64 of a JPEG")
    sha256 = models.CharField(max_length=64, help_text="Of the JPEG's bytes")
    width = models.PositiveSmallIntegerField()
    height = models.PositiveSmallIntegerField()
    taken_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Photo {self.id}"


class Submission(models.Model):
    """The packet was finished. One per packet; the key makes a double tap harmless."""

    APPEND_ONLY = True

    packet = models.OneToOneField(Packet, on_delete=models.PROTECT, primary_key=True, related_name="submission")
    key = models.UUIDField(unique=True)
    content_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.key)
