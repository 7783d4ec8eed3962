"""The database refuses to change evidence, whoever asks. `candor_make_append_only(table)` is used by every app.

Own triggers, not django-pgtrigger's: its ignore() is a session variable that any role may set.
"""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION candor_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: this table only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION candor_make_append_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION candor_refuse_change()', target);
    EXECUTE format('CREATE TRIGGER append_only_all BEFORE TRUNCATE ON %s '
                   'FOR EACH STATEMENT EXECUTE FUNCTION candor_refuse_change()', target);
END $$;

CREATE FUNCTION audit_event_queued() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO audit_unsealed (event_id, at) VALUES (NEW.id, NEW.at);
    RETURN NULL;
END $$;

CREATE TRIGGER queue_for_the_seal AFTER INSERT ON audit_event
    FOR EACH ROW EXECUTE FUNCTION audit_event_queued();

SELECT candor_make_append_only('audit_event');
SELECT candor_make_append_only('audit_leaf');
"""

BACK = """
DROP TRIGGER queue_for_the_seal ON audit_event;
DROP TRIGGER append_only ON audit_event; DROP TRIGGER append_only_all ON audit_event;
DROP TRIGGER append_only ON audit_leaf; DROP TRIGGER append_only_all ON audit_leaf;
DROP FUNCTION audit_event_queued(); DROP FUNCTION candor_make_append_only(regclass); DROP FUNCTION candor_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTIONS, BACK)]
