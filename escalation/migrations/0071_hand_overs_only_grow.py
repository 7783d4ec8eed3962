"""Who handed over stays as it was."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("escalation", "0070_hand_over")]
    operations = [
        migrations.RunSQL(
            "SELECT candor_make_append_only('escalation_handover')",
            "DROP TRIGGER append_only ON escalation_handover; DROP TRIGGER append_only_all ON escalation_handover",
        )
    ]
