"""What a clinic confirmed, and the history of its rules, only grow."""

from django.db import migrations

TABLES = ["intake_instrumentright", "intake_historicalformrule"]


class Migration(migrations.Migration):
    dependencies = [("intake", "0010_phone"), ("audit", "0009_append_only")]
    operations = [
        migrations.RunSQL(
            f"SELECT candor_make_append_only('{table}')",
            f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
        )
        for table in TABLES
    ]
