"""Evidence tables of this app only grow."""

from django.db import migrations

TABLES = ['core_historicalmembership', 'core_historicalprogram', 'core_historicalpatient']


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial"), ("audit", "0009_append_only")]
    operations = [
        *(
            migrations.RunSQL(
                f"SELECT candor_make_append_only('{table}')",
                f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
            )
            for table in TABLES
        ),

    ]
