"""What another screen overruled stays as it was, and of substance use it is kept under a Part 2 permission alone."""

from django.db import migrations

# The auditor writes `audited_at`, once; all else was said by a patient and never changes.
GUARD = """
CREATE TRIGGER overruled_stays BEFORE DELETE OR UPDATE OF id, response_id, answers, told, at ON intake_overruled
    FOR EACH ROW EXECUTE FUNCTION candor_refuse_change();
CREATE TRIGGER overruled_is_audited_once BEFORE UPDATE ON intake_overruled
    FOR EACH ROW WHEN (OLD.audited_at IS NOT NULL) EXECUTE FUNCTION candor_refuse_change();
CREATE TRIGGER overruled_stays_all BEFORE TRUNCATE ON intake_overruled
    FOR EACH STATEMENT EXECUTE FUNCTION candor_refuse_change();

CREATE FUNCTION intake_overruled_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM intake_response r JOIN intake_packet p ON p.id = r.packet_id
         WHERE r.id = NEW.response_id AND r.sensitivity = 'sud'
           AND consents_standing_part2(p.patient_id, p.id) IS NULL) THEN
        RAISE EXCEPTION 'substance-use answers need a valid Part 2 signature' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER part2_gate BEFORE INSERT ON intake_overruled FOR EACH ROW EXECUTE FUNCTION intake_overruled_gate();
"""
OPEN = """
DROP TRIGGER part2_gate ON intake_overruled; DROP FUNCTION intake_overruled_gate();
DROP TRIGGER overruled_stays_all ON intake_overruled;
DROP TRIGGER overruled_is_audited_once ON intake_overruled; DROP TRIGGER overruled_stays ON intake_overruled;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("intake", "0018_what_another_screen_overruled"),
        ("consents", "0061_standing_part2"),
        ("audit", "0009_append_only"),
    ]
    operations = [migrations.RunSQL(GUARD, OPEN)]
