"""What only grows, only grows; an approved text is frozen; no two texts of one document are effective at one instant."""

from django.db import migrations

TABLES = [
    "consents_review",
    "consents_emergencydisclosure",
    "consents_historicalconsentrule",
    "consents_historicalrestrictionrequest",
    "consents_historicalprivacytask",
]

FREEZE = """
CREATE OR REPLACE FUNCTION consents_freeze_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'draft' THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'a published text is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> 'draft' AND NEW.state <> 'draft' AND
       (OLD.document_id, OLD.version, OLD.language, OLD.title, OLD.body, OLD.html, OLD.sha256, OLD.author_id,
        OLD.approver_id, OLD.change_note, OLD.reading_grade)
       IS DISTINCT FROM
       (NEW.document_id, NEW.version, NEW.language, NEW.title, NEW.body, NEW.html, NEW.sha256, NEW.author_id,
        NEW.approver_id, NEW.change_note, NEW.reading_grade) THEN
        RAISE EXCEPTION 'an approved text never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('effective', 'retired') AND OLD.effective_at IS DISTINCT FROM NEW.effective_at THEN
        RAISE EXCEPTION 'a published text never changes' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.state = 'effective' AND NEW.state NOT IN ('effective', 'retired'))
       OR (OLD.state = 'retired' AND NEW.state <> 'retired')
       OR (OLD.state = 'draft' AND NEW.state = 'retired') THEN
        RAISE EXCEPTION 'a published text is only ever retired' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""

# The unique index on the effective state says "now"; this says "at any time", also of what is retired.
RANGES = """
CREATE FUNCTION consents_one_text_at_a_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM consents_documentversion other
        WHERE other.document_id = NEW.document_id AND other.language = NEW.language AND other.id <> NEW.id
          AND other.state IN ('effective', 'retired')
          AND tstzrange(other.effective_at, other.retired_at) && tstzrange(NEW.effective_at, NEW.retired_at)
    ) THEN
        RAISE EXCEPTION 'another text of this document is effective then' USING ERRCODE = 'exclusion_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER one_text_at_a_time AFTER INSERT OR UPDATE ON consents_documentversion
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW
    WHEN (NEW.state IN ('effective', 'retired')) EXECUTE FUNCTION consents_one_text_at_a_time();

CREATE FUNCTION consents_timestamp_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a timestamp never changes' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER timestamp_stays BEFORE UPDATE OR DELETE ON consents_timestamp
    FOR EACH ROW WHEN (OLD.stamped_at IS NOT NULL) EXECUTE FUNCTION consents_timestamp_stays();
CREATE TRIGGER timestamp_stays_all BEFORE TRUNCATE ON consents_timestamp
    FOR EACH STATEMENT EXECUTE FUNCTION candor_refuse_change();
"""
NO_RANGES = """
DROP TRIGGER one_text_at_a_time ON consents_documentversion; DROP FUNCTION consents_one_text_at_a_time();
DROP TRIGGER timestamp_stays ON consents_timestamp; DROP TRIGGER timestamp_stays_all ON consents_timestamp;
DROP FUNCTION consents_timestamp_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("consents", "0010_lifecycle"), ("audit", "0009_append_only")]
    operations = [
        *(
            migrations.RunSQL(
                f"SELECT candor_make_append_only('{table}')",
                f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
            )
            for table in TABLES
        ),
        # Looser going back would thaw what was frozen: the function stays as it is.
        migrations.RunSQL(FREEZE, migrations.RunSQL.noop),
        migrations.RunSQL(RANGES, NO_RANGES),
    ]
