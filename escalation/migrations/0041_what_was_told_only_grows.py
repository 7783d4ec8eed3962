"""What was signed and what the patient told only grows."""

from django.db import migrations

TABLES = ["escalation_contactattempt", "escalation_whereabouts"]


class Migration(migrations.Migration):
    dependencies = [("escalation", "0040_answering")]
    operations = [
        migrations.RunSQL(
            f"SELECT candor_make_append_only('{table}')",
            f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
        )
        for table in TABLES
    ]
