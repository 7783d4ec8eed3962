"""The history of alarms only grows, and an alarm that was raised stays raised: it can be told and end, nothing else."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("escalation", "0050_watching_over_paging"), ("audit", "0009_append_only")]
    operations = [
        migrations.RunSQL(
            "SELECT candor_make_append_only('escalation_historicalalarm')",
            "DROP TRIGGER append_only ON escalation_historicalalarm;"
            "DROP TRIGGER append_only_all ON escalation_historicalalarm",
        ),
        migrations.RunSQL(
            """
            CREATE FUNCTION candor_an_alarm_stays() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
              IF TG_OP = 'UPDATE' AND (OLD.ended_at IS NULL OR OLD.ended_at IS NOT DISTINCT FROM NEW.ended_at)
                AND (NEW.id, NEW.code, NEW.about, NEW.clinic_id, NEW.raised_at)
                  IS NOT DISTINCT FROM (OLD.id, OLD.code, OLD.about, OLD.clinic_id, OLD.raised_at) THEN
                RETURN NEW;
              END IF;
              RAISE EXCEPTION 'an alarm that was raised stays; it can only be told and end';
            END $$;
            CREATE TRIGGER an_alarm_stays BEFORE UPDATE OR DELETE ON escalation_alarm
              FOR EACH ROW EXECUTE FUNCTION candor_an_alarm_stays();
            """,
            "DROP TRIGGER an_alarm_stays ON escalation_alarm; DROP FUNCTION candor_an_alarm_stays()",
        ),
    ]
