"""Evidence tables of this app only grow."""

from django.db import migrations

TABLES = ['ehr_attempt', 'ehr_historicalconnection', 'ehr_historicalexportitem']


class Migration(migrations.Migration):
    dependencies = [("ehr", "0001_initial"), ("audit", "0009_append_only")]
    operations = [
        *(
            migrations.RunSQL(
                f"SELECT candor_make_append_only('{table}')",
                f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
            )
            for table in TABLES
        ),

    ]
