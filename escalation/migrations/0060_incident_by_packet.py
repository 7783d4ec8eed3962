from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Concurrently: nothing pages while a table of incidents is locked.
    atomic = False

    dependencies = [
        ("escalation", "0051_alarms_only_grow"),
    ]

    operations = [
        AddIndexConcurrently("incident", models.Index(fields=["source_ref"], name="incident_by_packet")),
    ]
