"""Sign-offs and histories only grow; approved rules never change and no rule version is ever deleted."""

from django.db import migrations

TABLES = ["screening_prioritysignoff", "screening_historicalreviewitem", "screening_historicalruleversion"]

FREEZE = """
CREATE FUNCTION screening_rules_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.approved_by_id IS NOT NULL OR
       (OLD.clinic_id, OLD.version, OLD.rules, OLD.drafted_by_id, OLD.drafted_at)
       IS DISTINCT FROM (NEW.clinic_id, NEW.version, NEW.rules, NEW.drafted_by_id, NEW.drafted_at) THEN
        RAISE EXCEPTION 'rules never change: draft a new version' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER rules_stay BEFORE UPDATE OR DELETE ON screening_ruleversion
    FOR EACH ROW EXECUTE FUNCTION screening_rules_stay();
CREATE TRIGGER rules_stay_all BEFORE TRUNCATE ON screening_ruleversion
    FOR EACH STATEMENT EXECUTE FUNCTION candor_refuse_change();
"""
THAW = """
DROP TRIGGER rules_stay ON screening_ruleversion; DROP TRIGGER rules_stay_all ON screening_ruleversion;
DROP FUNCTION screening_rules_stay();
"""


class Migration(migrations.Migration):
    dependencies = [("screening", "0020_review_items"), ("audit", "0009_append_only")]
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
