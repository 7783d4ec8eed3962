"""Who planned what to be measured again, and when it was stopped, only grows."""

from django.db import migrations

TABLE = "screening_historicalmeasurementplan"


class Migration(migrations.Migration):
    dependencies = [("screening", "0030_measurement_plan"), ("audit", "0009_append_only")]
    operations = [
        migrations.RunSQL(
            f"SELECT candor_make_append_only('{TABLE}')",
            f"DROP TRIGGER append_only ON {TABLE}; DROP TRIGGER append_only_all ON {TABLE}",
        )
    ]
