"""A term is found by all its words, without accents; the index moves from what is shown to what is looked for."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0011_rules_only_grow'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='concept',
            name='concept_by_word',
        ),
        migrations.AddField(
            model_name='concept',
            name='is_verified',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='concept',
            name='words',
            field=models.CharField(default='', max_length=600),
        ),
        migrations.AddIndex(
            model_name='concept',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector('words', config='simple'), name='concept_by_word'),
        ),
    ]
