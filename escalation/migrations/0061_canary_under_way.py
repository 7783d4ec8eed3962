from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Concurrently: nothing pages while a table of incidents is locked.
    atomic = False

    dependencies = [
        ("escalation", "0060_incident_by_packet"),
    ]

    operations = [
        AddIndexConcurrently(
            "incident",
            models.Index(
                fields=["opened_at"],
                name="canary_under_way",
                condition=models.Q(is_canary=True) & ~models.Q(state="resolved"),
            ),
        ),
    ]
