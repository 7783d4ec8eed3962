"""Who carries messages to staff, and how each of them is reached."""

import core.fields
import django.db.models.deletion
import simple_history.models
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0010_crisis_lines_by_country'),
    ]

    operations = [
        migrations.CreateModel(
            name='HistoricalVendor',
            fields=[
                ('id', models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                ('name', models.CharField(max_length=120)),
                ('scope', models.CharField(help_text='What they carry, e.g. texts and calls to staff', max_length=200)),
                ('baa_until', models.DateField(help_text='Last day of the business associate agreement', verbose_name='agreement until')),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('clinic', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.clinic')),
                ('history_user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'historical vendor',
                'verbose_name_plural': 'historical vendors',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='Vendor',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=120)),
                ('scope', models.CharField(help_text='What they carry, e.g. texts and calls to staff', max_length=200)),
                ('baa_until', models.DateField(help_text='Last day of the business associate agreement', verbose_name='agreement until')),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='vendors', to='core.clinic')),
            ],
        ),
        migrations.CreateModel(
            name='HistoricalContactPoint',
            fields=[
                ('id', models.UUIDField(db_index=True, default=uuid.uuid4, editable=False)),
                ('kind', models.CharField(choices=[('email', 'e-mail'), ('sms', 'text message'), ('voice', 'phone call'), ('apprise', 'chat or push'), ('webhook', 'webhook'), ('in_app', 'inbox only')], max_length=10)),
                ('address', core.fields.EncryptedTextField(blank=True, context='contact_point.address', default='')),
                ('rank', models.PositiveSmallIntegerField(default=1, help_text='1 goes out first')),
                ('is_active', models.BooleanField(default=True)),
                ('test_code', models.CharField(blank=True, editable=False, max_length=8)),
                ('last_test_delivered_at', models.DateTimeField(editable=False, null=True)),
                ('verified_at', models.DateTimeField(editable=False, null=True)),
                ('history_id', models.AutoField(primary_key=True, serialize=False)),
                ('history_date', models.DateTimeField(db_index=True)),
                ('history_change_reason', models.CharField(max_length=100, null=True)),
                ('history_type', models.CharField(choices=[('+', 'Created'), ('~', 'Changed'), ('-', 'Deleted')], max_length=1)),
                ('clinic', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.clinic')),
                ('history_user', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('vendor', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='core.vendor')),
            ],
            options={
                'verbose_name': 'historical contact point',
                'verbose_name_plural': 'historical contact points',
                'ordering': ('-history_date', '-history_id'),
                'get_latest_by': ('history_date', 'history_id'),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name='ContactPoint',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('email', 'e-mail'), ('sms', 'text message'), ('voice', 'phone call'), ('apprise', 'chat or push'), ('webhook', 'webhook'), ('in_app', 'inbox only')], max_length=10)),
                ('address', core.fields.EncryptedTextField(blank=True, context='contact_point.address', default='')),
                ('rank', models.PositiveSmallIntegerField(default=1, help_text='1 goes out first')),
                ('is_active', models.BooleanField(default=True)),
                ('test_code', models.CharField(blank=True, editable=False, max_length=8)),
                ('last_test_delivered_at', models.DateTimeField(editable=False, null=True)),
                ('verified_at', models.DateTimeField(editable=False, null=True)),
                ('clinic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contact_points', to='core.clinic')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='contact_points', to=settings.AUTH_USER_MODEL)),
                ('vendor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contact_points', to='core.vendor')),
            ],
        ),
        migrations.AddConstraint(
            model_name='vendor',
            constraint=models.UniqueConstraint(fields=('clinic', 'name'), name='one_vendor_per_name'),
        ),
        migrations.AddIndex(
            model_name='contactpoint',
            index=models.Index(fields=['clinic', 'user', 'rank'], name='contact_point_by_rank'),
        ),
        migrations.AddConstraint(
            model_name='contactpoint',
            constraint=models.CheckConstraint(condition=models.Q(('is_active', False), ('vendor__isnull', False), models.Q(('kind__in', ['sms', 'voice', 'apprise']), _negated=True), _connector='OR'), name='a_vendor_channel_in_use_names_its_vendor'),
        ),
    ]
