"""Paper that belongs to signatures, and what staff told outside the wire; the papers only grow."""

import core.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models


TABLES = ["consents_paper", "consents_papercomparison"]


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0009_append_only'),
        ('consents', '0011_lifecycle_guards'),
        ('core', '0010_crisis_lines_by_country'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Paper',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('what', models.CharField(choices=[('signed', 'the paper that was signed'), ('authority', 'the paper that shows the right to sign')], max_length=10)),
                ('content', core.fields.EncryptedTextField(context='paper.content', help_text='base64; a picture holds pixels only')),
                ('content_type', models.CharField(choices=[('application/pdf', 'PDF'), ('image/jpeg', 'JPEG')], max_length=20)),
                ('sha256', models.CharField(help_text='Of the bytes', max_length=64)),
                ('entered_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.AddField(
            model_name='disclosure',
            name='recorded_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='disclosure',
            name='told_by',
            field=models.CharField(blank=True, default='', help_text='Of the staff, outside the wire', max_length=120),
        ),
        migrations.AddField(
            model_name='historicaldisclosure',
            name='recorded_by',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='historicaldisclosure',
            name='told_by',
            field=models.CharField(blank=True, default='', help_text='Of the staff, outside the wire', max_length=120),
        ),
        migrations.AlterField(
            model_name='historicalprivacytask',
            name='kind',
            field=models.CharField(choices=[('emergency', 'an emergency disclosure'), ('revocation', 'a revocation'), ('restriction', 'a request for limits'), ('held', 'something held for want of consent'), ('paper', 'a paper to compare'), ('uncovered', 'something told without a permission')], max_length=12),
        ),
        migrations.AlterField(
            model_name='privacytask',
            name='kind',
            field=models.CharField(choices=[('emergency', 'an emergency disclosure'), ('revocation', 'a revocation'), ('restriction', 'a request for limits'), ('held', 'something held for want of consent'), ('paper', 'a paper to compare'), ('uncovered', 'something told without a permission')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='disclosure',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('recorded_by__isnull', True), ('told_by', '')), models.Q(models.Q(('told_by', ''), _negated=True), ('recorded_by__isnull', False)), _connector='OR'), name='what_was_told_by_hand_says_by_whom'),
        ),
        migrations.AddField(
            model_name='paper',
            name='entered_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='paper',
            name='signature',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='papers', to='consents.signature'),
        ),
        migrations.CreateModel(
            name='PaperComparison',
            fields=[
                ('paper', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='comparison', serialize=False, to='consents.paper')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('compared_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('entered_by', models.ForeignKey(help_text='Copied from the paper', on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name='paper',
            constraint=models.UniqueConstraint(fields=('signature', 'what'), name='one_paper_of_a_kind_per_signature'),
        ),
        migrations.AddConstraint(
            model_name='paper',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('what', 'signed'), _negated=True), ('entered_by__isnull', False), _connector='OR'), name='who_entered_a_signed_paper_is_named'),
        ),
        migrations.AddConstraint(
            model_name='papercomparison',
            constraint=models.CheckConstraint(condition=models.Q(('entered_by', models.F('compared_by')), _negated=True), name='another_person_compares_a_paper'),
        ),
        *(
            migrations.RunSQL(
                f"SELECT candor_make_append_only('{table}')",
                f"DROP TRIGGER append_only ON {table}; DROP TRIGGER append_only_all ON {table}",
            )
            for table in TABLES
        ),
    ]
