import core.fields
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("consents", "0013_visit_of_a_rule"),
    ]

    operations = [
        migrations.AddField(
            model_name="disclosure",
            name="description",
            field=core.fields.EncryptedTextField(
                blank=True,
                context="disclosure.description",
                default="",
                help_text="What was told, as a person typed it",
            ),
        ),
        migrations.AddField(
            model_name="historicaldisclosure",
            name="description",
            field=core.fields.EncryptedTextField(
                blank=True,
                context="disclosure.description",
                default="",
                help_text="What was told, as a person typed it",
            ),
        ),
    ]
