"""A permission that was taken back for some recipients still stands for the rest: its sections stay open."""

from django.db import migrations

GATE = """
CREATE OR REPLACE FUNCTION intake_part2_gate() RETURNS trigger LANGUAGE plpgsql AS $$
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
           AND NOT EXISTS (SELECT 1 FROM consents_revocation r
                            WHERE r.signature_id = g.id AND r.recipients = '[]'::jsonb)) THEN
        RAISE EXCEPTION 'substance-use answers need a valid Part 2 signature' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("intake", "0013_consent_kinds"), ("consents", "0011_lifecycle_guards")]
    # Stricter going back would lock what was lawfully opened: the function stays as it is.
    operations = [migrations.RunSQL(GATE, migrations.RunSQL.noop)]
