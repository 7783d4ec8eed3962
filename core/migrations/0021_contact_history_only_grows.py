"""Evidence of what vendors and contact points were only grows."""

from django.db import migrations

TABLES = ["core_historicalvendor", "core_historicalcontactpoint"]


class Migration(migrations.Migration):
    dependencies = [("core", "0020_contact_points"), ("audit", "0009_append_only")]
    operations = [
        migrations.RunSQL(
            f"SELECT candor_make_append_only('{table}')",
            f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
        )
        for table in TABLES
    ]
