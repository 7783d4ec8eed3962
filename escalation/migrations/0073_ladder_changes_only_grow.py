"""Who changed a ladder stays as it was."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("escalation", "0072_ladder_change")]
    operations = [
        migrations.RunSQL(
            "SELECT candor_make_append_only('escalation_ladderchange')",
            "DROP TRIGGER append_only ON escalation_ladderchange; "
            "DROP TRIGGER append_only_all ON escalation_ladderchange",
        )
    ]
