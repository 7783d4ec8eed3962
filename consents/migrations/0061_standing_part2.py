"""The Part 2 permission that stands, as one function of the database: it is asked on every page and by every save."""

from django.db import migrations

# `joint`: what a minor signed together with another (42 CFR 2.14) names an authority, and counts only with a parent's
# or guardian's signature on the same version in the same packet; theirs counts only while it stands.
# `no`: a later decision that is no yes ends every earlier yes.
STANDING = """
CREATE FUNCTION consents_standing_part2(of_patient uuid, of_packet uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    WITH said AS (
        SELECT g.id, g.source_ref, g.decision, g.capacity = 'self' AS own, g.signed_at, v.document_id, v.version,
               g.capacity = 'self' AND g.authority IS NOT NULL AS joint,
               g.expires_on IS NULL OR g.expires_on >= CURRENT_DATE AS current,
               EXISTS (SELECT FROM consents_revocation r
                        WHERE r.signature_id = g.id AND r.recipients = '[]'::jsonb) AS ended
          FROM consents_signature g JOIN consents_documentversion v ON v.id = g.version_id
         WHERE g.patient_id = of_patient AND g.kind = 'part2_tpo'
    ), signed AS (
        SELECT * FROM said WHERE decision = 'signed'
    )
    SELECT one.id
      FROM signed one
     WHERE one.current AND NOT one.ended
       AND NOT EXISTS (SELECT FROM said no WHERE no.decision <> 'signed' AND no.signed_at >= one.signed_at)
       AND NOT (one.joint AND NOT EXISTS (
             SELECT FROM signed two
              WHERE (two.source_ref, two.document_id, two.version) = (one.source_ref, one.document_id, one.version)
                AND NOT two.own AND NOT two.ended))
       AND NOT (NOT one.own AND EXISTS (
             SELECT FROM signed two
              WHERE (two.source_ref, two.document_id, two.version) = (one.source_ref, one.document_id, one.version)
                AND two.joint AND two.ended))
     ORDER BY one.source_ref = of_packet DESC, one.signed_at DESC
     LIMIT 1
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("consents", "0060_round_of_a_decision")]
    operations = [migrations.RunSQL(STANDING, "DROP FUNCTION consents_standing_part2(uuid, uuid)")]
