"""Evidence tables of this app only grow."""

from django.db import migrations

TABLES = ['escalation_acknowledgement', 'escalation_outcome', 'escalation_historicalladder', 'escalation_historicalshift', 'escalation_historicalincident']


class Migration(migrations.Migration):
    dependencies = [("escalation", "0001_initial"), ("audit", "0009_append_only")]
    operations = [
        *(
            migrations.RunSQL(
                f"SELECT candor_make_append_only('{table}')",
                f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
            )
            for table in TABLES
        ),

    ]
