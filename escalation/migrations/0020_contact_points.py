"""A page goes by a contact point, and how far it came is told in three times and the provider's own words."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0020_contact_points'),
        ('escalation', '0009_append_only'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='page',
            name='one_page_per_round_person_and_channel',
        ),
        migrations.RenameField(
            model_name='page',
            old_name='delivered_at',
            new_name='accepted_at',
        ),
        migrations.AddField(
            model_name='page',
            name='contact',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='pages', to='core.contactpoint'),
        ),
        migrations.AddField(
            model_name='page',
            name='device_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='page',
            name='opened_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='page',
            name='provider_id',
            field=models.CharField(blank=True, help_text="The provider's id of the latest attempt", max_length=80),
        ),
        migrations.AddField(
            model_name='page',
            name='provider_seq',
            field=models.PositiveSmallIntegerField(default=0, help_text='The furthest it told of; only grows'),
        ),
        migrations.AddConstraint(
            model_name='page',
            constraint=models.UniqueConstraint(fields=('incident', 'round', 'user', 'contact'), name='one_page_per_round_person_and_contact', nulls_distinct=False),
        ),
    ]
