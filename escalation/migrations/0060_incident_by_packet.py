from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Concurrently: nothing pages while a table of incidents is locked.
    atomic = False

    dependencies = [
        ("escalation", "0031_rosters_are_guarded"),
    ]

    operations = [
        AddIndexConcurrently("incident", models.Index(fields=["source_ref"], name="incident_by_packet")),
    ]
