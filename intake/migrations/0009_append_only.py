"""Evidence tables of this app only grow; the Part 2 gate."""

from django.db import migrations

TABLES = ['intake_formversion', 'intake_submission', 'intake_historicalpacket', 'intake_historicalstep', 'intake_historicalresponse']

GATE = """
CREATE FUNCTION intake_part2_gate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted text; patient uuid;
BEGIN
    SELECT s.sensitivity, p.patient_id INTO wanted, patient
      FROM intake_step s JOIN intake_packet p ON p.id = s.packet_id
     WHERE s.id = NEW.step_id AND s.packet_id = NEW.packet_id;
    IF wanted IS NULL OR NEW.sensitivity <> wanted THEN
        RAISE EXCEPTION 'a response is as sensitive as its step' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.sensitivity = 'sud' AND NOT EXISTS (
        SELECT 1 FROM consents_signature g
         WHERE g.id = NEW.part2_signature_id AND g.patient_id = patient
           AND g.kind = 'part2_tpo' AND g.decision = 'signed'
           AND (g.expires_on IS NULL OR g.expires_on >= current_date)
           AND NOT EXISTS (SELECT 1 FROM consents_revocation r WHERE r.signature_id = g.id)) THEN
        RAISE EXCEPTION 'substance-use answers need a valid Part 2 signature' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER part2_gate BEFORE INSERT OR UPDATE OF answers, sensitivity, part2_signature_id, step_id, packet_id
    ON intake_response FOR EACH ROW EXECUTE FUNCTION intake_part2_gate();
"""
OPEN = "DROP TRIGGER part2_gate ON intake_response; DROP FUNCTION intake_part2_gate();"


class Migration(migrations.Migration):
    dependencies = [("intake", "0001_initial"), ("audit", "0009_append_only"), ("consents", "0009_append_only")]
    operations = [
        *(
            migrations.RunSQL(
                f"SELECT candor_make_append_only('{table}')",
                f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
            )
            for table in TABLES
        ),
        migrations.RunSQL(GATE, OPEN),
    ]
