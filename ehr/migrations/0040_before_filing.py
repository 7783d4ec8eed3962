"""What a clinician corrected of a proposed entry, which only grows; and the chart's lists as they were read."""

import core.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0040_break_glass'),
        ('ehr', '0009_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='connection',
            name='mrn_system',
            field=models.CharField(blank=True, help_text='URI under which the chart keeps our MRNs; without it nobody is looked up', max_length=200),
        ),
        migrations.AddField(
            model_name='historicalconnection',
            name='mrn_system',
            field=models.CharField(blank=True, help_text='URI under which the chart keeps our MRNs; without it nobody is looked up', max_length=200),
        ),
        migrations.CreateModel(
            name='ItemEdit',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('before', core.fields.EncryptedTextField(context='item_edit.before', help_text='The whole resource before this edit')),
                ('reason', core.fields.EncryptedTextField(context='item_edit.reason')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('edited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='item_edits', to=settings.AUTH_USER_MODEL)),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='edits', to='ehr.exportitem')),
            ],
        ),
        migrations.CreateModel(
            name='ChartSnapshot',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('content', core.fields.EncryptedTextField(blank=True, context='chart_snapshot.content', default='', help_text='A list of FHIR resources (mapping.wire)')),
                ('read_at', models.DateTimeField(null=True)),
                ('fault', models.CharField(blank=True, help_text="Reason code of the last try, never the chart's words", max_length=80)),
                ('due_at', models.DateTimeField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='snapshots', to='ehr.connection')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='snapshots', to='core.patient')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('due_at__isnull', False)), fields=['due_at'], name='snapshot_due')],
                'constraints': [models.UniqueConstraint(fields=('connection', 'patient'), name='one_snapshot_per_patient')],
            },
        ),
        migrations.RunSQL(
            "SELECT candor_make_append_only('ehr_itemedit')",
            "DROP TRIGGER append_only ON ehr_itemedit; DROP TRIGGER append_only_all ON ehr_itemedit",
        ),
    ]
