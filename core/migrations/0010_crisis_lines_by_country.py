"""Which crisis lines a clinic shows: its country, and lines of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0009_append_only'),
    ]

    operations = [
        migrations.AddField(
            model_name='clinic',
            name='country',
            field=models.CharField(default='US', help_text='ISO 3166-1: decides which crisis lines are shown', max_length=2),
        ),
        migrations.AddField(
            model_name='clinic',
            name='crisis_chat',
            field=models.URLField(blank=True, help_text="A crisis chat of the region's own, instead of the country's"),
        ),
        migrations.AddField(
            model_name='clinic',
            name='crisis_text',
            field=models.CharField(blank=True, help_text="A crisis line of the region's own that takes texts, instead of the country's", max_length=160),
        ),
    ]
