"""Evidence tables of this app only grow; published texts freeze."""

from django.db import migrations

TABLES = ['consents_signature', 'consents_revocation', 'consents_historicaldocumentversion', 'consents_historicaldisclosure']

FREEZE = """
CREATE FUNCTION consents_freeze_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'draft' THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'a published text is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('effective', 'retired') AND
       (OLD.document_id, OLD.version, OLD.language, OLD.title, OLD.body, OLD.html, OLD.sha256, OLD.effective_at)
       IS DISTINCT FROM
       (NEW.document_id, NEW.version, NEW.language, NEW.title, NEW.body, NEW.html, NEW.sha256, NEW.effective_at) THEN
        RAISE EXCEPTION 'a published text never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.state = 'effective' AND NEW.state NOT IN ('effective', 'retired'))
       OR (OLD.state = 'retired' AND NEW.state <> 'retired') THEN
        RAISE EXCEPTION 'a published text is only ever retired' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published_text_is_frozen BEFORE UPDATE OR DELETE ON consents_documentversion
    FOR EACH ROW EXECUTE FUNCTION consents_freeze_version();

CREATE FUNCTION consents_sealed_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a sealed document never changes' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER sealed_stays_sealed BEFORE UPDATE OR DELETE ON consents_sealeddocument
    FOR EACH ROW WHEN (OLD.sealed_at IS NOT NULL) EXECUTE FUNCTION consents_sealed_stays();
CREATE TRIGGER sealed_stays_sealed_all BEFORE TRUNCATE ON consents_sealeddocument
    FOR EACH STATEMENT EXECUTE FUNCTION candor_refuse_change();
"""
THAW = """
DROP TRIGGER published_text_is_frozen ON consents_documentversion; DROP FUNCTION consents_freeze_version();
DROP TRIGGER sealed_stays_sealed ON consents_sealeddocument; DROP TRIGGER sealed_stays_sealed_all ON consents_sealeddocument;
DROP FUNCTION consents_sealed_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("consents", "0002_initial"), ("audit", "0009_append_only")]
    operations = [
        *(
            migrations.RunSQL(
                f"SELECT candor_make_append_only('{table}')",
                f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
            )
            for table in TABLES
        ),
        migrations.RunSQL(FREEZE, THAW),
    ]
