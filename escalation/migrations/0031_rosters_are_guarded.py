"""Their histories only grow, and no two overrides stand at one level of a clinic at one time.

The exclusion needs equality and overlap in one GiST index. btree_gist would give it for uuid and text, but the
embedded PostgreSQL does not carry that extension; so clinic and level become a range of one number, their 64-bit hash.
Two that collide by chance (one in 2^64) would refuse an override, never allow a double one.
"""

from django.db import migrations

TABLES = ["escalation_historicalrotation", "escalation_historicalrotationmember", "escalation_historicaloverride"]


class Migration(migrations.Migration):
    dependencies = [("escalation", "0030_rotations")]
    operations = [
        *(
            migrations.RunSQL(
                f"SELECT candor_make_append_only('{table}')",
                f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
            )
            for table in TABLES
        ),
        migrations.RunSQL(
            """
            ALTER TABLE escalation_override ADD CONSTRAINT one_override_per_level_at_a_time EXCLUDE USING gist (
              numrange(hashtextextended(clinic_id::text || level, 0), hashtextextended(clinic_id::text || level, 0), '[]')
                WITH &&,
              tstzrange(starts_at, ends_at) WITH &&
            )
            """,
            "ALTER TABLE escalation_override DROP CONSTRAINT one_override_per_level_at_a_time",
        ),
    ]
