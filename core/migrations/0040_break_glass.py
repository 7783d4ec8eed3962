"""A patient's page opened from outside the care team, and what compliance found: both only grow."""

import core.fields
import datetime
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0021_contact_history_only_grows'),
    ]

    operations = [
        migrations.CreateModel(
            name='BreakGlass',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('why', models.CharField(choices=[('covering', 'I cover for the care team'), ('urgent', 'The patient needs help now'), ('asked', 'The care team asked me'), ('other', 'Something else')], max_length=8)),
                ('words', core.fields.EncryptedTextField(context='break_glass.words', help_text="The reason in the clinician's words")),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('until', models.DateTimeField()),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='glass', to='core.patient')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='glass', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='BreakGlassReview',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('finding', models.CharField(choices=[('justified', 'Justified'), ('follow_up', 'Needs follow-up')], max_length=9)),
                ('note', core.fields.EncryptedTextField(context='break_glass_review.note')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('glass', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='review', to='core.breakglass')),
                ('reviewed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='glass_reviews', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddIndex(
            model_name='breakglass',
            index=models.Index(fields=['user', 'until'], name='glass_in_force'),
        ),
        migrations.AddConstraint(
            model_name='breakglass',
            constraint=models.CheckConstraint(condition=models.Q(('until__gt', models.F('at')), ('until__lte', django.db.models.expressions.CombinedExpression(models.F('at'), '+', models.Value(datetime.timedelta(seconds=3600))))), name='glass_is_broken_for_an_hour_at_most'),
        ),
        *(
            migrations.RunSQL(
                f"SELECT candor_make_append_only('{table}')",
                f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
            )
            for table in ("core_breakglass", "core_breakglassreview")
        ),
    ]
