"""Attempts in vain, where the patient is now, and pages that say that an incident is taken or how late they are."""

import core.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0021_contact_history_only_grows"),
        ("escalation", "0031_rosters_are_guarded"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ContactAttempt",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("note", core.fields.EncryptedTextField(context="contact_attempt.note")),
                ("signed_as", models.CharField(help_text="Name and credentials at the time", max_length=170)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("next_attempt_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["at"],
            },
        ),
        migrations.CreateModel(
            name="Whereabouts",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("source_ref", models.UUIDField(help_text="The packet; no key upwards")),
                ("place", core.fields.EncryptedTextField(blank=True, context="whereabouts.place", default="")),
                ("number", core.fields.EncryptedTextField(blank=True, context="whereabouts.number", default="")),
                (
                    "fingerprint",
                    models.CharField(help_text="Of one sending: a repeat of it is one row", max_length=64, unique=True),
                ),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                "verbose_name_plural": "whereabouts",
            },
        ),
        migrations.RemoveConstraint(
            model_name="page",
            name="one_page_per_round_person_and_contact",
        ),
        migrations.AddField(
            model_name="page",
            name="kind",
            field=models.CharField(choices=[("alert", "Alert"), ("taken", "Taken")], default="alert", max_length=5),
        ),
        migrations.AddField(
            model_name="page",
            name="wanted_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                help_text="When it should have gone out; the page says how late",
            ),
        ),
        migrations.AlterField(
            model_name="outcome",
            name="kind",
            field=models.CharField(
                choices=[
                    ("reached_safe", "Reached; safe for now"),
                    ("safety_plan", "Safety plan made"),
                    ("emergency_services", "Emergency services called"),
                    ("welfare_check", "Welfare check requested"),
                    ("not_a_risk", "Not a risk, because of what is written below"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddConstraint(
            model_name="page",
            constraint=models.UniqueConstraint(
                fields=("incident", "kind", "round", "user", "contact"),
                name="one_page_per_kind_round_person_and_contact",
                nulls_distinct=False,
            ),
        ),
        migrations.AddField(
            model_name="contactattempt",
            name="incident",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="contact_attempts", to="escalation.incident"
            ),
        ),
        migrations.AddField(
            model_name="contactattempt",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="contact_attempts",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="whereabouts",
            name="patient",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="whereabouts", to="core.patient"
            ),
        ),
        migrations.AddConstraint(
            model_name="contactattempt",
            constraint=models.CheckConstraint(
                condition=models.Q(("next_attempt_at__gt", models.F("at"))), name="the_next_attempt_comes_later"
            ),
        ),
        migrations.AddIndex(
            model_name="whereabouts",
            index=models.Index(fields=["source_ref", "-at"], name="whereabouts_by_packet"),
        ),
    ]
