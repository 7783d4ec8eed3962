"""Where two must sign the Part 2 permission (42 CFR 2.14), the database too takes no answer under one signature."""

from django.db import migrations

# Two must sign what the step of its own packet says so of, and what a minor signed together with another: that row
# names an authority (`consents.selectors.whole`). Both rows: on the same version, in whatever language, and standing.
GATE = """
CREATE OR REPLACE FUNCTION intake_is_permitted(wanted uuid, of_patient uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    WITH standing AS (
        SELECT g.id, g.source_ref, g.capacity, g.authority, v.document_id, v.version, d.slug
          FROM consents_signature g
          JOIN consents_documentversion v ON v.id = g.version_id
          JOIN consents_document d ON d.id = v.document_id
         WHERE g.patient_id = of_patient AND g.kind = 'part2_tpo' AND g.decision = 'signed'
           AND (g.expires_on IS NULL OR g.expires_on >= current_date)
           AND NOT EXISTS (SELECT FROM consents_revocation r WHERE r.signature_id = g.id AND r.recipients = '[]'::jsonb)
    )
    SELECT EXISTS (
        SELECT FROM standing one
         WHERE one.id = wanted AND (
            NOT (one.capacity = 'self' AND one.authority IS NOT NULL
                 OR EXISTS (SELECT FROM intake_step s
                             WHERE s.packet_id = one.source_ref AND s.slug = one.slug AND s.signer = 'both'))
            OR EXISTS (SELECT FROM standing other
                        WHERE (other.source_ref, other.document_id, other.version)
                              = (one.source_ref, one.document_id, one.version)
                          AND (other.capacity = 'self') <> (one.capacity = 'self')))
    )
$$;
CREATE OR REPLACE FUNCTION intake_part2_gate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted text; patient uuid;
BEGIN
    SELECT s.sensitivity, p.patient_id INTO wanted, patient
      FROM intake_step s JOIN intake_packet p ON p.id = s.packet_id
     WHERE s.id = NEW.step_id AND s.packet_id = NEW.packet_id;
    IF wanted IS NULL OR NEW.sensitivity <> wanted THEN
        RAISE EXCEPTION 'a response is as sensitive as its step' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.sensitivity = 'sud' AND NOT intake_is_permitted(NEW.part2_signature_id, patient) THEN
        RAISE EXCEPTION 'substance-use answers need a valid Part 2 signature' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("intake", "0015_visit_by_video"), ("consents", "0013_visit_of_a_rule")]
    # Looser going back would open what needs two: the functions stay as they are.
    operations = [migrations.RunSQL(GATE, migrations.RunSQL.noop)]
