"""What the patient's phone and the form library need: rules, rights, concepts, photos, marks, who answered."""

import core.fields
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.datetime
import simple_history.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0010_crisis_lines_by_country'),
        ('intake', '0009_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Concept',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('medication', 'Medication'), ('allergy', 'Allergy')], max_length=12)),
                ('system', models.URLField()),
                ('code', models.CharField(max_length=40)),
                ('display', models.CharField(max_length=200)),
                ('language', models.CharField(default='en', max_length=5)),
                ('rank', models.PositiveSmallIntegerField(default=100)),
            ],
        ),
        migrations.CreateModel(
            name='FormRule',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('form', models.SlugField(max_length=40)),
                ('position', models.PositiveSmallIntegerField()),
                ('min_age', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('max_age', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('visit_types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('new', 'first visit'), ('follow_up', 'follow-up'), ('telehealth', 'telehealth visit')], max_length=12), blank=True, default=list, size=None)),
                ('every_days', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('is_active', models.BooleanField(default=True)),
            ],
            options={
                'ordering': ['position'],
            },
        ),
        migrations.CreateModel(
            name='HistoricalFormRule',
            fields=[
                ('id', models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                ('form', models.SlugField(max_length=40)),
                ('position', models.PositiveSmallIntegerField()),
                ('min_age', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('max_age', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('visit_types', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('new', 'first visit'), ('follow_up', 'follow-up'), ('telehealth', 'telehealth visit')], max_length=12), blank=True, default=list, size=None)),
                ('every_days', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('is_active', models.BooleanField(default=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
            ],
            options={
                'verbose_name': 'historical form rule',
                'verbose_name_plural': 'historical form rules',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='InstrumentRight',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('instrument', models.SlugField(max_length=40)),
                ('statement', models.TextField(help_text='The words that were confirmed')),
                ('confirmed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='Photo',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('content', core.fields.EncryptedTextField(context='photo.content', help_text='base64 of a JPEG')),
                ('sha256', models.CharField(help_text="Of the JPEG's bytes", max_length=64)),
                ('width', models.PositiveSmallIntegerField()),
                ('height', models.PositiveSmallIntegerField()),
                ('taken_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='formversion',
            name='one_form_per_version',
        ),
        migrations.AddField(
            model_name='formversion',
            name='clinic',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='own_forms', to='core.clinic'),
        ),
        migrations.AddField(
            model_name='formversion',
            name='reviewer',
            field=models.CharField(blank=True, max_length=120),
        ),
        migrations.AddField(
            model_name='formversion',
            name='source',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name='historicalpacket',
            name='answered_by',
            field=models.CharField(choices=[('patient', 'Patient'), ('guardian', 'a parent or guardian'), ('staff', 'staff, with the patient')], default='patient', max_length=8),
        ),
        migrations.AddField(
            model_name='historicalpacket',
            name='assisted_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalpacket',
            name='is_shared_device',
            field=models.BooleanField(help_text='What the patient said of the phone; unknown until asked', null=True),
        ),
        migrations.AddField(
            model_name='historicalpacket',
            name='on_tablet',
            field=models.BooleanField(default=False, help_text="Started by the front desk on the clinic's own tablet"),
        ),
        migrations.AddField(
            model_name='historicalpacket',
            name='place',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='historicalpacket',
            name='presentation',
            field=models.CharField(choices=[('page', 'a section per screen'), ('guided', 'one question at a time')], default='page', max_length=8),
        ),
        migrations.AddField(
            model_name='historicalpacket',
            name='respondent',
            field=core.fields.EncryptedJSONField(context='packet.respondent', default=dict),
        ),
        migrations.AddField(
            model_name='historicalpacket',
            name='visit_type',
            field=models.CharField(choices=[('new', 'first visit'), ('follow_up', 'follow-up'), ('telehealth', 'telehealth visit')], default='new', max_length=12),
        ),
        migrations.AddField(
            model_name='historicalresponse',
            name='marks',
            field=core.fields.EncryptedJSONField(context='response.marks', default=dict),
        ),
        migrations.AddField(
            model_name='packet',
            name='answered_by',
            field=models.CharField(choices=[('patient', 'Patient'), ('guardian', 'a parent or guardian'), ('staff', 'staff, with the patient')], default='patient', max_length=8),
        ),
        migrations.AddField(
            model_name='packet',
            name='assisted_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='packet',
            name='is_shared_device',
            field=models.BooleanField(help_text='What the patient said of the phone; unknown until asked', null=True),
        ),
        migrations.AddField(
            model_name='packet',
            name='on_tablet',
            field=models.BooleanField(default=False, help_text="Started by the front desk on the clinic's own tablet"),
        ),
        migrations.AddField(
            model_name='packet',
            name='place',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='packet',
            name='presentation',
            field=models.CharField(choices=[('page', 'a section per screen'), ('guided', 'one question at a time')], default='page', max_length=8),
        ),
        migrations.AddField(
            model_name='packet',
            name='respondent',
            field=core.fields.EncryptedJSONField(context='packet.respondent', default=dict),
        ),
        migrations.AddField(
            model_name='packet',
            name='visit_type',
            field=models.CharField(choices=[('new', 'first visit'), ('follow_up', 'follow-up'), ('telehealth', 'telehealth visit')], default='new', max_length=12),
        ),
        migrations.AddField(
            model_name='response',
            name='marks',
            field=core.fields.EncryptedJSONField(context='response.marks', default=dict),
        ),
        migrations.AddConstraint(
            model_name='formversion',
            constraint=models.UniqueConstraint(fields=('clinic', 'slug', 'version'), name='one_form_per_version', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='formversion',
            constraint=models.CheckConstraint(condition=models.Q(('clinic__isnull', True), models.Q(models.Q(('source', ''), _negated=True), models.Q(('reviewer', ''), _negated=True)), _connector='OR'), name='a_clinics_own_form_names_source_and_reviewer'),
        ),
        migrations.AddConstraint(
            model_name='packet',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_by', 'staff'), _negated=True), ('assisted_by__isnull', False), _connector='OR'), name='who_helped_is_named'),
        ),
        migrations.AddIndex(
            model_name='concept',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('display', config='simple'), name='concept_by_word'),
        ),
        migrations.AddConstraint(
            model_name='concept',
            constraint=models.UniqueConstraint(fields=('kind', 'system', 'code', 'language'), name='one_concept_per_code'),
        ),
        migrations.AddField(
            model_name='formrule',
            name='clinic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='form_rules', to='core.clinic'),
        ),
        migrations.AddField(
            model_name='formrule',
            name='program',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='form_rules', to='core.program'),
        ),
        migrations.AddField(
            model_name='historicalformrule',
            name='clinic',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.clinic'),
        ),
        migrations.AddField(
            model_name='historicalformrule',
            name='history_user',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicalformrule',
            name='program',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.program'),
        ),
        migrations.AddField(
            model_name='instrumentright',
            name='clinic',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='instrument_rights', to='core.clinic'),
        ),
        migrations.AddField(
            model_name='instrumentright',
            name='confirmed_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='photo',
            name='packet',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='photos', to='intake.packet'),
        ),
        migrations.AddField(
            model_name='photo',
            name='step',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='photos', to='intake.step'),
        ),
        migrations.AddConstraint(
            model_name='formrule',
            constraint=models.UniqueConstraint(fields=('clinic', 'program', 'form'), name='one_rule_per_form', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='formrule',
            constraint=models.CheckConstraint(condition=models.Q(('min_age__isnull', True), ('max_age__isnull', True), ('min_age__lte', models.F('max_age')), _connector='OR'), name='ages_of_a_rule_are_in_order'),
        ),
        migrations.AddConstraint(
            model_name='instrumentright',
            constraint=models.UniqueConstraint(fields=('clinic', 'instrument'), name='one_right_per_instrument'),
        ),
    ]
